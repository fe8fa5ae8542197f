/*
 * WebSockets to an upstream (RFC 6455), over Bun's client: it answers pings, masks, and checks what comes. What is known of it (Bun 1.4.5): a refused upgrade
 * shows its status in words alone; `pause` stops reading the socket, so that whoever is behind slows the upstream.
 */

import { type Abortable, onAbort } from '../../base/abort.ts';
import { GatewayError } from '../../base/errors.ts';
import { TransportError } from './transport-error.ts';

/** An open socket. What comes is held until `listen`, and then told in order. */
export interface UpstreamSocket {
  /** The subprotocol that the upstream agreed to; empty: none. */
  readonly protocol: string;
  /** Bytes that it has not taken yet. */
  readonly bufferedBytes: number;
  listen(listener: UpstreamSocketListener): void;
  send(data: string | Uint8Array): void;
  /** Nothing more is read until `resume`; what was read already may still be told. */
  pause(): void;
  resume(): void;
  /** `code`: 1000, or 3000 to 4999; anything else is told as 1000. */
  close(code: number, reason: string): void;
  /** At once, without a word. */
  terminate(): void;
}

export interface UpstreamSocketListener {
  message(data: string | Uint8Array): void;
  /** The last call. `code` as RFC 6455 §7.4 has them; 1006 where the connection broke. */
  closed(code: number, reason: string): void;
}

export interface SocketWireRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  /** Of the certificate, where the URL names an address. */
  readonly serverName: string | undefined;
  readonly proxy: string | undefined;
}

/** The upstream answered, and not with an upgrade. */
export class UpgradeRefused extends GatewayError {
  readonly upgradeStatus: number;

  constructor(status: number) {
    super('upstream_reply_invalid', `The upstream answered with status ${status}, where a WebSocket was asked for.`);
    this.upgradeStatus = status;
  }
}

/** Resolves when it is open. Throws a TransportError, an UpgradeRefused, or the signal's reason; after that the signal's abort terminates it. */
export function openWebSocket(request: SocketWireRequest, signal: Abortable): Promise<UpstreamSocket> {
  const { url, headers, protocols, serverName, proxy } = request;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), {
      headers,
      protocols: [...protocols],
      // Compressed messages could not be bounded before they are unpacked.
      perMessageDeflate: false,
      ...(proxy === undefined ? {} : { proxy }),
      ...(serverName === undefined ? {} : { tls: { serverName } }),
    });
    socket.binaryType = 'arraybuffer';
    const aborted = onAbort(signal, () => {
      socket.terminate();
      reject(signal.reason);
    });
    const wire = new WireSocket(socket, () => aborted[Symbol.dispose]());
    socket.addEventListener('open', () => resolve(wire), { once: true });
    socket.addEventListener('error', (event) => reject(failureOf(event)), { once: true });
    socket.addEventListener('close', () => reject(new TransportError('reset', 'it closed the connection without a reply')), { once: true });
  });
}

class WireSocket implements UpstreamSocket {
  readonly #socket: WebSocket;
  #held: (string | Uint8Array)[] = [];
  #ended: { readonly code: number; readonly reason: string } | undefined;
  #listener: UpstreamSocketListener | undefined;

  constructor(socket: WebSocket, onEnd: () => void) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      const message = typeof data === 'string' ? data : new Uint8Array(data);
      if (this.#listener === undefined) this.#held.push(message);
      else this.#listener.message(message);
    });
    socket.addEventListener(
      'close',
      ({ code, reason }) => {
        onEnd();
        this.#ended = { code, reason };
        this.#listener?.closed(code, reason);
      },
      { once: true },
    );
    // Whoever wants it is not there yet: little can have come before the kernel is not asked any more.
    socket.addEventListener('open', () => (this.#listener === undefined ? socket.pause() : undefined), { once: true });
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  listen(listener: UpstreamSocketListener): void {
    this.#listener = listener;
    for (const message of this.#held) listener.message(message);
    this.#held = [];
    if (this.#ended !== undefined) listener.closed(this.#ended.code, this.#ended.reason);
    else this.#socket.resume();
  }

  send(data: string | Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  pause(): void {
    if (this.#ended === undefined) this.#socket.pause();
  }

  resume(): void {
    if (this.#ended === undefined) this.#socket.resume();
  }

  close(code: number, reason: string): void {
    // A paused socket would not see the answer to its closing frame.
    this.resume();
    this.#socket.close(code === 1000 || (code >= 3000 && code <= 4999) ? code : 1000, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

function failureOf(event: Event): GatewayError {
  const message = 'message' in event && typeof event.message === 'string' ? event.message : '';
  const status = /status code: (\d{3})/.exec(message)?.[1];
  if (status !== undefined) return new UpgradeRefused(Number(status));
  if (/TLS|certificate/i.test(message)) return new TransportError('tls', 'the TLS handshake failed', { cause: event });
  if (/Failed to connect|resolve/i.test(message)) return new TransportError('refused', 'connection refused', { cause: event });
  if (/101|Sec-WebSocket|Upgrade|header/i.test(message)) return new TransportError('protocol', 'it is no WebSocket', { cause: event });
  return new TransportError('reset', 'the connection failed', { cause: event });
}
