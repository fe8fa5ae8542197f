/*
 * The thread beside the one that reads a file. It ends the whole process, at once and without a word: the parent knows what that means by
 * how long it took and how it ended.
 */

import { systemClock } from '../../base/system-clock.ts';

/** Memory grows by at most some tens of megabytes between two looks. */
const LOOK_EVERY_MS = 15;

declare const self: { addEventListener(name: 'message', listener: (event: { data: WatchOrder }) => void): void };

interface WatchOrder {
  readonly timeoutMs: number;
  readonly memoryBytesMax: number;
  /** The process that waits for the answer: when it is gone, ours gets another parent. */
  readonly parent: number;
}

self.addEventListener('message', ({ data: { timeoutMs, memoryBytesMax, parent } }) => {
  const endMs = systemClock.monotonic() + timeoutMs;
  const look = (): void => {
    const isOver = systemClock.monotonic() > endMs || process.memoryUsage.rss() > memoryBytesMax || process.ppid !== parent;
    if (isOver) process.kill(process.pid, 'SIGKILL');
    systemClock.after(LOOK_EVERY_MS, look);
  };
  look();
});
