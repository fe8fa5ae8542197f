import { type Abortable, Aborter, type AbortListener } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { GatewayError } from '../base/errors.ts';
import type { ExchangeOptions } from '../pipeline/exchange.ts';
import type { RouteInfo } from '../pipeline/route.ts';

export interface IncomingOptions {
  readonly id: string;
  readonly route: RouteInfo;
  readonly address: string;
  readonly clock: Clock;
  /** The request, or whatever else a caller's leaving shows in. */
  readonly request: Pick<Request, 'signal'>;
}

/**
 * What an exchange is made of, and the signal of its end: it follows both the caller's connection and `abort`. The platform's signal is
 * listened to when somebody listens here, once (0.5 µs): many replies come without it.
 */
export class Incoming implements ExchangeOptions, Abortable {
  readonly id: string;
  readonly route: RouteInfo;
  readonly address: string;
  readonly clock: Clock;
  readonly #request: IncomingOptions['request'];
  readonly #aborter = new Aborter();
  #watched: AbortSignal | undefined;
  #released = false;

  constructor(options: IncomingOptions) {
    this.id = options.id;
    this.route = options.route;
    this.address = options.address;
    this.clock = options.clock;
    this.#request = options.request;
  }

  get signal(): Abortable {
    return this;
  }

  get callerGone(): boolean {
    return (this.#watched ?? this.#request.signal).aborted;
  }

  get aborted(): boolean {
    return this.#aborter.aborted || this.callerGone;
  }

  /** Ours, or the platform's own when the caller left. */
  get reason(): unknown {
    const left: unknown = this.#request.signal.reason;
    return this.#aborter.aborted ? this.#aborter.reason : left;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(type: 'abort', listener: AbortListener): void {
    this.#aborter.addEventListener(type, listener);
    if (this.#watched !== undefined || this.#released) return;
    this.#watched = this.#request.signal;
    this.#watched.addEventListener('abort', this);
  }

  removeEventListener(type: 'abort', listener: AbortListener): void {
    this.#aborter.removeEventListener(type, listener);
  }

  /** The caller has left. */
  handleEvent(): void {
    this.#aborter.abort(this.#request.signal.reason);
  }

  /**
   * To be called when the exchange has ended. A signal with a listener survives every collection of young garbage, and its request with it:
   * without this the heap grows tenfold under load, and collecting it takes a third of the CPU.
   */
  release(): void {
    this.#released = true;
    this.#watched?.removeEventListener('abort', this);
    this.#watched = undefined;
  }

  /** Calls the exchange off for a reason of ours. */
  abort(reason: GatewayError): void {
    this.#aborter.abort(reason);
  }
}
