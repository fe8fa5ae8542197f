/*
 * Writes as many log lines as it is told to standard output, from a loop that lets timers run, and then says on standard error
 * what became of them and how late a timer ever was. Started by log-output.test.ts.
 */

import { systemClock } from '../../src/base/system-clock.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createFileOutput } from '../../src/telemetry/log-output.ts';

const linesMax = Number(process.argv[2]);
const log = createLog(
  { level: 'info', format: 'json', access: true },
  { output: createFileOutput(1, systemClock), clock: systemClock, terminal: false },
);

let written = 0;
let latestMs = 0;
while (written < linesMax) {
  for (let line = 0; line < 500 && written < linesMax; line += 1) {
    log.info('A line that says nothing', { number: written, padding: 'x'.repeat(100) });
    written += 1;
  }
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1));
  latestMs = Math.max(latestMs, performance.now() - startMs);
}
const heap = process.memoryUsage.rss();
await log.flush(500);
process.stderr.write(JSON.stringify({ written, dropped: log.dropped, latestMs, rssMb: heap / 1e6 }));
process.exit(0);
