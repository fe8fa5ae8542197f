/*
 * Looks at all open streams a few times a second, so that no stream needs a timer per chunk. One stream is one entry in a set; the timer
 * runs only while there are entries.
 */

import type { Clock } from '../base/clock.ts';

/** Finer than any deadline a stream has, and nothing beside the cost of its chunks: 5,000 streams take about 0.1 ms a look. */
const TICK_MS = 100;

export interface Watched {
  /** Called about every 100 ms with the monotonic time. Must not throw. */
  tick(nowMs: number): void;
}

export interface StreamWatch {
  add(stream: Watched): void;
  delete(stream: Watched): void;
  readonly size: number;
}

export function createStreamWatch(clock: Clock): StreamWatch {
  const streams = new Set<Watched>();
  let running = false;
  const look = (): void => {
    const nowMs = clock.monotonic();
    for (const stream of streams) stream.tick(nowMs);
    running = streams.size > 0;
    if (running) clock.after(TICK_MS, look);
  };
  return {
    add(stream) {
      streams.add(stream);
      if (running) return;
      running = true;
      clock.after(TICK_MS, look);
    },
    delete(stream) {
      streams.delete(stream);
    },
    get size() {
      return streams.size;
    },
  };
}
