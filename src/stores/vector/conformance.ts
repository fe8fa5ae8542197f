import { describe, expect, test } from 'bun:test';
import type { Partition } from '../record/record-store.ts';
import type { VectorEntry, VectorSpace, VectorStore } from './vector-store.ts';

export interface VectorDriver {
  /** A store of its own, without vectors; the suite disposes it. */
  readonly create: () => Promise<VectorStore> | VectorStore;
  /** Where drivers may be near instead of exact: the share of the true nearest that must be found, 0 to 1. Default: 1. */
  readonly recall?: number;
  /** How many are among the many, where making an index of them is slow. Default: 2,200. */
  readonly many?: number;
}

interface Case {
  readonly name: string;
  readonly run: (store: VectorStore, driver: VectorDriver) => Promise<void>;
}

const ANN: Partition = { tenant: 'one', kind: 'memory', name: 'ann' };
const BOB: Partition = { tenant: 'one', kind: 'memory', name: 'bob' };
const STRANGER: Partition = { tenant: 'two', kind: 'memory', name: 'ann' };
const COLLECTION: Partition = { tenant: 'one', kind: 'knowledge', name: 'ann' };
/** Whose parts joined by a careless hand are those of others. */
const ODD: Partition = { tenant: 'one","memory","ann', kind: 'memory', name: '' };
const SMALL: VectorSpace = { name: 'small_4-abc', dimensions: 4 };
const OTHER: VectorSpace = { name: 'other-3', dimensions: 3 };
const WIDE: VectorSpace = { name: 'wide-96', dimensions: 96 };

function unit(...values: number[]): Float32Array {
  const norm = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / norm);
}

function entry(id: string, vector: Float32Array, group = 'g'): VectorEntry {
  return { id, group, vector };
}

/** The same numbers each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomVectors(count: number, dimensions: number, seed: number): Float32Array[] {
  const random = chance(seed);
  return Array.from({ length: count }, () => unit(...Array.from({ length: dimensions }, () => random() + random() + random() - 1.5)));
}

async function found(store: VectorStore, partition: Partition, vector: Float32Array): Promise<string[]> {
  // Each space of the suite has vectors of a length of its own.
  const space = [OTHER, WIDE].find(({ dimensions }) => dimensions === vector.length) ?? SMALL;
  return (await store.search({ partition, space, vector, limit: 10 })).map(({ id }) => id);
}

const X = unit(1, 0, 0, 0);
const Y = unit(0, 1, 0, 0);

const CASES: readonly Case[] = [
  {
    name: 'the nearest comes first, with its cosine',
    run: async (store) => {
      await store.put(ANN, SMALL, [
        entry('far', unit(-1, 0.1, 0, 0)),
        entry('near', unit(1, 0.1, 0, 0)),
        entry('same', X),
        entry('across', Y),
      ]);
      const hits = await store.search({ partition: ANN, space: SMALL, vector: X, limit: 10 });
      expect(hits.map(({ id }) => id)).toEqual(['same', 'near', 'across', 'far']);
      for (const [index, score] of [1, 0.995_037, 0, -0.995_037].entries()) expect(hits[index]?.score).toBeCloseTo(score, 4);
      expect(hits.every(({ score }) => score >= -1 && score <= 1)).toBe(true);
    },
  },
  {
    name: 'no more than asked for, and nothing of nothing',
    run: async (store) => {
      expect(await found(store, ANN, X)).toEqual([]);
      await store.put(ANN, SMALL, [entry('a', X), entry('b', Y)]);
      expect((await store.search({ partition: ANN, space: SMALL, vector: Y, limit: 1 })).map(({ id }) => id)).toEqual(['b']);
      expect(await store.search({ partition: ANN, space: OTHER, vector: unit(1, 0, 0), limit: 5 })).toEqual([]);
    },
  },
  {
    name: 'what is put again takes the place of what was there',
    run: async (store) => {
      await store.put(ANN, SMALL, [entry('a', X), entry('b', unit(1, 1, 0, 0))]);
      expect(await found(store, ANN, X)).toEqual(['a', 'b']);
      await store.put(ANN, SMALL, [entry('a', Y, 'h')]);
      expect(await found(store, ANN, X)).toEqual(['b', 'a']);
      expect(await store.spaces(ANN)).toEqual([{ name: SMALL.name, vectors: 2 }]);
      await store.deleteGroup(ANN, 'g');
      expect(await found(store, ANN, X)).toEqual(['a']);
    },
  },
  {
    name: 'one id twice in one call is one vector, the later one',
    run: async (store) => {
      await store.put(ANN, SMALL, [entry('a', X), entry('a', Y)]);
      const hits = await store.search({ partition: ANN, space: SMALL, vector: Y, limit: 10 });
      expect(hits.map(({ id }) => id)).toEqual(['a']);
      expect(hits[0]?.score).toBeCloseTo(1, 5);
    },
  },
  {
    name: 'partitions meet nothing of each other, by the same ids',
    run: async (store) => {
      const all = [ANN, BOB, STRANGER, COLLECTION, ODD];
      for (const [index, partition] of all.entries()) await store.put(partition, SMALL, [entry('a', X), entry(`own-${index}`, Y)]);
      for (const [index, partition] of all.entries()) expect((await found(store, partition, Y))[0]).toBe(`own-${index}`);
      await store.delete(ANN, ['a', 'own-1']);
      await store.deleteGroup(BOB, 'g');
      await store.erase(STRANGER);
      expect(await found(store, ANN, X)).toEqual(['own-0']);
      expect(await found(store, BOB, X)).toEqual([]);
      expect(await found(store, STRANGER, X)).toEqual([]);
      expect(await found(store, COLLECTION, X)).toEqual(['a', 'own-3']);
      expect(await found(store, ODD, X)).toEqual(['a', 'own-4']);
    },
  },
  {
    name: 'what was deleted is found no more, and may come back',
    run: async (store) => {
      await store.put(ANN, SMALL, [entry('a', X), entry('b', Y), entry('c', unit(1, 1, 0, 0), 'h')]);
      await store.delete(ANN, ['a', 'nobody', "'; DROP TABLE vectors; --"]);
      expect(await found(store, ANN, X)).toEqual(['c', 'b']);
      await store.delete(ANN, []);
      await store.deleteGroup(ANN, 'h');
      await store.deleteGroup(ANN, 'nothing');
      expect(await found(store, ANN, X)).toEqual(['b']);
      await store.put(ANN, SMALL, [entry('a', X)]);
      expect(await found(store, ANN, X)).toEqual(['a', 'b']);
    },
  },
  {
    name: 'spaces lie side by side, are told with their counts, and go one by one',
    run: async (store) => {
      await store.put(ANN, SMALL, [entry('a', X), entry('b', Y)]);
      await store.put(ANN, OTHER, [entry('a', unit(1, 0, 0))]);
      await store.put(BOB, OTHER, [entry('z', unit(1, 0, 0))]);
      const spaces = async () =>
        (await store.spaces(ANN)).filter(({ vectors }) => vectors > 0).toSorted((a, b) => (a.name < b.name ? -1 : 1));
      expect(await spaces()).toEqual([
        { name: OTHER.name, vectors: 1 },
        { name: SMALL.name, vectors: 2 },
      ]);
      expect(await found(store, ANN, unit(1, 0, 0))).toEqual(['a']);
      await store.dropSpace(ANN, OTHER.name);
      await store.dropSpace(ANN, 'never-there');
      expect(await spaces()).toEqual([{ name: SMALL.name, vectors: 2 }]);
      expect(await found(store, ANN, unit(1, 0, 0))).toEqual([]);
      expect(await found(store, BOB, unit(1, 0, 0))).toEqual(['z']);
    },
  },
  {
    name: 'a deletion is for all spaces',
    run: async (store) => {
      await store.put(ANN, SMALL, [entry('a', X), entry('b', X)]);
      await store.put(ANN, OTHER, [entry('a', unit(1, 0, 0)), entry('b', unit(1, 0, 0), 'h')]);
      await store.delete(ANN, ['a']);
      expect(await found(store, ANN, X)).toEqual(['b']);
      expect(await found(store, ANN, unit(1, 0, 0))).toEqual(['b']);
      await store.erase(ANN);
      expect(await found(store, ANN, X)).toEqual([]);
      expect((await store.spaces(ANN)).filter(({ vectors }) => vectors > 0)).toEqual([]);
    },
  },
  {
    name: 'ids and groups are any text',
    run: async (store) => {
      const ids = ['', 'é\u{1f600}', '"\'\\', 'a/b?c=d#e', 'x'.repeat(300), '5', ' ', 'nul\0inside'];
      await store.put(
        ANN,
        SMALL,
        ids.map((id) => entry(id, X, `group ${id}`)),
      );
      expect((await found(store, ANN, X)).toSorted()).toEqual(ids.toSorted());
      await store.deleteGroup(ANN, 'group "\'\\');
      await store.delete(ANN, ['', 'é\u{1f600}', 'x'.repeat(300), '5', 'nul\0inside']);
      expect((await found(store, ANN, X)).toSorted()).toEqual([' ', 'a/b?c=d#e']);
    },
  },
  {
    name: 'a vector of another length is refused, put or asked for',
    run: async (store) => {
      await store.put(ANN, SMALL, [entry('a', X)]);
      const rejected = async (promise: Promise<unknown>) =>
        promise.then(
          () => false,
          () => true,
        );
      expect(await rejected(store.put(ANN, SMALL, [entry('b', unit(1, 0, 0))]))).toBe(true);
      expect(await rejected(store.put(BOB, { ...SMALL, dimensions: 3 }, [entry('b', X)]))).toBe(true);
      expect(await rejected(store.search({ partition: ANN, space: SMALL, vector: unit(1, 0, 0), limit: 1 }))).toBe(true);
      expect(await found(store, ANN, X)).toEqual(['a']);
    },
  },
  {
    name: 'the nearest of many are found, while others come and go',
    run: async (store, { recall = 1, many = 2_200 }) => {
      const vectors = randomVectors(many, WIDE.dimensions, 7);
      const noise = randomVectors(Math.ceil(many / 4), WIDE.dimensions, 99);
      const entries = vectors.map((vector, index) => entry(`v${index}`, vector, `g${index % 7}`));
      for (let from = 0; from < entries.length; from += 1_000) await store.put(ANN, WIDE, entries.slice(from, from + 1_000));
      await store.put(
        BOB,
        WIDE,
        noise.map((vector, index) => entry(`n${index}`, vector)),
      );
      const check = async (isThere: (index: number) => boolean): Promise<void> => {
        let hits = 0;
        for (const query of randomVectors(10, WIDE.dimensions, 3)) {
          const dots = vectors.map((vector, index) => ({
            id: `v${index}`,
            index,
            dot: vector.reduce((sum, v, at) => sum + v * (query[at] ?? 0), 0),
          }));
          const want = dots
            .filter(({ index }) => isThere(index))
            .toSorted((a, b) => b.dot - a.dot)
            .slice(0, 10);
          const ids = await found(store, ANN, query);
          hits += want.filter(({ id }) => ids.includes(id)).length;
          expect(ids.every((id) => id.startsWith('v') && isThere(Number(id.slice(1))))).toBe(true);
        }
        expect(hits / 100).toBeGreaterThanOrEqual(recall);
      };
      await check(() => true);
      await store.deleteGroup(ANN, 'g3');
      await check((index) => index % 7 !== 3);
      await store.delete(
        ANN,
        entries
          .filter((_, index) => index % 2 === 0)
          .map(({ id }) => id)
          .slice(0, 1_000),
      );
      await check((index) => index % 7 !== 3 && (index % 2 === 1 || index >= 2_000));
      const all = await store.search({ partition: ANN, space: WIDE, vector: vectors[0] ?? X, limit: 1_000 });
      const left = vectors.filter((_, index) => index % 7 !== 3 && (index % 2 === 1 || index >= 2_000)).length;
      expect(new Set(all.map(({ id }) => id)).size).toBe(Math.min(1_000, left));
    },
  },
];

/** What vector-store.ts promises, held against one driver. */
export function vectorConformance(name: string, driver: VectorDriver): void {
  describe(`vectors: ${name}`, () => {
    for (const { name: title, run } of CASES) {
      test(title, async () => {
        await using store = await driver.create();
        await run(store, driver);
      });
    }
  });
}
