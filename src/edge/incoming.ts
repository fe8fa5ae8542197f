import type { Clock } from '../base/clock.ts';
import type { GatewayError } from '../base/errors.ts';
import type { ExchangeOptions } from '../pipeline/exchange.ts';
import type { RouteInfo } from '../pipeline/route.ts';

export interface IncomingOptions {
  readonly id: string;
  readonly route: RouteInfo;
  readonly address: string;
  readonly clock: Clock;
  readonly request: Request;
}

/**
 * What an exchange is made of. Its signal is made when somebody asks for it, and follows both the caller's connection and `abort`:
 * with its listener it costs 0.6 µs, and many replies come without it.
 */
export class Incoming implements ExchangeOptions {
  readonly id: string;
  readonly route: RouteInfo;
  readonly address: string;
  readonly clock: Clock;
  readonly #request: Request;
  #controller: AbortController | undefined;
  #reason: GatewayError | undefined;
  #leave: (() => void) | undefined;

  constructor(options: IncomingOptions) {
    this.id = options.id;
    this.route = options.route;
    this.address = options.address;
    this.clock = options.clock;
    this.#request = options.request;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= this.#connect()).signal;
  }

  get callerGone(): boolean {
    return this.#request.signal.aborted;
  }

  /**
   * To be called when the exchange has ended. A signal with a listener survives every collection of young garbage, and its request with it:
   * without this the heap grows tenfold under load, and collecting it takes a third of the CPU.
   */
  release(): void {
    if (this.#leave !== undefined) this.#request.signal.removeEventListener('abort', this.#leave);
    this.#leave = undefined;
  }

  /** Calls the exchange off for a reason of ours. */
  abort(reason: GatewayError): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }

  #connect(): AbortController {
    const controller = new AbortController();
    if (this.#reason !== undefined) {
      controller.abort(this.#reason);
      return controller;
    }
    const { signal } = this.#request;
    // The platform's own reason, so that it is told from ours.
    const leave = () => controller.abort(signal.reason);
    if (signal.aborted) leave();
    else {
      signal.addEventListener('abort', leave, { once: true });
      this.#leave = leave;
    }
    return controller;
  }
}
