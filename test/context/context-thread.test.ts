/* The context engines in their thread, on a real file: what is written is there for the next thread, and a thread that ends is replaced. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/system-clock.ts';
import { configSchema } from '../../src/config/config.ts';
import { createContextThread } from '../../src/context/engine/context-thread.ts';
import { createCurrentContextModels } from '../../src/gateway/context-models.ts';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-context-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const ALICE = { tenant: 'acme', kind: 'memory', name: 'alice' } as const;
const TURNS = { session: 's1', turns: [{ role: 'user', text: 'My sister Ada keeps bees in Ghent.' }], infer: true } as const;

function open(records: string) {
  const faults: string[] = [];
  const { context, state } = configSchema.parse({ state: { records } });
  const engine = createContextThread(
    { state, context },
    { clock: systemClock, models: createCurrentContextModels(), onFault: (message) => faults.push(message) },
  );
  return { engine, faults };
}

describe('the engines in their thread', () => {
  test('a thread that nobody asked is not there, and says so', async () => {
    await using engine = open('memory').engine;
    expect(await engine.status()).toEqual({ indexes: 0, indexBytes: 0, unextracted: 0 });
  });

  test('what was remembered is there for the next one', async () => {
    const records = `sqlite:${join(folder, 'next.db')}`;
    {
      await using engine = open(records).engine;
      expect((await engine.memory.remember(ALICE, TURNS)).turns).toHaveLength(1);
    }
    await using engine = open(records).engine;
    const { memories } = await engine.memory.recall(ALICE, { query: 'Who keeps bees?', limit: 3 });
    expect(memories[0]?.memory.text).toContain('bees in Ghent');
  });

  test('documents too; many calls at once are each answered with their own', async () => {
    await using engine = open(`sqlite:${join(folder, 'many.db')}`).engine;
    const names = Array.from({ length: 50 }, (_, index) => `user-${index}`);
    const partition = (name: string) => ({ tenant: 'acme', kind: 'memory', name }) as const;
    await Promise.all(
      names.map((name) =>
        engine.memory.remember(partition(name), { ...TURNS, turns: [{ role: 'user', text: `The canary of ${name} sings.` }] }),
      ),
    );
    const found = await Promise.all(names.map((name) => engine.memory.recall(partition(name), { query: 'canary', limit: 5 })));
    expect(found.map(({ memories }) => memories.map(({ memory }) => memory.text.match(/user-\d+/)?.[0]))).toEqual(
      found.map(({ memories }, index) => memories.map(() => names[index])),
    );
    expect(found.every(({ memories }) => memories.length > 0)).toBe(true);
  });

  test('a file that cannot be opened is told as such, each time, and nothing ends', async () => {
    const { engine, faults } = open('sqlite:/proc/nowhere/x.db');
    await using _ = engine;
    for (let round = 0; round < 2; round++) {
      expect(await engine.memory.remember(ALICE, TURNS).catch((error: unknown) => error)).toMatchObject({ code: 'storage_unavailable' });
    }
    expect(faults.length).toBeGreaterThan(0);
  });
});
