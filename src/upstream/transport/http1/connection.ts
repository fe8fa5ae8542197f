/*
 * One connection to an upstream, and the requests it carries, one at a time.
 *
 *   idle ──send──▶ busy ──reply whole, request sent──▶ idle      (or closed, when either side does not keep it)
 *                   └── cut, broken, called off ─────▶ closed
 *
 * An exchange on it is over when the reply is whole. If the request's body is not out by then (the upstream answered early), or anything comes
 * that nobody asked for, the connection is not used again.
 */

import type { Abortable } from '../../../base/abort.ts';
import { GatewayError } from '../../../base/errors.ts';
import type { TransportReply } from '../transport.ts';
import { fromFetchError, TransportError } from '../transport-error.ts';
import type { ReplyHead } from './reply-head.ts';
import { ReplyParser, type ReplySink } from './reply-parser.ts';
import { type ReplySource, WireReply } from './wire-reply.ts';

/** A request that is ready to be written. */
export interface ConnectionRequest {
  readonly method: string;
  /** The head, as Latin-1. */
  readonly head: string;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** Of a streamed body, where it is known. */
  readonly length: number | undefined;
}

export interface ConnectionOptions {
  /** What was dialled: a name, or an address. */
  readonly hostname: string;
  /** Called when a reply is over and the connection may carry another request. */
  readonly onIdle: (connection: Connection) => void;
  readonly onClosed: (connection: Connection) => void;
}

/** A body up to this size goes out with the head in one write. */
const TOGETHER_BYTES_MAX = 65_536;

type Socket = Bun.Socket<Connection>;

interface UploadReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** What Bun calls for every socket: the connection is its `data`. */
export const SOCKET_HANDLERS: Bun.SocketHandler<Connection> = {
  // Before anything can come: a server may speak, or leave, as soon as it is connected.
  open: (socket) => socket.data.attach(socket),
  data: (socket, bytes) => socket.data.onData(bytes),
  drain: (socket) => socket.data.onDrain(),
  end: (socket) => socket.data.onClosed(undefined),
  close: (socket, error) => socket.data.onClosed(error),
  error: (socket, error) => socket.data.onClosed(error),
};

export class Connection implements ReplySource, ReplySink {
  /** Monotonic milliseconds. */
  idleSinceMs = 0;
  /** Whether anything came back since the last `send`. */
  answered = false;
  readonly #options: ConnectionOptions;
  readonly #parser = new ReplyParser(this);
  #socket: Socket | undefined;
  #reply: WireReply | undefined;
  #signal: Abortable | undefined;
  #keepAlive = true;
  /** Of the request, what the socket did not take yet. */
  #unsent: Uint8Array | undefined;
  #drained: (() => void) | undefined;
  #sending = false;
  #upload: UploadReader | undefined;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
  }

  get hostname(): string {
    return this.#options.hostname;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves with the head. Rejects with a TransportError, the signal's reason, or what is wrong with the body. */
  send(request: ConnectionRequest, signal: Abortable): Promise<TransportReply> {
    // Either may have happened since the connection came about.
    if (this.#closed) return Promise.reject(new TransportError('refused', 'it closed the connection at once'));
    if (signal.aborted) {
      this.#options.onIdle(this);
      return Promise.reject(signal.reason);
    }
    this.answered = false;
    this.#signal = signal;
    this.#keepAlive = true;
    signal.addEventListener('abort', this);
    this.#parser.begin(request.method);
    return new Promise((resolve, reject) => {
      this.#reply = new WireReply(this, { resolve, reject });
      this.#write(request);
    });
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.destroy(this.#signal?.reason);
  }

  onData(bytes: Buffer): void {
    if (this.#reply === undefined) {
      // Nobody asked: a late farewell (408), or an upstream that is out of step.
      this.destroy(undefined);
      return;
    }
    this.answered = true;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.destroy(error);
    }
  }

  onHead(head: ReplyHead): void {
    if (!head.keepAlive) this.#keepAlive = false;
    this.#reply?.onHead(head);
  }

  onBody(bytes: Uint8Array): void {
    this.#reply?.onBody(bytes);
  }

  onEnd(surplus: boolean): void {
    const reply = this.#reply;
    const isSent = !this.#sending && this.#unsent === undefined;
    this.#release();
    // First, for it may have the socket paused, and whoever comes next knows nothing of that.
    reply?.onEnd();
    if (this.#closed) return;
    if (this.#keepAlive && !surplus && isSent) this.#options.onIdle(this);
    else this.#shut(isSent ? 'close' : 'terminate');
  }

  onDrain(): void {
    const unsent = this.#unsent;
    if (unsent !== undefined) {
      this.#unsent = undefined;
      this.#put(unsent);
      if (this.#unsent !== undefined) return;
    }
    this.#drained?.();
    this.#drained = undefined;
  }

  /** The other side has closed, or the connection broke. */
  onClosed(error: unknown): void {
    if (this.#closed) return;
    if (error === undefined && this.#reply !== undefined && this.#parser.close()) return;
    this.destroy(error === undefined ? closedUnder() : fromFetchError(error));
  }

  /** It is not needed any more. */
  close(): void {
    this.#shut('close');
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Cuts it, whatever it is doing. */
  destroy(reason: unknown): void {
    const reply = this.#reply;
    this.#release();
    this.#shut('terminate');
    reply?.fail(reason);
  }

  #release(): void {
    this.#signal?.removeEventListener('abort', this);
    this.#signal = undefined;
    this.#reply = undefined;
  }

  /** `terminate` resets the connection: the upstream hears at once that nobody listens, and what is unsent is dropped. */
  #shut(how: 'close' | 'terminate'): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unsent = undefined;
    this.#socket?.[how]();
    this.#drained?.();
    this.#drained = undefined;
    // Its source may have failed already, and then it says so again.
    this.#upload?.cancel().catch(() => undefined);
    this.#options.onClosed(this);
  }

  #write({ head, body, length }: ConnectionRequest): void {
    if (body === null) this.#put(Buffer.from(head, 'latin1'));
    else if (body instanceof ReadableStream) {
      this.#put(Buffer.from(head, 'latin1'));
      this.#sending = true;
      this.#stream(body, length).catch((error: unknown) => this.destroy(asUploadError(error)));
    } else if (body.length > TOGETHER_BYTES_MAX) {
      this.#put(Buffer.from(head, 'latin1'));
      this.#put(body);
    } else {
      const bytes = Buffer.allocUnsafe(head.length + body.length);
      bytes.write(head, 'latin1');
      bytes.set(body, head.length);
      this.#put(bytes);
    }
  }

  #put(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#unsent !== undefined) {
      this.#unsent = Buffer.concat([this.#unsent, bytes]);
      return;
    }
    const written = this.#socket?.write(bytes) ?? -1;
    // Closed under our hands: `close` says why.
    if (written >= 0 && written < bytes.length) this.#unsent = bytes.subarray(written);
  }

  /** Sends a streamed body as fast as the upstream takes it. */
  async #stream(body: ReadableStream<Uint8Array>, length: number | undefined): Promise<void> {
    const reply = this.#reply;
    const reader: UploadReader = body.getReader();
    this.#upload = reader;
    let sent = 0;
    for (;;) {
      const { done, value } = await reader.read();
      // The reply is over, or given up: nobody wants the rest.
      if (this.#closed || this.#reply !== reply) return;
      if (done || value === undefined) break;
      if (value.length === 0) continue;
      sent += value.length;
      if (length !== undefined && sent > length) throw notAsLong('longer');
      this.#put(length === undefined ? chunkOf(value) : value);
      if (this.#unsent !== undefined) await this.#drain();
    }
    if (length === undefined) this.#put(LAST_CHUNK);
    else if (sent !== length) throw notAsLong('shorter');
    this.#sending = false;
    this.#upload = undefined;
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }
}

function closedUnder(): TransportError {
  return new TransportError('reset', 'it closed the connection without a reply');
}

/** What is wrong with a body is no fault of the upstream. */
function asUploadError(error: unknown): GatewayError {
  return error instanceof GatewayError ? error : new GatewayError('client_closed', 'the body broke off', { cause: error });
}

function notAsLong(how: 'longer' | 'shorter'): GatewayError {
  return new GatewayError('request_invalid', `The body is ${how} than its Content-Length.`);
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

function chunkOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]);
}

const CRLF = Buffer.from('\r\n');
