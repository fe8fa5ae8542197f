import type { ProcessReading } from './metrics.ts';

/** What the operating system says of this process, now. */
export function readProcess(): ProcessReading {
  const { user, system } = process.cpuUsage();
  return { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1_000_000 };
}
