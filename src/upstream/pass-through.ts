/*
 * The body of a service's reply, handed on as it comes. Plain HTTP has no words for a failure inside a body, so one that is cut is cut
 * towards the caller too: the generator throws, and the edge closes the connection instead of ending the reply.
 */

import { GatewayError } from '../base/errors.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { ByteStream } from '../pipeline/reply.ts';
import type { PumpDeps } from './stream-pump.ts';
import type { Watched } from './stream-watch.ts';
import type { Settlement, UpstreamBody } from './upstream.ts';

export interface PassThroughInput {
  readonly exchange: Exchange;
  readonly body: UpstreamBody & { readonly kind: 'open' };
  readonly status: number;
  /** What was read of it before it was handed over. */
  readonly first?: readonly Uint8Array[];
  /** Longest silence of the service inside its body, in milliseconds. */
  readonly idleTimeoutMs: number;
}

/** The reply's body. It must be read or returned: either ends the exchange. */
export function passThrough(deps: PumpDeps, input: PassThroughInput): ByteStream {
  return new PassThrough(deps, input).run();
}

class PassThrough implements Watched {
  readonly #deps: PumpDeps;
  readonly #input: PassThroughInput;
  #waitingSinceMs: number | undefined;
  #verdict: GatewayError | undefined;
  #bytesSent = 0;
  #released = false;

  constructor(deps: PumpDeps, input: PassThroughInput) {
    this.#deps = deps;
    this.#input = input;
    deps.watch.add(this);
    input.exchange.onEnd(() => this.#release('cancelled'));
  }

  async *run(): ByteStream {
    const { body, exchange, status, first = [] } = this.#input;
    const { reader } = body;
    try {
      for (const chunk of first) {
        this.#bytesSent += chunk.length;
        yield chunk;
      }
      while (reader !== undefined) {
        this.#waitingSinceMs = this.#deps.clock.monotonic();
        const result = await reader.read();
        this.#waitingSinceMs = undefined;
        if (result.done) break;
        this.#bytesSent += result.value.length;
        yield result.value;
      }
      this.#release('ok');
      exchange.end({ kind: 'complete', status, bytesSent: this.#bytesSent });
    } catch (cause) {
      if (exchange.signal.aborted) return;
      const error =
        this.#verdict ??
        new GatewayError('upstream_stream_interrupted', 'the connection to the service was lost inside its reply', { cause });
      this.#release('failed');
      exchange.end({ kind: 'cut', status, error: error.code, bytesSent: this.#bytesSent });
      throw error;
    } finally {
      this.#release('cancelled');
      exchange.end({ kind: 'client_closed', status, bytesSent: this.#bytesSent });
    }
  }

  tick(nowMs: number): void {
    const since = this.#waitingSinceMs;
    if (since === undefined || nowMs - since < this.#input.idleTimeoutMs) return;
    this.#verdict = new GatewayError('upstream_stream_interrupted', `the service was silent for ${this.#input.idleTimeoutMs} ms`);
    this.#input.body.abort(this.#verdict);
  }

  #release(settlement: Settlement): void {
    if (this.#released) return;
    this.#released = true;
    this.#deps.watch.delete(this);
    const { body } = this.#input;
    if (settlement !== 'ok') body.abort(this.#verdict ?? new GatewayError('client_closed', 'the reply was given up'));
    body.settle(settlement);
  }
}
