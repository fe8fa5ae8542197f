import { type Abortable, onAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { AdmissionConfig } from './admit.ts';

/**
 * A number of places and a queue before them, oldest first. A place that is left passes to whoever waits longest; `running` does not
 * dip in between, so nobody who has just come can slip in ahead.
 */
export class Places {
  config: AdmissionConfig;
  running = 0;
  readonly #clock: Clock;
  // A Map keeps order, and lets whoever gives up waiting leave the middle in O(1).
  readonly #waiters = new Map<number, () => void>();
  #lastTicket = 0;

  constructor(config: AdmissionConfig, clock: Clock) {
    this.config = config;
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Takes a place if one is free. Every place taken must be left. */
  tryEnter(): boolean {
    if (this.running >= this.config.concurrent_max) return false;
    this.running += 1;
    return true;
  }

  /** Waits for a place. Throws `overloaded` when the queue is full or the wait too long, `client_closed` when the signal aborts. */
  enter(signal: Abortable): Promise<void> {
    const { queue_max: queueMax, queue_timeout: timeoutMs } = this.config;
    if (this.#waiters.size >= queueMax) throw overloaded(`${this.running} requests are under way and ${this.#waiters.size} wait`);
    if (signal.aborted) throw leftWaiting();
    return new Promise((resolve, reject) => {
      const ticket = ++this.#lastTicket;
      const done = (): void => {
        this.#waiters.delete(ticket);
        timer[Symbol.dispose]();
        listener[Symbol.dispose]();
      };
      const timer = this.#clock.after(timeoutMs, () => {
        done();
        reject(overloaded(`no place became free within ${timeoutMs} ms`));
      });
      const listener = onAbort(signal, () => {
        done();
        reject(leftWaiting());
      });
      this.#waiters.set(ticket, () => {
        done();
        resolve();
      });
    });
  }

  leave(): void {
    const next = this.#waiters.values().next();
    if (next.done === true) this.running -= 1;
    else next.value();
  }
}

function leftWaiting(): GatewayError {
  return new GatewayError('client_closed', 'the client closed the connection while it waited for a place');
}

function overloaded(why: string): GatewayError {
  return new GatewayError('overloaded', `The gateway is at its limit: ${why}`, { retryAfterMs: 1_000 });
}
