import type { Clock } from './clock.ts';
import { sleepBy } from './sleep.ts';

const after: Clock['after'] = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
};

/** The real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after,
  sleep: (delayMs, signal) => sleepBy(after, delayMs, signal),
};
