import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Partition } from '../record/record-store.ts';
import { vectorConformance } from './conformance.ts';
import { openSqliteVectors } from './sqlite-vectors.ts';
import type { VectorSpace } from './vector-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const deps = { now: () => performance.now(), pause: async () => {} };
const MIB = 1_048_576;
const ANN: Partition = { tenant: 'one', kind: 'memory', name: 'ann' };
const SPACE: VectorSpace = { name: 'space-8', dimensions: 8 };

function vector(seed: number): Float32Array {
  const values = Array.from({ length: 8 }, (_, index) => (Math.sin(seed * 12.9898 + index * 78.233) * 43_758.5453) % 1);
  const norm = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / norm);
}

vectorConformance('a SQLite file', {
  create: () => openSqliteVectors({ path: join(folder, `${crypto.randomUUID()}.db`), bytesMax: 8 * MIB }, deps),
});
vectorConformance('SQLite in memory, with less room than one partition needs', {
  create: () => openSqliteVectors({ path: ':memory:', bytesMax: 1 }, deps),
});

describe('vectors in a file that two processes use', () => {
  test('what the other writes, replaces, deletes and erases is seen', async () => {
    const path = join(folder, 'shared.db');
    await using one = openSqliteVectors({ path, bytesMax: MIB }, deps);
    await using other = openSqliteVectors({ path, bytesMax: MIB }, deps);
    const ids = async () => (await one.search({ partition: ANN, space: SPACE, vector: vector(1), limit: 100 })).map(({ id }) => id);
    await one.put(ANN, SPACE, [{ id: 'mine', group: '', vector: vector(1) }]);
    expect(await ids()).toEqual(['mine']);
    await other.put(ANN, SPACE, [{ id: 'theirs', group: '', vector: vector(1) }]);
    expect((await ids()).toSorted()).toEqual(['mine', 'theirs']);
    await other.put(ANN, SPACE, [{ id: 'mine', group: '', vector: vector(2) }]);
    expect(await ids()).toEqual(['theirs', 'mine']);
    await other.delete(ANN, ['theirs']);
    expect(await ids()).toEqual(['mine']);
    await other.erase(ANN);
    expect(await ids()).toEqual([]);
    await other.put(ANN, SPACE, [{ id: 'anew', group: '', vector: vector(5) }]);
    expect(await ids()).toEqual(['anew']);
  });

  test('many deletions elsewhere hide nothing that is there', async () => {
    const path = join(folder, 'deletions.db');
    await using one = openSqliteVectors({ path, bytesMax: MIB }, deps);
    await using other = openSqliteVectors({ path, bytesMax: MIB }, deps);
    const entries = Array.from({ length: 900 }, (_, index) => ({ id: `v${index}`, group: '', vector: vector(index) }));
    await one.put(ANN, SPACE, entries);
    const search = async (limit: number) => (await one.search({ partition: ANN, space: SPACE, vector: vector(0), limit })).length;
    expect(await search(1_000)).toBe(900);
    await other.delete(
      ANN,
      entries.slice(0, 890).map(({ id }) => id),
    );
    expect(await search(10)).toBe(10);
    expect(await search(10)).toBe(10);
    expect(await search(1_000)).toBe(10);
  });
});

test('the least recently used partitions make room', async () => {
  await using store = openSqliteVectors({ path: ':memory:', bytesMax: 3 * 65_536 }, deps);
  const partitions = Array.from({ length: 12 }, (_, index): Partition => ({ ...ANN, name: `user-${index}` }));
  for (const [index, partition] of partitions.entries())
    await store.put(partition, SPACE, [{ id: `of-${index}`, group: '', vector: vector(index) }]);
  for (let round = 0; round < 3; round += 1) {
    const hits = await Promise.all(partitions.map((partition) => store.search({ partition, space: SPACE, vector: vector(1), limit: 5 })));
    expect(hits.map((list) => list.map(({ id }) => id))).toEqual(partitions.map((_, index) => [`of-${index}`]));
  }
});

test('of what was erased nothing is in the files', async () => {
  const path = join(folder, 'erased.db');
  const store = openSqliteVectors({ path, bytesMax: MIB }, deps);
  const secret = vector(42);
  const bytes = Buffer.from(secret.buffer);
  await store.put({ ...ANN, name: 'canary-user' }, SPACE, [{ id: 'canary-record', group: 'canary-group', vector: secret }]);
  await store.put(ANN, SPACE, [{ id: 'stays', group: '', vector: vector(1) }]);
  const holds = (text: string | Buffer): boolean => [path, `${path}-wal`].some((file) => readFileSync(file).includes(text));
  expect(holds(bytes)).toBe(true);
  await store.erase({ ...ANN, name: 'canary-user' });
  expect([bytes, 'canary-user', 'canary-record', 'canary-group'].map(holds)).toEqual([false, false, false, false]);
  await store[Symbol.asyncDispose]();
});
