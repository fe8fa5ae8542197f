/* What holds whatever comes in which order, how often, and wherever it breaks off. */

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { GatewayError } from '../../base/errors.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import type { RecordStore } from '../../stores/record/record-store.ts';
import { openSqliteRecords } from '../../stores/record/sqlite-records.ts';
import { contextConfig } from '../context-config.ts';
import type { Memory, MemoryEngine, MemoryPartition } from './memory.ts';
import { createMemoryEngine } from './memory-engine.ts';
import { normalForm } from './memory-text.ts';

const ANNA: MemoryPartition = { tenant: 't', kind: 'memory', name: 'anna' };
const START_MS = Date.UTC(2025, 0, 1);
const DAY_MS = 86_400_000;

/** Said on one day each; among them changes of mind, returns, and the same said again. */
const SAYINGS = [
  'I live in Berlin.',
  'I live in Paris now.',
  'I moved back to Berlin.',
  'I live in Paris now.',
  'I love sushi.',
  'I hate sushi.',
  'I love sushi.',
  'I love sushi!',
  'My dentist is Dr. Kaur.',
  'My new dentist is Dr. Weiss.',
  'I drink coffee every morning.',
  'I switched from coffee to tea.',
  'I drink coffee every morning.',
  'The launch is on May 3.',
  'The launch is on June 12 now.',
  'Always answer in German.',
  'From now on, always answer in French.',
  'What is the capital of Norway?',
] as const;

interface Said {
  readonly text: string;
  readonly session: string;
  readonly place: number;
  readonly saidMs: number;
}

const history = fc
  .array(fc.constantFrom(...SAYINGS), { minLength: 1, maxLength: 10 })
  .map((texts) =>
    texts.map((text, index): Said => ({ text, session: `s${index % 3}`, place: Math.floor(index / 3), saidMs: START_MS + index * DAY_MS })),
  );

function engineOn(records: RecordStore): MemoryEngine {
  const config = { ...contextConfig.parse({}).memory, indexBytesMax: 1e9 };
  return createMemoryEngine(config, { records, clock: createManualClock(START_MS + 100 * DAY_MS), pause: async () => {} });
}

async function write(engine: MemoryEngine, { text, session, place, saidMs }: Said): Promise<void> {
  await engine.remember(ANNA, { session, firstTurn: place, infer: true, turns: [{ role: 'user', text, saidMs }] });
}

/** All that is remembered, without the ids that depend on what came first. */
async function contentOf(engine: MemoryEngine): Promise<string[]> {
  const { memories } = await engine.list(ANNA, { limit: 1_000, kinds: ['turn', 'fact', 'preference', 'profile', 'instruction', 'event'] });
  const byId = new Map(memories.map((memory) => [memory.id, memory]));
  const named = (id: string | undefined): string => (id === undefined ? '' : told(byId.get(id)));
  return memories
    .map((memory) =>
      [
        told(memory),
        memory.attribute,
        memory.validToMs,
        named(memory.supersededBy),
        memory.supersedes.map(named).sort().join(),
        memory.sources.join(),
      ].join(' | '),
    )
    .sort();
}

/** Of the same said twice with other punctuation, either may be what is kept. */
function told(memory: Memory | undefined): string {
  return memory === undefined ? 'nothing' : `${memory.kind} ${normalForm(memory.text)} @${memory.validFromMs}`;
}

async function inOrder(said: readonly Said[]): Promise<string[]> {
  await using records = openSqliteRecords(':memory:');
  const engine = engineOn(records);
  for (const each of said) await write(engine, each);
  return await contentOf(engine);
}

describe('the memories of a user', () => {
  test('are the same in whatever order, and however often, what was said is written', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.array(fc.nat(), { maxLength: 30 }), async (said, draws) => {
        await using records = openSqliteRecords(':memory:');
        const engine = engineOn(records);
        // Some at first in any order and more than once; then all of them backwards.
        for (const draw of draws) for (const each of said.slice(draw % said.length, (draw % said.length) + 1)) await write(engine, each);
        for (const each of said.toReversed()) await write(engine, each);
        expect(await contentOf(engine)).toEqual(await inOrder(said));
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test('are the same when several engines write them at once', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (said) => {
        await using records = openSqliteRecords(':memory:');
        const engines = [engineOn(records), engineOn(records), engineOn(records)];
        await Promise.all(
          engines.flatMap((engine, number) => said.filter((_, index) => (index + number) % 3 !== 0).map((each) => write(engine, each))),
        );
        const all = engineOn(records);
        expect(await contentOf(all)).toEqual(await inOrder(said));
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('are whole when the process dies before any call of the store, and everything is written again', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat({ max: 40 }), async (said, crashAt) => {
        await using records = openSqliteRecords(':memory:');
        const broken = engineOn(failingAt(records, crashAt));
        for (const each of said) await write(broken, each).catch(() => undefined);
        const after = engineOn(records);
        for (const each of said) await write(after, each);
        expect(await contentOf(after)).toEqual(await inOrder(said));
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  test('hold of each other: what was superseded ended when its successor began, and names it', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (said) => {
        await using records = openSqliteRecords(':memory:');
        const engine = engineOn(records);
        for (const each of said) await write(engine, each);
        const { memories } = await engine.list(ANNA, { limit: 1_000 });
        const byId = new Map(memories.map((memory) => [memory.id, memory]));
        for (const memory of memories) {
          const next = memory.supersededBy === undefined ? undefined : byId.get(memory.supersededBy);
          expect(memory.validToMs).toBe(next?.validFromMs);
          expect(next?.supersedes.includes(memory.id) ?? true).toBe(true);
          for (const id of memory.supersedes) expect(byId.get(id)?.supersededBy).toBe(memory.id);
        }
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});

/** The store of a process that dies before its nth call: nothing of that call or of any later one arrives. */
function failingAt(records: RecordStore, nth: number): RecordStore {
  let calls = 0;
  return new Proxy(records, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...given: unknown[]) => {
        calls += 1;
        if (calls > nth) throw new GatewayError('storage_unavailable', 'gone');
        return Reflect.apply(method, target, given) as unknown;
      };
    },
  });
}
