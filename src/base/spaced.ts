import type { Clock } from './clock.ts';

/** Calls `run` at once, but not within `everyMs` of the last time: then once when these are over, however often it was asked for. */
export function spaced(run: () => void, everyMs: number, clock: Pick<Clock, 'after' | 'monotonic'>): () => void {
  let ranAtMs = Number.NEGATIVE_INFINITY;
  let next: Disposable | undefined;
  const runNow = (): void => {
    next = undefined;
    ranAtMs = clock.monotonic();
    run();
  };
  return () => {
    if (next !== undefined) return;
    const waitMs = ranAtMs + everyMs - clock.monotonic();
    if (waitMs > 0) next = clock.after(waitMs, runNow);
    else runNow();
  };
}
