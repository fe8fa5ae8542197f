import { describe, expect, test } from 'bun:test';
import type { Owner, VendorObject, VendorObjectQuery, VendorObjectStore } from './vendor-object-store.ts';

export interface VendorObjectDriver {
  /** A store of its own, without objects; the suite disposes it. */
  readonly create: () => Promise<VendorObjectStore> | VendorObjectStore;
}

interface Case {
  readonly name: string;
  readonly run: (store: VendorObjectStore) => Promise<void>;
}

const ANN: Owner = { tenant: 'one', user: 'ann' };
const OTHERS: readonly Owner[] = [
  { tenant: 'one', user: 'bob' },
  { tenant: 'one', user: '' },
  { tenant: 'two', user: 'ann' },
];
const object = (id: string, more: Partial<VendorObject> = {}): VendorObject => ({
  provider: 'p',
  id,
  kind: 'file',
  owner: ANN,
  createdMs: 1_000,
  body: `{"id":"${id}"}`,
  ...more,
});
const all = (more: Partial<VendorObjectQuery> = {}): VendorObjectQuery => ({
  kind: 'file',
  provider: undefined,
  order: 'newest',
  after: undefined,
  limit: 100,
  ...more,
});
const KEEP = { claim: false };

const CASES: readonly Case[] = [
  {
    name: 'what was kept is found, with its owner, and its newer body stands for the older',
    run: async (store) => {
      expect(await store.keep(object('a'), KEEP)).toBe(true);
      expect(await store.find('a')).toEqual([object('a')]);
      expect(await store.keep(object('a', { body: '{"é":"\'; DROP TABLE vendor_objects; --"}', createdMs: 9_000 }), KEEP)).toBe(true);
      expect((await store.find('a'))[0]).toMatchObject({ body: '{"é":"\'; DROP TABLE vendor_objects; --"}', createdMs: 1_000 });
      // One that is only named says nothing new.
      expect(await store.keep(object('a', { body: '' }), KEEP)).toBe(true);
      expect((await store.find('a'))[0]?.body).toContain('DROP');
      expect(await store.find('b')).toEqual([]);
    },
  },
  {
    name: 'an object has one owner, until another claims it',
    run: async (store) => {
      await store.keep(object('a'), KEEP);
      for (const owner of OTHERS) {
        expect(await store.keep(object('a', { owner, body: 'theirs' }), KEEP)).toBe(false);
        expect(await store.list(owner, all())).toEqual([]);
      }
      expect(await store.find('a')).toEqual([object('a')]);
      const [owner = ANN] = OTHERS;
      expect(await store.keep(object('a', { owner, body: 'theirs' }), { claim: true })).toBe(true);
      expect(await store.list(ANN, all())).toEqual([]);
      expect(await store.list(owner, all())).toHaveLength(1);
    },
  },
  {
    name: 'the same id at two providers is two objects',
    run: async (store) => {
      await store.keep(object('a'), KEEP);
      await store.keep(object('a', { provider: 'q', owner: { tenant: 'two', user: '' } }), KEEP);
      expect((await store.find('a')).map(({ provider }) => provider)).toEqual(['p', 'q']);
      expect(await store.delete({ provider: 'p', id: 'a' })).toBe(true);
      expect(await store.delete({ provider: 'p', id: 'a' })).toBe(false);
      expect((await store.find('a')).map(({ provider }) => provider)).toEqual(['q']);
      expect([await store.count('one'), await store.count('two')]).toEqual([0, 1]);
    },
  },
  {
    name: 'a list is in pages, of one kind and one owner, in either order, which what is added meanwhile does not shift',
    run: async (store) => {
      for (let index = 0; index < 9; index += 1) await store.keep(object(`f${index}`, { createdMs: 1_000 + Math.floor(index / 3) }), KEEP);
      await store.keep(object('b', { kind: 'batch' }), KEEP);
      await store.keep(object('q', { provider: 'q' }), KEEP);
      const newest = (await store.list(ANN, all({ provider: 'p' }))).map(({ id }) => id);
      expect(newest).toEqual(['f8', 'f7', 'f6', 'f5', 'f4', 'f3', 'f2', 'f1', 'f0']);
      expect((await store.list(ANN, all({ provider: 'p', order: 'oldest' }))).map(({ id }) => id)).toEqual(newest.toReversed());
      const first = await store.list(ANN, all({ provider: 'p', limit: 4 }));
      await store.keep(object('late', { createdMs: 9_000 }), KEEP);
      const second = await store.list(ANN, all({ provider: 'p', after: first.at(-1) }));
      expect([...first, ...second].map(({ id }) => id)).toEqual(newest);
      expect((await store.list(ANN, all({ kind: 'batch' }))).map(({ id }) => id)).toEqual(['b']);
      expect(await store.count('one')).toBe(12);
    },
  },
];

/** What every store of vendors' objects must do; see vendor-object-store.ts. */
export function vendorObjectConformance(name: string, driver: VendorObjectDriver): void {
  describe(`store of vendors' objects: ${name}`, () => {
    for (const { name: promise, run } of CASES) {
      test(promise, async () => {
        await using store = await driver.create();
        await run(store);
      });
    }
  });
}
