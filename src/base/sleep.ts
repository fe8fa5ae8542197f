import type { Abortable } from './abort.ts';
import type { Clock } from './clock.ts';

/** `Clock.sleep`, made of a clock's `after`: resolves when the time is up, rejects with the signal's reason when it aborts before. */
export function sleepBy(after: Clock['after'], delayMs: number, signal: Abortable): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer[Symbol.dispose]();
      reject(signal.reason);
    };
    const timer = after(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
