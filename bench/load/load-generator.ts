/* The orchestrator's end of the two processes on the load core: the generator and the upstream. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { type Child, LOAD_CORE, own, pinned } from '../measure/children.ts';
import type { Job, JobResult, LoadMessage } from './jobs.ts';

/** A job that takes this much longer than it should is given up. */
const OVERDUE_MS = 90_000;

export interface LoadGenerator {
  /** Runs one job; one at a time. Rejects when the generator failed, as when a port is closed. */
  run(job: Job, opened?: () => void): Promise<JobResult>;
  stop(): Promise<void>;
}

export interface UpstreamCount {
  readonly answered: number;
  readonly metered: number;
}

export interface Upstream {
  readonly port: number;
  /** Accepts connections and never answers. */
  readonly silentPort: number;
  /** Requests that it has answered so far, and how many of them were streams that were asked for their usage. */
  count(): Promise<UpstreamCount>;
  stop(): Promise<void>;
}

interface LineProcess {
  readonly child: Child;
  readonly lines: AsyncIterator<string>;
  readonly write: (line: string) => Promise<void>;
}

export function startLoadGenerator(): LoadGenerator {
  const { child, lines, write } = startLineProcess('generator.ts');
  return {
    async run(job, opened) {
      await write(`${JSON.stringify(job)}\n`);
      const endMs = performance.now() + job.durationMs + OVERDUE_MS;
      for (;;) {
        const message = JSON.parse(await nextLine(lines, endMs - performance.now())) as LoadMessage;
        if (message.kind === 'result') return message.result;
        if (message.kind === 'failed') throw new Error(`the load generator failed: ${message.message}`);
        opened?.();
      }
    },
    stop: () => child.stop(),
  };
}

export async function startUpstream(): Promise<Upstream> {
  const { child, lines } = startLineProcess('../upstream.ts');
  const ports = JSON.parse(await nextLine(lines, 10_000)) as { port: number; silentPort: number };
  return {
    ...ports,
    async count() {
      const reply = await fetch(`http://127.0.0.1:${ports.port}/bench/count`);
      return (await reply.json()) as UpstreamCount;
    },
    stop: () => child.stop(),
  };
}

function startLineProcess(file: string): LineProcess {
  const command = [process.execPath, new URL(file, import.meta.url).pathname];
  const child = Bun.spawn(pinned(command, LOAD_CORE), { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' });
  const input = Readable.fromWeb(child.stdout as Parameters<typeof Readable.fromWeb>[0]);
  return {
    child: own(child),
    lines: createInterface({ input })[Symbol.asyncIterator](),
    write: async (line) => {
      await child.stdin.write(line);
      await child.stdin.flush();
    },
  };
}

async function nextLine(lines: AsyncIterator<string>, waitMs: number): Promise<string> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('a process of the bench did not answer in time')), waitMs);
  try {
    const next = await Promise.race([lines.next(), late.promise]);
    if (next.done === true) throw new Error('a process of the bench has ended');
    return next.value;
  } finally {
    clearTimeout(timer);
  }
}
