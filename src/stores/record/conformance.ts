import { describe, expect, test } from 'bun:test';
import { setImmediate } from 'node:timers/promises';
import { APART, FORGETTING } from './conformance-apart.ts';
import { ANN, ids, put, type RecordCase, refusal, remove, wholeLog } from './conformance-ground.ts';
import { RECORD_LIMITS } from './record-limits.ts';
import type { RecordStore } from './record-store.ts';

export interface RecordDriver {
  /** A place of its own, without records; the suite disposes the stores that it opens there. */
  readonly create: () => Promise<RecordPlace> | RecordPlace;
}

export interface RecordPlace {
  /** The place again, by another connection where there is such a thing. */
  readonly open: () => RecordStore;
}

const WRITING: readonly RecordCase[] = [
  {
    name: 'what was written is there, with the next number of its partition, for every connection',
    run: async (store, another) => {
      expect(await store.apply(ANN, [put('a'), put('b', { group: '', kind: 'fact' })])).toEqual({ applied: true, head: 2 });
      expect(await another.apply(ANN, [put('c')])).toEqual({ applied: true, head: 3 });
      for (const reader of [store, another]) {
        expect((await reader.get(ANN, ['b', 'nothing', 'a', 'a'])).toSorted((x, y) => x.seq - y.seq)).toEqual([
          { ...put('a'), seq: 1 },
          { ...put('b', { group: '', kind: 'fact' }), seq: 2 },
        ]);
        expect(ids(await wholeLog(reader, ANN))).toEqual(['a', 'b', 'c']);
      }
      expect(await store.get(ANN, [])).toEqual([]);
      expect(await store.apply(ANN, [])).toEqual({ applied: true, head: 3 });
    },
  },
  {
    name: 'a change stands for the one before it, and moves to the end of the log',
    run: async (store) => {
      await store.apply(ANN, [put('a'), put('b'), put('c')]);
      await store.apply(ANN, [put('a', { body: '{"text":"new"}', group: 'h', kind: 'fact' })]);
      const log = await wholeLog(store, ANN);
      expect(ids(log)).toEqual(['b', 'c', 'a']);
      expect(log.at(-1)).toEqual({ id: 'a', group: 'h', kind: 'fact', body: '{"text":"new"}', seq: 4 });
      expect((await store.changes(ANN, 3, 10)).records).toHaveLength(1);
    },
  },
  {
    name: 'of several changes of one record in one call the last counts, or with `onlyNew` the first',
    run: async (store) => {
      const one = put('a', { body: '{"n":1}' });
      const two = put('a', { body: '{"n":2}' });
      expect((await store.apply(ANN, [one, put('b'), two])).applied).toBe(true);
      expect((await store.get(ANN, ['a']))[0]?.body).toBe('{"n":2}');
      expect(
        (
          await store.apply(
            ANN,
            [
              { ...one, id: 'c' },
              { ...two, id: 'c' },
            ],
            { onlyNew: true },
          )
        ).applied,
      ).toBe(true);
      expect((await store.get(ANN, ['c']))[0]?.body).toBe('{"n":1}');
      const log = await wholeLog(store, ANN);
      expect(ids(log)).toEqual(['b', 'a', 'c']);
      expect(new Set(log.map(({ seq }) => seq)).size).toBe(3);
    },
  },
  {
    name: 'a deleted record is told as one without a body, once; to delete what is not there changes nothing',
    run: async (store) => {
      expect(await store.apply(ANN, [remove('never')])).toEqual({ applied: true, head: 0 });
      expect(await store.partitions({ limit: 10 })).toEqual([]);
      await store.apply(ANN, [put('a'), put('b')]);
      expect(await store.apply(ANN, [remove('a')])).toEqual({ applied: true, head: 3 });
      expect(await store.apply(ANN, [remove('a'), remove('never')])).toEqual({ applied: true, head: 3 });
      expect(await store.get(ANN, ['a', 'b'])).toHaveLength(1);
      expect((await store.changes(ANN, 2, 10)).records).toEqual([{ ...remove('a'), seq: 3 }]);
      // It may come again.
      expect(await store.apply(ANN, [put('a')])).toEqual({ applied: true, head: 4 });
      expect(await store.get(ANN, ['a'])).toHaveLength(1);
    },
  },
  {
    name: '`onlyNew` leaves what is there, what was there, and their numbers',
    run: async (store) => {
      await store.apply(ANN, [put('a', { body: '{"n":1}' }), put('gone')]);
      await store.apply(ANN, [remove('gone')]);
      const again = [put('a', { body: '{"n":2}' }), put('gone'), put('b'), remove('b'), remove('a')];
      expect(await store.apply(ANN, again, { onlyNew: true })).toEqual({ applied: true, head: 4 });
      expect(await store.apply(ANN, again, { onlyNew: true })).toEqual({ applied: true, head: 4 });
      const log = await wholeLog(store, ANN);
      expect(log.map(({ id, body, seq }) => [id, body, seq])).toEqual([
        ['a', '{"n":1}', 1],
        ['gone', null, 3],
        ['b', '{"text":"b"}', 4],
      ]);
    },
  },
  {
    name: 'what rests on a number is written at that number alone',
    run: async (store, another) => {
      expect(await store.apply(ANN, [put('a')], { expectedHead: 7 })).toEqual({ applied: false, head: 0 });
      expect(await store.partitions({ limit: 10 })).toEqual([]);
      expect(await store.apply(ANN, [put('a')], { expectedHead: 0 })).toEqual({ applied: true, head: 1 });
      const racers = Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? store : another).apply(ANN, [put(`r${index}`)], { expectedHead: 1 }),
      );
      const results = await Promise.all(racers);
      expect(results.filter(({ applied }) => applied)).toEqual([{ applied: true, head: 2 }]);
      expect(await wholeLog(store, ANN)).toHaveLength(2);
    },
  },
  {
    name: 'a call is there whole or not at all',
    run: async (store) => {
      await store.apply(ANN, [put('a')]);
      const tooLong = put('x'.repeat(RECORD_LIMITS.idBytes + 1));
      expect((await refusal(store.apply(ANN, [put('b'), put('a', { body: '{"n":2}' }), tooLong]))).code).toBe('request_invalid');
      expect(await wholeLog(store, ANN)).toEqual([{ ...put('a'), seq: 1 }]);
    },
  },
  {
    name: 'writers at once all have their place, and whoever reads meanwhile misses nothing',
    run: async (store, another) => {
      const writers = 8;
      const rounds = 12;
      let isOver = false;
      const seen = new Map<string, number>();
      const read = async (): Promise<void> => {
        let after = 0;
        for (;;) {
          const stopNow = isOver;
          const page = await another.changes(ANN, after, 7);
          for (const { id, seq } of page.records) {
            expect(seq).toBeGreaterThan(after);
            expect(seen.has(id)).toBe(false);
            seen.set(id, seq);
            after = seq;
          }
          if (stopNow && after >= page.head) return;
          // A driver's answer may be there at once, and the writers wait for the disk.
          await setImmediate();
        }
      };
      const write = async (writer: number): Promise<void> => {
        for (let round = 0; round < rounds; round += 1) {
          const through = (writer + round) % 2 === 0 ? store : another;
          await through.apply(ANN, [put(`${writer}-${round}-a`), put(`${writer}-${round}-b`)]);
        }
      };
      const reading = read();
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
      isOver = true;
      await reading;
      expect(seen.size).toBe(writers * rounds * 2);
      expect([...seen.values()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: seen.size }, (_, index) => index + 1));
      // The two of one call stand side by side.
      for (const [id, seq] of seen) if (id.endsWith('-a')) expect(seen.get(id.replace(/a$/, 'b'))).toBe(seq + 1);
    },
  },
];

const READING: readonly RecordCase[] = [
  {
    name: 'a log is read in pages, of any size, with its deletions',
    run: async (store) => {
      await store.apply(
        ANN,
        Array.from({ length: 25 }, (_, index) => put(`r${index}`)),
      );
      await store.apply(ANN, [remove('r3'), put('r5'), remove('r24')]);
      const whole = await wholeLog(store, ANN);
      expect(whole).toHaveLength(25);
      expect(whole.filter(({ body }) => body === null).map(({ id }) => id)).toEqual(['r3', 'r24']);
      for (const limit of [1, 2, 7, 24, 25, 26, 10_000]) expect(await wholeLog(store, ANN, limit)).toEqual(whole);
      const page = await store.changes(ANN, 28, 10);
      expect(page).toEqual({ generation: page.generation, records: [], head: 28 });
      expect((await store.changes(ANN, 1_000, 10)).records).toEqual([]);
    },
  },
  {
    name: 'large records make short pages, and the largest record is a page',
    run: async (store) => {
      const large = (id: string) => put(id, { body: `{"text":"${id}${'é'.repeat((RECORD_LIMITS.bodyBytes - 12) / 2)}"}` });
      const names = ['a', 'b', 'c', 'd'];
      for (const name of names) await store.apply(ANN, [large(name)]);
      await store.apply(ANN, [put('small')]);
      const first = await store.changes(ANN, 0, 10_000);
      expect(first.records.length).toBeLessThan(4);
      expect(first.head).toBe(5);
      const log = await wholeLog(store, ANN);
      expect(ids(log)).toEqual([...names, 'small']);
      for (const [index, name] of names.entries()) expect(log[index]?.body === large(name).body).toBe(true);
      expect((await store.get(ANN, names)).length).toBe(4);
      const tooLarge = put('e', { body: `"${'x'.repeat(RECORD_LIMITS.bodyBytes)}"` });
      expect((await refusal(store.apply(ANN, [tooLarge]))).code).toBe('request_invalid');
    },
  },
  {
    name: 'ten thousand changes go in at once, and one more does not',
    run: async (store) => {
      const many = Array.from({ length: 10_000 }, (_, index) => put(`r${index}`));
      expect(await store.apply(ANN, many)).toEqual({ applied: true, head: 10_000 });
      expect((await refusal(store.apply(ANN, [...many, put('more')]))).message).toContain('10000');
      expect(await store.get(ANN, ids(await wholeLog(store, ANN)))).toHaveLength(10_000);
      expect((await store.partitions({ limit: 10 }))[0]).toEqual({ ...ANN, records: 10_000, head: 10_000 });
      expect(await store.deleteGroup(ANN, 'g')).toBe(10_000);
      expect((await store.partitions({ limit: 10 }))[0]).toEqual({ ...ANN, records: 0, head: 20_000 });
    },
  },
  {
    name: 'what cannot be a page is refused',
    run: async (store) => {
      for (const [after, limit] of [
        [-1, 1],
        [0.5, 1],
        [0, 0],
        [0, 10_001],
        [Number.NaN, 1],
      ] as const)
        expect((await refusal(store.changes(ANN, after, limit))).code).toBe('request_invalid');
    },
  },
];

/** What every store of records must do; see record-store.ts. */
export function recordConformance(name: string, driver: RecordDriver): void {
  describe(`record store: ${name}`, () => {
    for (const { name: promise, run } of [...WRITING, ...READING, ...FORGETTING, ...APART]) {
      test(promise, async () => {
        const place = await driver.create();
        await using store = place.open();
        await using another = place.open();
        await run(store, another);
      });
    }
  });
}
