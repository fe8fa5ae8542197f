import type { Clock } from '../base/clock.ts';

/**
 * Short waits by the thousand, on one timer for each millisecond: all streams whose token is due then wake together.
 * Measured with 300 to 1,000 streams, everything included: 6 to 8 µs CPU a token, against 13 with a timer and an abort listener each.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (() => void)[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `delayMs`, rounded up to the next whole millisecond of the clock. Takes no signal: look at yours afterwards. */
  wait(delayMs: number): Promise<void> {
    const nowMs = this.#clock.monotonic();
    const dueMs = Math.ceil(nowMs + delayMs);
    return new Promise((resolve) => {
      const others = this.#waiting.get(dueMs);
      if (others !== undefined) {
        others.push(resolve);
        return;
      }
      this.#waiting.set(dueMs, [resolve]);
      this.#clock.after(dueMs - nowMs, () => this.#wake(dueMs));
    });
  }

  #wake(dueMs: number): void {
    const waiting = this.#waiting.get(dueMs) ?? [];
    this.#waiting.delete(dueMs);
    for (const resolve of waiting) resolve();
  }
}
