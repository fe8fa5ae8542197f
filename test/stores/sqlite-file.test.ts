/* A file of SQLite that several threads share, as documents and vendors' objects do: each opens it when it is first asked. */
import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Opening } from './sqlite-opener.ts';

// Of two that switched a new file to write-ahead logging at once, one failed in about every tenth round.
const ROUNDS = 100;

test('a new file opens for all who open it at the same moment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-open-'));
  const openers = ['first', 'second', 'third'].map((component) => ({
    component,
    worker: new Worker(new URL('sqlite-opener.ts', import.meta.url)),
  }));
  const outcomes = new Set<unknown>();
  for (let round = 0; round < ROUNDS; round++) {
    const atMs = Date.now() + 3;
    const told = openers.map(({ component, worker }) => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => resolve(data), { once: true });
      worker.postMessage({ path: join(folder, `${round}.db`), component, atMs } satisfies Opening, []);
      return promise;
    });
    for (const outcome of await Promise.all(told)) outcomes.add(outcome);
  }
  for (const { worker } of openers) worker.terminate();
  await rm(folder, { recursive: true });
  expect([...outcomes]).toEqual(['opened']);
});
