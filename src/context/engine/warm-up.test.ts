/* What is made ready, in which order, and that whoever calls meanwhile goes first. */
import { describe, expect, test } from 'bun:test';
import { setImmediate } from 'node:timers/promises';
import { createManualClock } from '../../base/manual-clock.ts';
import { configSchema } from '../../config/config.ts';
import type { Partition } from '../../stores/record/record-store.ts';
import { openSqliteRecords } from '../../stores/record/sqlite-records.ts';
import { createKnowledgeEngine } from '../knowledge/knowledge-engine.ts';
import { createMemoryEngine } from '../memory/memory-engine.ts';
import { WarmUp } from './warm-up.ts';

const DAY_MS = 86_400_000;
const user = (name: string) => ({ tenant: 't', kind: 'memory', name }) as const;

async function setUp(indexBytesMax = 1e9) {
  const records = openSqliteRecords(':memory:');
  const clock = createManualClock();
  const shared = { records, clock, pause: () => setImmediate() };
  const engines = (bytes: number) => ({
    memory: createMemoryEngine({ ...configSchema.parse({}).context.memory, indexBytesMax: bytes }, shared),
    knowledge: createKnowledgeEngine({ knowledge: configSchema.parse({}).context.knowledge, indexBytesMax: bytes }, shared),
  });
  const before = engines(1e9);
  for (const [name, turns] of [
    ['ann', 2],
    ['bob', 30],
  ] as const)
    for (let at = 0; at < turns; at += 1)
      await before.memory.remember(user(name), {
        session: 's',
        turns: [{ role: 'user', text: `The canary ${at} of ${name} sings.` }],
        infer: false,
      });
  for (const [id, days] of [
    ['old', 0],
    ['new', 1],
  ] as const) {
    clock.advance(days * DAY_MS);
    const nowMs = clock.now();
    await before.knowledge.createCollection('t', { id, name: id, metadata: {}, createdMs: nowMs, lastActiveMs: nowMs });
    const text = Array.from({ length: 200 }, (_, at) => `The gate ${at} of ${id} opens at dawn, when the heron comes to the reeds.`).join(
      '\n\n',
    );
    await before.knowledge.index('t', id, { id: 'f', filename: 'f.md', mediaType: 'text/markdown', attributes: {}, owner: '', text });
  }
  const after = engines(indexBytesMax);
  const warmed: Partition[][] = [];
  const rig = { isBusy: false, busyFor: 5, waits: 0 };
  const sleeping = {
    ...clock,
    async sleep() {
      rig.waits += 1;
      rig.isBusy = rig.waits < rig.busyFor;
    },
  };
  const warmUp = new WarmUp({
    ...shared,
    ...after,
    clock: sleeping,
    dense: { warm: async (partitions) => void warmed.push([...partitions]) },
    isBusy: () => rig.isBusy,
  });
  return { ...after, warmUp, warmed, rig };
}

const { context } = configSchema.parse({});

describe('getting ready', () => {
  test('makes collections by their last use and users by what they have, and vectors in this order', async () => {
    const { warmUp, warmed, knowledge } = await setUp();
    expect(await warmUp.run(context)).toMatchObject({ collections: 2, users: 2 });
    expect(knowledge.indexes).toBe(2);
    expect(warmed.flat().map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'knowledge new',
      'knowledge old',
      'memory bob',
      'memory ann',
    ]);
  });

  test('stops where there is no more room', async () => {
    const { warmUp, knowledge } = await setUp(1);
    await warmUp.run(context);
    // The one that was used last, whose only page was taken while there was room.
    expect(knowledge.indexes).toBe(1);
    const { chunks } = await knowledge.search('t', { queries: ['heron'], collections: ['old'], limit: 3 });
    expect(chunks.length).toBeGreaterThan(0);
  });

  test('leaves out what is switched off or elsewhere', async () => {
    const { warmUp } = await setUp();
    const off = { ...context, memory: { ...context.memory, enabled: false } };
    expect(await warmUp.run(off)).toMatchObject({ collections: 2, users: 0 });
    const none = { ...context, knowledge: { ...context.knowledge, enabled: false } };
    expect(await warmUp.run(none)).toMatchObject({ collections: 0, users: 2 });
  });

  test('gives way to calls under way, and goes on though they never end', async () => {
    const { warmUp, rig } = await setUp();
    rig.isBusy = true;
    await warmUp.run(context);
    expect(rig.waits).toBeGreaterThan(1);
    rig.busyFor = Number.POSITIVE_INFINITY;
    rig.isBusy = true;
    expect(await warmUp.run(context)).toMatchObject({ collections: 2 });
  });
});
