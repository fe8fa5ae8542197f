/*
 * Two WebSockets joined: a caller's and a target's. Messages pass as they are, in both directions.
 *
 *   open ──either side closes──▶ closing ──the other has closed──▶ over
 *     └──── the target vanishes: an error message, then 1011 ─────────▲
 *
 * What always holds:
 *   - a caller who is behind has its target read no further; a target that is behind has what waits for it bounded, since callers can't be held up;
 *   - close codes pass, where they may stand in a frame (RFC 6455 §7.4); a side that vanished is told to the other;
 *   - a caller who left leaves no socket upstream; the exchange and the upstream's slot are ended exactly once.
 */

import { onAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { DialectSockets, SocketMeter } from '../dialects/dialect-socket.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { usageFact } from '../pipeline/facts.ts';
import type { WebSocketPeer, WebSocketSession } from '../pipeline/web-socket.ts';
import type { RealtimeConfig } from './realtime-config.ts';
import type { Settlement, UpstreamBody, UpstreamSocket } from './upstream.ts';

export interface BridgeInput {
  readonly exchange: Exchange;
  readonly sockets: DialectSockets;
  readonly upstream: UpstreamSocket;
  /** To be settled when the upstream socket is over. */
  readonly body: UpstreamBody & { readonly kind: 'open' };
}

export interface BridgeDeps {
  readonly clock: Clock;
}

const NORMAL = 1000;
const GOING_AWAY = 1001;
const TOO_BIG = 1009;
const POLICY = 1008;
const INTERNAL_ERROR = 1011;
const VANISHED = 1006;
/** How long the target may take to answer a close. */
const LINGER_MS = 1_000;
const REASON_BYTES_MAX = 123;

/** One talk. It must be opened, or given up: either ends the upstream socket. */
export class SocketBridge implements WebSocketSession {
  readonly #config: RealtimeConfig;
  readonly #deps: BridgeDeps;
  readonly #input: BridgeInput;
  readonly #meter: SocketMeter;
  #peer: WebSocketPeer | undefined;
  #draining = false;
  #opened = false;
  #settled = false;
  #isUpstreamOver = false;
  #linger: Disposable | undefined;
  #bytesSent = 0;
  #waitingBytes = 0;
  #fault: GatewayError | undefined;

  constructor(config: RealtimeConfig, deps: BridgeDeps, input: BridgeInput) {
    this.#config = config;
    this.#deps = deps;
    this.#input = input;
    this.#meter = input.sockets.createMeter();
    const called = onAbort(input.exchange.signal, () => this.#calledOff());
    input.exchange.onEnd(() => called[Symbol.dispose]());
    // The upgrade may still fail, and a caller may leave before it: then nobody opens it.
    input.exchange.onEnd(() => {
      if (this.#opened) return;
      input.upstream.terminate();
      this.#release('cancelled');
    });
  }

  open(peer: WebSocketPeer): WebSocketSession {
    this.#opened = true;
    this.#peer = peer;
    this.#input.upstream.listen({
      message: (data) => this.#fromUpstream(data),
      closed: (code, reason) => this.#upstreamClosed(code, reason),
    });
    return this;
  }

  /** From the caller. */
  message(data: string | Uint8Array): void {
    const { upstream } = this.#input;
    if (this.#isUpstreamOver) return;
    // The bytes are the receiver's own, and only until it returns.
    upstream.send(typeof data === 'string' ? data : Uint8Array.from(data));
    if (upstream.bufferedBytes > this.#config.buffered_bytes_max)
      this.#fail(new GatewayError('overloaded', 'the model does not take what it is sent'), POLICY);
  }

  drain(): void {
    this.#draining = true;
    if (!this.#meter.busy) this.#leave();
  }

  /** The caller has closed its socket, or is gone. */
  closed(code: number, reason: string): void {
    this.#peer = undefined;
    const { exchange, upstream } = this.#input;
    if (!this.#isUpstreamOver) {
      // Its slot is given back when it has closed, too.
      upstream.close(code === VANISHED ? NORMAL : code, reason);
      this.#linger = this.#deps.clock.after(LINGER_MS, () => upstream.terminate());
    }
    const { usage } = this.#meter;
    if (usage !== undefined) exchange.set(usageFact, usage);
    const ended = { status: 101, bytesSent: this.#bytesSent };
    if (this.#fault !== undefined) exchange.end({ kind: 'cut', error: this.#fault.code, ...ended });
    else exchange.end({ kind: code === VANISHED ? 'client_closed' : 'complete', ...ended });
  }

  #fromUpstream(data: string | Uint8Array): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const { message_bytes_max: bytesMax, buffered_bytes_max: waitingMax } = this.#config;
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    if (bytes > bytesMax) {
      this.#fail(new GatewayError('upstream_reply_invalid', `the model sent a message of more than ${bytesMax} bytes`), TOO_BIG);
      return;
    }
    this.#meter.received(data);
    this.#bytesSent += bytes;
    if (!peer.send(data)) {
      this.#waitingBytes += bytes;
      if (this.#waitingBytes > waitingMax) {
        this.#fail(new GatewayError('client_closed', 'the caller does not take what it is sent'), POLICY);
        return;
      }
      if (this.#waitingBytes === bytes)
        this.#holdUp(peer).catch((cause: unknown) =>
          this.#fail(new GatewayError('internal_error', 'the talk broke', { cause }), INTERNAL_ERROR),
        );
    }
    if (this.#draining && !this.#meter.busy) this.#leave();
  }

  /** Nothing is read from the target until the caller has caught up. */
  async #holdUp(peer: WebSocketPeer): Promise<void> {
    this.#input.upstream.pause();
    // It never rejects: a socket that is closed has caught up.
    await peer.drained();
    this.#waitingBytes = 0;
    this.#input.upstream.resume();
  }

  #upstreamClosed(code: number, reason: string): void {
    this.#isUpstreamOver = true;
    this.#linger?.[Symbol.dispose]();
    const peer = this.#peer;
    if (peer === undefined || this.#fault !== undefined) {
      this.#release(this.#fault?.row.source === 'upstream' ? 'failed' : 'ok');
      return;
    }
    if (code !== VANISHED) {
      this.#release('ok');
      peer.close(maySend(code) ? code : NORMAL, shortened(reason));
      return;
    }
    this.#release('failed');
    this.#fail(new GatewayError('upstream_stream_interrupted', 'the connection to the model was lost'), INTERNAL_ERROR);
  }

  /** A drain has run out of patience. That a caller has left is told by its socket. */
  #calledOff(): void {
    const { reason } = this.#input.exchange.signal;
    if (reason instanceof GatewayError) this.#fail(reason, GOING_AWAY);
  }

  /** Tells the caller why it ends. */
  #fail(error: GatewayError, code: number): void {
    if (this.#fault !== undefined) return;
    this.#fault = error;
    const { exchange, sockets, upstream } = this.#input;
    this.#peer?.send(sockets.encodeError(error, exchange.id));
    this.#peer?.close(code, shortened(error.message));
    if (!this.#isUpstreamOver) upstream.terminate();
  }

  #leave(): void {
    this.#peer?.close(GOING_AWAY, 'the gateway is shutting down');
  }

  #release(settlement: Settlement): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#input.body.settle(settlement);
  }
}

/** RFC 6455 §7.4.1: those that only tell what happened never stand in a frame. */
function maySend(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999);
}

function shortened(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > REASON_BYTES_MAX) text = text.slice(0, -1);
  return text;
}
