/*
 * Time as an argument. Nothing under src/ reads the time of day or sets a timer but through a Clock, so a test can
 * hold time still. `system-clock.ts` is the real one; `manual-clock.ts` is the one that tests move by hand.
 */

import type { Abortable } from './abort.ts';

export interface Clock {
  /** Wall time: milliseconds since the Unix epoch, whole. May jump; for timestamps alone. */
  now(): number;
  /** Monotonic time in milliseconds, with a fraction; its zero means nothing. For durations and deadlines. */
  monotonic(): number;
  /** Runs `run` once after `delayMs` (≥ 0). Disposing it before then cancels it; disposing it later does nothing. */
  after(delayMs: number, run: () => void): Disposable;
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
  sleep(delayMs: number, signal: Abortable): Promise<void>;
}
