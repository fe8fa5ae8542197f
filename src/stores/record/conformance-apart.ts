/* The suite's cases of what is deleted, and of partitions and their keys. */

import { expect } from 'bun:test';
import { ANN, HOSTILE, ids, OTHERS, put, type RecordCase, refusal, remove, wholeLog } from './conformance-ground.ts';
import { RECORD_LIMITS } from './record-limits.ts';
import type { Partition } from './record-store.ts';

export const FORGETTING: readonly RecordCase[] = [
  {
    name: 'a group is deleted at once, and told record by record',
    run: async (store) => {
      await store.apply(ANN, [put('a'), put('b', { group: 'h' }), put('c'), put('d')]);
      await store.apply(ANN, [remove('d')]);
      expect(await store.deleteGroup(ANN, 'g')).toBe(2);
      expect(await store.deleteGroup(ANN, 'g')).toBe(0);
      expect(await store.deleteGroup({ ...ANN, name: 'nobody' }, 'g')).toBe(0);
      const page = await store.changes(ANN, 5, 10);
      expect(page.head).toBe(7);
      expect(page.records.toSorted((x, y) => (x.id < y.id ? -1 : 1)).map(({ id, group, body }) => [id, group, body])).toEqual([
        ['a', 'g', null],
        ['c', 'g', null],
      ]);
      expect(ids(await store.get(ANN, ['a', 'b', 'c', 'd']))).toEqual(['b']);
    },
  },
  {
    name: 'after an erasure nothing is left, and the generation is another one',
    run: async (store, another) => {
      expect((await store.changes(ANN, 0, 10)).generation).toBe('');
      await store.apply(ANN, [put('a'), put('b'), put('c')]);
      await store.apply(ANN, [remove('c')]);
      await store.setNote(ANN, 'n', 'v');
      const { generation } = await another.changes(ANN, 0, 10);
      expect(generation).not.toBe('');
      await store.apply(ANN, [put('d')]);
      expect((await store.changes(ANN, 0, 10)).generation).toBe(generation);
      expect(await store.erase(ANN)).toBe(3);
      expect(await store.erase(ANN)).toBe(0);
      for (const reader of [store, another]) {
        expect(await reader.changes(ANN, 0, 10)).toEqual({ generation: '', records: [], head: 0 });
        expect(await reader.changes(ANN, 4, 10)).toEqual({ generation: '', records: [], head: 0 });
        expect(await reader.get(ANN, ['a'])).toEqual([]);
        expect(await reader.note(ANN, 'n')).toBeUndefined();
        expect(await reader.partitions({ limit: 10 })).toEqual([]);
      }
      expect(await another.apply(ANN, [put('a')], { onlyNew: true })).toEqual({ applied: true, head: 1 });
      const next = await store.changes(ANN, 0, 10);
      expect(next.generation).not.toBe('');
      expect(next.generation).not.toBe(generation);
      expect(ids(next.records)).toEqual(['a']);
    },
  },
  {
    name: 'those who write while it is erased write into the partition before or after, never between',
    run: async (store, another) => {
      for (let round = 0; round < 10; round += 1) {
        const writes = Array.from({ length: 6 }, (_, index) =>
          (index % 2 === 0 ? store : another).apply(ANN, [put(`${round}-${index}-a`), put(`${round}-${index}-b`)]),
        );
        const erasing = (round % 2 === 0 ? store : another).erase(ANN);
        await Promise.all([...writes, erasing]);
        const { records, head } = await store.changes(ANN, 0, 100);
        expect(records.length % 2).toBe(0);
        expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: head }, (_, index) => index + 1));
        await store.erase(ANN);
      }
    },
  },
  {
    name: 'notes are kept by name, and gone with the partition',
    run: async (store, another) => {
      expect(await store.note(ANN, 'position')).toBeUndefined();
      await store.apply(ANN, [put('a')]);
      await store.setNote(ANN, 'position', '1');
      await another.setNote(ANN, 'position', '2');
      await store.setNote(ANN, 'other', HOSTILE.slice(0, 10).join());
      expect([await store.note(ANN, 'position'), await another.note(ANN, 'other')]).toEqual(['2', HOSTILE.slice(0, 10).join()]);
      // A note makes no number.
      expect((await store.changes(ANN, 0, 10)).head).toBe(1);
      await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? store : another).setNote(ANN, 'race', String(index))));
      expect(await store.note(ANN, 'race')).toMatch(/^\d$/);
    },
  },
  {
    name: 'a note brings nothing back that was erased, and makes no partition',
    run: async (store, another) => {
      await store.setNote(ANN, 'n', 'never');
      await store.apply(ANN, [put('a')]);
      await store.setNote(ANN, 'n', 'there');
      await another.erase(ANN);
      await store.setNote(ANN, 'n', 'late');
      expect([await store.note(ANN, 'n'), await store.partitions({ tenant: ANN.tenant, limit: 10 })]).toEqual([undefined, []]);
    },
  },
];

export const APART: readonly RecordCase[] = [
  {
    name: 'partitions never meet',
    run: async (store) => {
      await store.apply(ANN, [put('a'), put('mine')]);
      await store.setNote(ANN, 'n', 'mine');
      for (const other of OTHERS) {
        expect(await store.get(other, ['a', 'mine'])).toEqual([]);
        expect(await store.changes(other, 0, 10)).toEqual({ generation: '', records: [], head: 0 });
        expect(await store.note(other, 'n')).toBeUndefined();
        expect(await store.deleteGroup(other, 'g')).toBe(0);
        expect(await store.erase(other)).toBe(0);
        expect(await store.apply(other, [remove('a'), put('a', { body: '{"theirs":1}' })])).toEqual({ applied: true, head: 1 });
        await store.setNote(other, 'n', 'theirs');
      }
      expect(await wholeLog(store, ANN)).toEqual([
        { ...put('a'), seq: 1 },
        { ...put('mine'), seq: 2 },
      ]);
      expect(await store.note(ANN, 'n')).toBe('mine');
      for (const other of OTHERS) expect(await store.erase(other)).toBe(1);
      expect(await wholeLog(store, ANN)).toHaveLength(2);
    },
  },
  {
    name: 'every character of a key counts, and comes back as it was',
    run: async (store) => {
      for (const name of HOSTILE) {
        const partition: Partition = { tenant: name.slice(0, RECORD_LIMITS.tenantBytes), kind: 'memory', name };
        await store.apply(
          partition,
          HOSTILE.map((id) => put(id, { group: id, body: JSON.stringify({ in: name.slice(0, 9), id }) })),
        );
        await store.setNote(partition, name.slice(0, RECORD_LIMITS.noteNameBytes), name);
      }
      const partitions = await store.partitions({ limit: 10_000 });
      expect(partitions.map(({ name }) => name).toSorted()).toEqual(HOSTILE.toSorted());
      for (const { records, head, ...partition } of partitions) {
        expect([records, head]).toEqual([HOSTILE.length, HOSTILE.length]);
        const log = await wholeLog(store, partition);
        expect(ids(log)).toEqual(HOSTILE);
        expect(log.map(({ group }) => group)).toEqual(HOSTILE);
        expect(log.map(({ body }) => (JSON.parse(body ?? '') as { id: string }).id)).toEqual(HOSTILE);
        expect(await store.note(partition, partition.name.slice(0, RECORD_LIMITS.noteNameBytes))).toBe(partition.name);
      }
      const [first] = partitions;
      if (first === undefined) throw new Error('there are partitions');
      for (const id of HOSTILE) {
        expect(ids(await store.get(first, [id]))).toEqual([id]);
        expect(await store.deleteGroup(first, id)).toBe(1);
      }
      expect(await store.erase(first)).toBe(0);
    },
  },
  {
    name: 'a body comes back to the byte, whatever stands in it',
    run: async (store) => {
      const bodies = [
        '{}',
        '{"a":"\\u0000 \\ud800"}',
        '{"a":"\u0001\u0000"}',
        `{"a":"${'\\'.repeat(1_000)}"}`,
        '{"a":1.0,"a":2e400,"b": [ ]}',
      ];
      await store.apply(
        ANN,
        bodies.map((body, index) => put(`b${index}`, { body })),
      );
      expect((await wholeLog(store, ANN)).map(({ body }) => body)).toEqual(bodies);
    },
  },
  {
    name: 'what cannot be a key is refused, in words, before anything is written',
    run: async (store) => {
      const long = 'x'.repeat(10_000);
      const refused: Promise<unknown>[] = [];
      for (const bad of [long, '\ud800', 'a\udc00b']) {
        refused.push(
          store.apply({ ...ANN, tenant: bad }, [put('a')]),
          store.apply({ ...ANN, name: bad }, [put('a')]),
          store.apply(ANN, [put(bad)]),
          store.apply(ANN, [put('a', { group: bad })]),
          store.apply(ANN, [put('a', { kind: bad })]),
          store.get(ANN, [bad]),
          store.get({ ...ANN, name: bad }, ['a']),
          store.changes({ ...ANN, name: bad }, 0, 10),
          store.deleteGroup(ANN, bad),
          store.erase({ ...ANN, name: bad }),
          store.note(ANN, bad),
          store.setNote(ANN, bad, 'v'),
        );
      }
      refused.push(store.apply(ANN, [put('a', { body: '{"a":"\ud800"}' })]), store.apply(ANN, [put('')]), store.note(ANN, ''));
      refused.push(store.apply({ ...ANN, kind: 'other' as 'memory' }, [put('a')]));
      for (const each of refused) {
        const error = await refusal(each);
        expect(error.code).toBe('request_invalid');
        expect(error.message.length).toBeLessThan(200);
      }
      expect(await store.partitions({ limit: 10 })).toEqual([]);
    },
  },
  {
    name: 'partitions are listed in order, of all tenants or of one, page by page',
    run: async (store) => {
      const tenants = ['b', 'a', 'a\u0000', 'é', 'B'];
      for (const tenant of tenants) {
        for (const name of ['2', '10', '']) await store.apply({ tenant, kind: 'knowledge', name }, [put('a'), put('b')]);
        await store.apply({ tenant, kind: 'memory', name: '' }, [put('a')]);
        await store.apply({ tenant, kind: 'memory', name: '' }, [remove('a')]);
      }
      const keys = (await store.partitions({ limit: 10_000 })).map(({ tenant, kind, name, records }) => [tenant, kind, name, records]);
      expect(keys).toEqual(
        ['B', 'a', 'a\u0000', 'b', 'é'].flatMap((tenant) => [
          [tenant, 'knowledge', '', 2],
          [tenant, 'knowledge', '10', 2],
          [tenant, 'knowledge', '2', 2],
          [tenant, 'memory', '', 0],
        ]),
      );
      const paged: unknown[] = [];
      let after: Partition | undefined;
      for (;;) {
        const page = await store.partitions({ limit: 3, ...(after === undefined ? {} : { after }) });
        paged.push(...page.map(({ tenant, kind, name, records }) => [tenant, kind, name, records]));
        after = page.at(-1);
        if (page.length < 3) break;
      }
      expect(paged).toEqual(keys);
      const all = await store.partitions({ limit: 10_000 });
      expect(await store.heads({ limit: 10_000 })).toEqual(all.map(({ records: _records, ...head }) => head));
      const sixth = all[5];
      expect(await store.heads({ limit: 2, ...(sixth === undefined ? {} : { after: sixth }) })).toEqual(
        all.slice(6, 8).map(({ records: _records, ...head }) => head),
      );
      expect(await store.heads({ tenant: 'a', limit: 10 })).toHaveLength(4);
      expect(await store.partitions({ tenant: 'a', limit: 10 })).toHaveLength(4);
      expect(await store.partitions({ tenant: 'nobody', limit: 10 })).toEqual([]);
    },
  },
];
