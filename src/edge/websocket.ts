/*
 * WebSockets of callers (RFC 6455): what a route that offers one is given, around Bun's own.
 *
 *   upgrade request ─▶ route with `websocket` ─▶ policies ─▶ handler ─▶ a reply with `upgrade` ─▶ 101 ─▶ session ─▶ closed
 *
 * Bounds: a message by the route's own limit, sockets by `sockets_max`, silence by `idle_timeout`, and what a slow caller has not taken by
 * BUFFERED_BYTES_MAX; Bun pings every peer, and drops one that does not answer. Bun can't stop reading a socket, so a session must bound what it keeps.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { type ByteStream, isStream, type Reply } from '../pipeline/reply.ts';
import type { InnerReply, InnerRequest, WebSocketPeer, WebSocketSession, WebSocketUpgrade } from '../pipeline/web-socket.ts';
import type { ServerConfig } from './server-config.ts';

/** More than one event of any stream: a sender that waits for `drained` never has more under way. */
const BUFFERED_BYTES_MAX = 64 * 1_048_576;
/** After which silence of the peer, its answers to pings included, it counts as gone. Seconds. */
const PEER_SILENCE_SECONDS = 120;
/** RFC 6455 §7.4.1. */
const TOO_BIG = 1009;
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;

type ServerSocket = Bun.ServerWebSocket<OpenSocket>;

/** What is the edge's own affair about one socket. */
export interface SocketDeps {
  readonly clock: Clock;
  /** Of the upgrade. */
  readonly exchange: Exchange;
  readonly ask: (request: InnerRequest, signal: AbortSignal) => Promise<InnerReply>;
}

/** The sockets of one listener. */
export class Sockets {
  readonly #config: ServerConfig['websocket'];
  readonly #open = new Set<OpenSocket>();
  #draining = false;

  constructor(config: ServerConfig['websocket']) {
    this.#config = config;
  }

  /** For `Bun.serve`. */
  handlers(bytesMax: number): Bun.WebSocketHandler<OpenSocket> {
    return {
      maxPayloadLength: bytesMax,
      backpressureLimit: BUFFERED_BYTES_MAX,
      closeOnBackpressureLimit: true,
      idleTimeout: PEER_SILENCE_SECONDS,
      sendPings: true,
      open: (socket) => {
        this.#open.add(socket.data);
        socket.data.opened(socket);
        if (this.#draining) socket.data.drain();
      },
      message: (socket, data) => socket.data.received(data),
      drain: (socket) => socket.data.caughtUp(),
      close: (socket, code, reason) => {
        this.#open.delete(socket.data);
        socket.data.closed(code, reason);
      },
    };
  }

  /** A socket to be. Throws `overloaded` where there are as many as may be. */
  create(upgrade: WebSocketUpgrade, deps: SocketDeps): OpenSocket {
    if (this.#open.size >= this.#config.sockets_max)
      throw new GatewayError('overloaded', 'there are as many WebSockets as may be', { retryAfterMs: 1_000 });
    return new OpenSocket(upgrade, { ...deps, idleTimeoutMs: this.#config.idle_timeout });
  }

  /** Every session is asked to come to its end; those to come are as well. */
  drain(): void {
    this.#draining = true;
    for (const socket of this.#open) socket.drain();
  }
}

export class OpenSocket implements WebSocketPeer {
  readonly #upgrade: WebSocketUpgrade;
  readonly #deps: SocketDeps & { readonly idleTimeoutMs: number };
  readonly #gone = new AbortController();
  #socket: ServerSocket | undefined;
  #session: WebSocketSession | undefined;
  #waiting: (() => void)[] = [];
  #behind = false;
  #drained = false;
  #lastMs: number;
  #asked = 0;
  #idle: Disposable | undefined;

  constructor(upgrade: WebSocketUpgrade, deps: SocketDeps & { readonly idleTimeoutMs: number }) {
    this.#upgrade = upgrade;
    this.#deps = deps;
    this.#lastMs = deps.clock.monotonic();
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  send(data: string | Uint8Array): boolean {
    if (this.#socket === undefined) return true;
    this.#lastMs = this.#deps.clock.monotonic();
    if (this.#socket.send(data) === -1) this.#behind = true;
    return !this.#behind;
  }

  drained(): Promise<void> {
    if (!this.#behind || this.#socket === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(code: number, reason: string): void {
    this.#socket?.close(code, reason);
  }

  async ask(request: InnerRequest): Promise<InnerReply> {
    this.#asked += 1;
    try {
      const reply = await this.#deps.ask(request, this.signal);
      return isByteStream(reply.body) ? { ...reply, body: this.#busy(reply.body) } : reply;
    } finally {
      this.#asked -= 1;
    }
  }

  opened(socket: ServerSocket): void {
    this.#socket = socket;
    this.#watchIdle();
    this.#guarded(() => {
      this.#session = this.#upgrade.open(this);
    });
  }

  received(data: string | Buffer): void {
    this.#lastMs = this.#deps.clock.monotonic();
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    if (bytes > this.#upgrade.messageBytesMax) this.close(TOO_BIG, `a message of more than ${this.#upgrade.messageBytesMax} bytes`);
    else this.#guarded(() => this.#session?.message(data));
  }

  caughtUp(): void {
    if ((this.#socket?.getBufferedAmount() ?? 0) > 0) return;
    this.#release();
  }

  drain(): void {
    if (this.#drained) return;
    this.#drained = true;
    this.#guarded(() => this.#session?.drain());
  }

  closed(code: number, reason: string): void {
    this.#socket = undefined;
    this.#idle?.[Symbol.dispose]();
    this.#gone.abort(new GatewayError('client_closed', 'the WebSocket was closed'));
    this.#release();
    this.#guarded(() => this.#session?.closed(code, reason));
    this.#deps.exchange.end({ kind: 'complete', status: 101, bytesSent: 0 });
  }

  /** A stream under way is not idle, however long its upstream thinks. */
  async *#busy(body: ByteStream): ByteStream {
    this.#asked += 1;
    try {
      yield* body;
    } finally {
      this.#asked -= 1;
      this.#lastMs = this.#deps.clock.monotonic();
    }
  }

  #release(): void {
    this.#behind = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #watchIdle(): void {
    const { clock, idleTimeoutMs } = this.#deps;
    const leftMs = this.#asked > 0 ? idleTimeoutMs : this.#lastMs + idleTimeoutMs - clock.monotonic();
    if (leftMs <= 0) this.close(GOING_AWAY, 'idle for too long');
    else this.#idle = clock.after(leftMs, () => this.#watchIdle());
  }

  /** A session must not throw; if it does, its socket is over, and nothing else. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch {
      this.close(INTERNAL_ERROR, 'an unexpected error occurred');
    }
  }
}

function isByteStream(body: InnerReply['body']): body is ByteStream {
  return isStream(body);
}

/** The reply of an inner request; its exchange ends with it. */
export function innerReply({ status, headers, body }: Reply, exchange: Exchange): InnerReply {
  const all = { ...headers, ...exchange.replyHeaders };
  if (isStream(body)) return { status, headers: all, body: watched(body, exchange, status) };
  const bytesSent = body === null ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  exchange.end({ kind: 'complete', status, bytesSent });
  return { status, headers: all, body };
}

async function* watched(body: ByteStream, exchange: Exchange, status: number): ByteStream {
  let bytesSent = 0;
  try {
    for await (const chunk of body) {
      bytesSent += chunk.byteLength;
      yield chunk;
    }
    exchange.end({ kind: 'complete', status, bytesSent });
  } catch (error) {
    exchange.end({ kind: 'cut', status, error: error instanceof GatewayError ? error.code : 'internal_error', bytesSent });
    throw error;
  } finally {
    exchange.end({ kind: 'client_closed', status, bytesSent });
  }
}
