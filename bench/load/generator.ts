/*
 * The load generator's process: reads jobs from standard input, one JSON line each, runs them one after another and
 * writes what happened as JSON lines. It stays alive between jobs, so that its own warm-up is over when measuring
 * begins, and ends when its input closes.
 */
import { createInterface } from 'node:readline';
import type { Job, LoadMessage } from './jobs.ts';
import { runJob } from './run-job.ts';

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const result = await runJob(JSON.parse(line) as Job, () => tell({ kind: 'open' }));
    tell({ kind: 'result', result });
  } catch (error) {
    tell({ kind: 'failed', message: String(error) });
  }
}
process.exit(0);

function tell(message: LoadMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
