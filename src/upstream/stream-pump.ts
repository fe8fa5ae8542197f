/*
 * The one stream pump: everything that happens between an upstream's stream and a caller's, for every dialect.
 *
 *   upstream ──read──▶ meter (events out whole, usage, end, failure) ──yield──▶ caller
 *
 * What always holds:
 *   - a chunk is read only after the one before it was taken: a slow caller slows the upstream, and nothing piles up here;
 *   - the caller sees whole events alone, so an error or a ping of ours never lands inside one;
 *   - a stream is complete only after its terminal event; one that was cut ends in an error event, never in an invented end;
 *   - silence over the idle deadline is a cut; silence over the ping interval is filled;
 *   - the exchange and the upstream's slot are ended exactly once, whichever way this ends, also when nobody ever reads it to the end.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { Dialect, StreamMeter } from '../dialects/dialect.ts';
import type { Exchange, Outcome } from '../pipeline/exchange.ts';
import { usageFact } from '../pipeline/facts.ts';
import type { ByteStream } from '../pipeline/reply.ts';
import type { StreamWatch, Watched } from './stream-watch.ts';
import { TransportError } from './transport/transport-error.ts';
import type { BodyRead, Settlement, UpstreamBody } from './upstream.ts';

/** After the terminal event, how long the upstream may take to close the body: its connection can then be used again. */
const LINGER_MS = 1_000;

export interface PumpConfig {
  /** Longest silence of the upstream, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Silence after which the caller is sent a ping; 0: never. */
  readonly pingIntervalMs: number;
}

export interface PumpDeps {
  readonly clock: Clock;
  readonly watch: StreamWatch;
}

export interface PumpInput {
  readonly exchange: Exchange;
  readonly dialect: Dialect;
  readonly meter: StreamMeter;
  /** The upstream, read up to the first token. */
  readonly body: UpstreamBody & { readonly kind: 'open' };
  /** What the meter has already let through. */
  readonly first: readonly Uint8Array[];
  readonly status: number;
}

/** The reply's body. It must be read or returned: either ends the exchange. */
export function pumpStream(config: PumpConfig, deps: PumpDeps, input: PumpInput): ByteStream {
  return new Pump(config, deps, input).run();
}

class Pump implements Watched {
  readonly #config: PumpConfig;
  readonly #deps: PumpDeps;
  readonly #input: PumpInput;
  /** Since when the upstream is silent; undefined while we don't wait for it. */
  #waitingSinceMs: number | undefined;
  /** Why the upstream was given up, when it was our decision. */
  #verdict: GatewayError | undefined;
  /** Resolves the wait with a ping, where pings are on. */
  #ping: (() => void) | undefined;
  #lastSentMs = 0;
  #bytesSent = 0;
  #ended = false;

  constructor(config: PumpConfig, deps: PumpDeps, input: PumpInput) {
    this.#config = config;
    this.#deps = deps;
    this.#input = input;
    deps.watch.add(this);
    // A caller who leaves before the first byte is read never starts the generator, so its `finally` would not run.
    input.exchange.onEnd(() => this.#release('cancelled'));
  }

  async *run(): ByteStream {
    const { meter, first } = this.#input;
    try {
      for (const bytes of first) {
        this.#bytesSent += bytes.length;
        yield bytes;
      }
      const { reader } = this.#input.body;
      // A ping can only come before the deadline does; without one, a plain read spares a promise per chunk.
      const ping = meter.ping ?? this.#input.dialect.ping;
      const pings = ping.length > 0 && this.#config.pingIntervalMs > 0 && this.#config.pingIntervalMs < this.#config.idleTimeoutMs;
      let pending: Promise<BodyRead> | undefined;
      while (reader !== undefined) {
        this.#waitingSinceMs = this.#deps.clock.monotonic();
        pending ??= reader.read();
        const result: BodyRead | 'ping' = pings ? await this.#readOrPing(pending) : await pending;
        this.#waitingSinceMs = undefined;
        if (result === 'ping') {
          yield ping;
          continue;
        }
        pending = undefined;
        if (result.done) break;
        const passed = meter.push(result.value);
        if (passed !== undefined) {
          this.#bytesSent += passed.length;
          yield passed;
        }
        if (meter.failure !== undefined) throw meter.failure;
      }
      const { whole, rest } = meter.finish();
      if (rest !== undefined) {
        this.#bytesSent += rest.length;
        yield rest;
      }
      if (!whole) throw meter.failure ?? interrupted('the upstream ended its stream before the end of the answer');
      this.#end({ kind: 'complete' }, 'ok');
    } catch (cause) {
      const event = this.#conclude(cause);
      if (event !== undefined) yield event;
    } finally {
      // Reached with the exchange still open only when the caller left while a chunk was on its way to them.
      if (meter.ended) this.#end({ kind: 'complete' }, 'ok');
      else this.#end({ kind: 'client_closed' }, 'cancelled');
    }
  }

  /** Decides what a failed read means; gives the error event that the caller is still to be sent, if any. */
  #conclude(cause: unknown): Uint8Array | undefined {
    const { meter, exchange, dialect } = this.#input;
    if (meter.ended) {
      this.#end({ kind: 'complete' }, 'ok');
      return undefined;
    }
    const { signal } = exchange;
    const drained = signal.aborted && signal.reason instanceof GatewayError ? signal.reason : undefined;
    if (signal.aborted && drained === undefined) {
      this.#end({ kind: 'client_closed' }, 'cancelled');
      return undefined;
    }
    const error = drained ?? this.#verdict ?? asInterruption(cause);
    const event = meter.encodeError?.(error, exchange.id) ?? dialect.encodeStreamError(error, exchange.id);
    this.#bytesSent += event.length;
    this.#end({ kind: 'cut', error: error.code }, drained === undefined ? 'failed' : 'cancelled');
    return event;
  }

  tick(nowMs: number): void {
    const since = this.#waitingSinceMs;
    if (since === undefined) return;
    const silentMs = nowMs - since;
    const { idleTimeoutMs, pingIntervalMs } = this.#config;
    if (this.#input.meter.ended) {
      if (silentMs >= LINGER_MS) this.#input.body.abort(interrupted('the upstream did not close its stream after the end'));
    } else if (silentMs >= idleTimeoutMs) {
      this.#verdict = interrupted(`the upstream was silent for ${idleTimeoutMs} ms`);
      this.#input.body.abort(this.#verdict);
    } else if (this.#ping !== undefined && silentMs >= pingIntervalMs && nowMs - this.#lastSentMs >= pingIntervalMs) {
      this.#lastSentMs = nowMs;
      this.#ping();
    }
  }

  #readOrPing(pending: Promise<BodyRead>): Promise<BodyRead | 'ping'> {
    return new Promise((resolve, reject) => {
      this.#ping = () => resolve('ping');
      pending.then(resolve, reject);
    });
  }

  #end(outcome: { readonly kind: Outcome['kind']; readonly error?: GatewayError['code'] }, settlement: Settlement): void {
    if (this.#ended) return;
    const { exchange, status } = this.#input;
    this.#release(settlement);
    exchange.end({ ...outcome, status, bytesSent: this.#bytesSent });
  }

  #release(settlement: Settlement): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ping = undefined;
    this.#deps.watch.delete(this);
    const { body, exchange, meter } = this.#input;
    if (meter.usage !== undefined) exchange.set(usageFact, meter.usage);
    if (settlement !== 'ok') body.abort(this.#verdict ?? interrupted('the stream was given up'));
    body.settle(settlement);
  }
}

function asInterruption(cause: unknown): GatewayError {
  const isTold = cause instanceof GatewayError && !(cause instanceof TransportError);
  return isTold ? cause : interrupted('the connection to the upstream was lost inside its stream', cause);
}

function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}
