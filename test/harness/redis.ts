/*
 * A real Redis for tests: on a port of its own, in memory alone, to be stopped, frozen, killed and brought back on the same port.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type StartedProcess, startProcess } from './process.ts';

export interface RedisProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Ends it in good order (SIGTERM) and waits. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL) and waits. */
  kill(): Promise<void>;
  /** Freezes it: connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends it if it runs, and starts an empty one on the same port. */
  restart(): Promise<void>;
}

/**
 * Whether `redis-server` is here. For `test.skipIf(!redisAvailable())`. Throws when it is missing and GATEHOUSE_TEST_REQUIRE
 * (a comma list) names `redis`.
 */
export function redisAvailable(): boolean {
  if (Bun.which('redis-server') !== null) return true;
  const required = (process.env['GATEHOUSE_TEST_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  if (required.includes('redis')) throw new Error('GATEHOUSE_TEST_REQUIRE names redis, but there is no redis-server on the PATH');
  return false;
}

const STARTS_MAX = 5;

/** Throws when it does not start. */
export async function startRedis(): Promise<RedisProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-redis-'));
  const first = await startOnFreePort(folder);
  const { port } = first;
  let { started } = first;
  const end = async (signal: NodeJS.Signals) => {
    // A frozen process takes no signal but SIGKILL.
    started.kill('SIGCONT');
    started.kill(signal);
    await started.exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => started.kill('SIGSTOP'),
    resume: () => started.kill('SIGCONT'),
    async restart() {
      await end('SIGKILL');
      started = await startOn(port, folder);
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startOnFreePort(folder: string): Promise<{ port: number; started: StartedProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = freePort();
    try {
      return { port, started: await startOn(port, folder) };
    } catch (error) {
      // Someone else took the port in between.
      if (attempt === STARTS_MAX) throw error;
    }
  }
}

function startOn(port: number, folder: string): Promise<StartedProcess> {
  return startProcess({
    command: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    readyPattern: /Ready to accept connections/,
  });
}
