import type { Clock } from './clock.ts';
import { sleepBy } from './sleep.ts';

/*
 * A clock that moves only when told to: for tests, and for the simulation of whole days in milliseconds.
 *
 * Invariants: time never runs backwards; a timer runs at exactly its due time, in order of due time and then of creation;
 * a timer set by a running timer runs within the same `advance` when it is due by then.
 */

export interface ManualClock extends Clock {
  /** Moves time forward by `durationMs` (≥ 0) and runs every timer that falls due, each at its own time. */
  advance(durationMs: number): void;
  /** Timers that are set and have not run: zero when everything was cleaned up. */
  readonly pending: number;
}

interface Timer {
  readonly dueMs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** `startMs` is the wall time at the start, in milliseconds since the Unix epoch; the monotonic time starts at 0. */
export function createManualClock(startMs = 1_767_225_600_000): ManualClock {
  const timers = new Set<Timer>();
  let elapsedMs = 0;
  let sequence = 0;

  const after = (delayMs: number, run: () => void): Disposable => {
    sequence += 1;
    const timer: Timer = { dueMs: elapsedMs + Math.max(0, delayMs), sequence, run };
    timers.add(timer);
    return { [Symbol.dispose]: () => void timers.delete(timer) };
  };

  return {
    now: () => Math.floor(startMs + elapsedMs),
    monotonic: () => elapsedMs,
    after,
    sleep: (delayMs, signal) => sleepBy(after, delayMs, signal),
    advance(durationMs) {
      const untilMs = elapsedMs + durationMs;
      for (let timer = earliest(timers, untilMs); timer !== undefined; timer = earliest(timers, untilMs)) {
        timers.delete(timer);
        elapsedMs = timer.dueMs;
        timer.run();
      }
      elapsedMs = untilMs;
    },
    get pending() {
      return timers.size;
    },
  };
}

function earliest(timers: Iterable<Timer>, untilMs: number): Timer | undefined {
  let first: Timer | undefined;
  for (const timer of timers) {
    if (timer.dueMs > untilMs) continue;
    if (first === undefined || timer.dueMs < first.dueMs || (timer.dueMs === first.dueMs && timer.sequence < first.sequence)) first = timer;
  }
  return first;
}
