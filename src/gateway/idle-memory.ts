/*
 * Gives memory back when there is nothing to do. The runtime's heap keeps what a busy hour needed, for it cannot know that the hour is over;
 * a collection takes some tens of milliseconds, so it is done when nobody waits: after a while without a request, once for each busy time.
 */

import type { Clock } from '../base/clock.ts';

/** How often it is looked at, and so the least time without a request before a collection. */
const LOOK_MS = 5_000;

export interface IdleMemoryDeps {
  readonly clock: Clock;
  /** Model and service exchanges under way, and how many there have been: health checks and scrapes never end, and need no memory. */
  readonly work: { readonly running: number; readonly begun: number };
  /** Frees what can be freed. */
  readonly collect: () => void;
}

/** Looks until it is disposed. */
export function watchIdleMemory({ clock, work, collect }: IdleMemoryDeps): Disposable {
  let seen = work.begun;
  let isClean = true;
  let timer = clock.after(LOOK_MS, look);
  function look(): void {
    const now = work.begun;
    const isQuiet = now === seen && work.running === 0;
    if (!isQuiet) isClean = false;
    else if (!isClean) {
      isClean = true;
      collect();
    }
    seen = now;
    timer = clock.after(LOOK_MS, look);
  }
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
