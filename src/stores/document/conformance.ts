import { describe, expect, test } from 'bun:test';
import type { DocumentLimits, DocumentRecord, DocumentStore, NewDocument, Owner } from './document-store.ts';

export interface DocumentDriver {
  /** A store of its own, without documents; the suite disposes it. */
  readonly create: () => Promise<DocumentStore> | DocumentStore;
}

interface Case {
  readonly name: string;
  readonly run: (store: DocumentStore) => Promise<void>;
}

const ANN: Owner = { tenant: 'one', user: 'ann' };
const BOB: Owner = { tenant: 'one', user: 'bob' };
const TENANT: Owner = { tenant: 'one', user: '' };
const STRANGER: Owner = { tenant: 'two', user: 'ann' };
const ROOMY: DocumentLimits = { documentsMax: 1_000, bytesMax: 100_000_000 };

/** A document whose content is `name`, unless told otherwise. */
export function newDocument(owner: Owner, name: string, more: Partial<DocumentRecord> & { text?: string } = {}): NewDocument {
  const { text = name, ...fields } = more;
  const record: DocumentRecord = {
    id: `doc_${new Bun.CryptoHasher('md5').update(`${owner.tenant} ${owner.user} ${name}`).digest('hex')}`,
    filename: `${name}.txt`,
    mediaType: 'text/plain',
    bytes: text.length,
    sha256: new Bun.CryptoHasher('sha256').update(name).digest('hex'),
    characters: text.length,
    createdMs: 1_000,
    collection: '',
    metadata: '{"a":"\'; DROP TABLE documents; --"}',
    facts: '{}',
    ...fields,
  };
  return { owner, record, text: new TextEncoder().encode(text) };
}

const CASES: readonly Case[] = [
  {
    name: 'what was added is found, to the byte',
    run: async (store) => {
      const text = `\u{1f600} é \u0000 "'\n${'x'.repeat(3_000_000)}`;
      const { record } = newDocument(ANN, 'a', { text });
      expect(await store.add(newDocument(ANN, 'a', { text }), ROOMY)).toEqual({ kind: 'added' });
      expect(await store.find(ANN, record.id)).toEqual(record);
      expect(await store.findContent(ANN, record)).toEqual(record);
      expect(new TextDecoder().decode(await store.text(ANN, record.id)) === text).toBe(true);
    },
  },
  {
    name: 'owners never meet',
    run: async (store) => {
      const { record } = newDocument(ANN, 'a');
      await store.add(newDocument(ANN, 'a'), ROOMY);
      for (const other of [BOB, TENANT, STRANGER]) {
        expect(await store.find(other, record.id)).toBeUndefined();
        expect(await store.findContent(other, record)).toBeUndefined();
        expect(await store.text(other, record.id)).toBeUndefined();
        expect(await store.list(other, { limit: 10 })).toEqual([]);
        expect(await store.delete(other, record.id)).toBe(false);
        expect(await store.add(newDocument(other, 'a'), ROOMY)).toEqual({ kind: 'added' });
      }
      expect(await store.find(ANN, record.id)).toEqual(record);
    },
  },
  {
    name: 'the same content is the same document, once in each collection',
    run: async (store) => {
      const { record } = newDocument(ANN, 'a');
      const twice = Array.from({ length: 8 }, (_, index) => store.add(newDocument(ANN, 'a', { id: `${record.id}${index}` }), ROOMY));
      const kinds: string[] = (await Promise.all(twice)).map(({ kind }) => kind).sort();
      expect(kinds).toEqual(['added', ...Array.from({ length: 7 }, () => 'duplicate')]);
      expect(await store.add(newDocument(ANN, 'a', { id: 'other', collection: 'c' }), ROOMY)).toEqual({ kind: 'added' });
      expect(await store.list(ANN, { limit: 10 })).toHaveLength(2);
    },
  },
  {
    name: 'a tenant is held to its documents, whoever of it adds them, and however many at once',
    run: async (store) => {
      const limits = { ...ROOMY, documentsMax: 5 };
      const adds = Array.from({ length: 20 }, (_, index) => store.add(newDocument(index % 2 === 0 ? ANN : BOB, `${index}`), limits));
      const results = await Promise.all(adds);
      expect(results.filter(({ kind }) => kind === 'added')).toHaveLength(5);
      expect(results.filter((result) => result.kind === 'full' && result.of === 'documents')).toHaveLength(15);
      expect(await store.add(newDocument(STRANGER, 'a'), limits)).toEqual({ kind: 'added' });
    },
  },
  {
    name: 'a tenant is held to its bytes, and has them back after a deletion',
    run: async (store) => {
      const limits = { ...ROOMY, bytesMax: 100 };
      const first = newDocument(ANN, 'a', { text: 'x'.repeat(60) });
      expect(await store.add(first, limits)).toEqual({ kind: 'added' });
      expect(await store.add(newDocument(BOB, 'b', { text: 'x'.repeat(41) }), limits)).toEqual({ kind: 'full', of: 'bytes' });
      expect(await store.add(newDocument(BOB, 'c', { text: 'x'.repeat(40) }), limits)).toEqual({ kind: 'added' });
      expect(await store.delete(ANN, first.record.id)).toBe(true);
      expect(await store.add(newDocument(BOB, 'b', { text: 'x'.repeat(41) }), limits)).toEqual({ kind: 'added' });
    },
  },
  {
    name: 'what was deleted is gone, once',
    run: async (store) => {
      const { record } = newDocument(ANN, 'a');
      await store.add(newDocument(ANN, 'a'), ROOMY);
      expect(await store.delete(ANN, record.id)).toBe(true);
      expect(await store.delete(ANN, record.id)).toBe(false);
      expect(await store.find(ANN, record.id)).toBeUndefined();
      expect(await store.text(ANN, record.id)).toBeUndefined();
      expect(await store.add(newDocument(ANN, 'a'), ROOMY)).toEqual({ kind: 'added' });
    },
  },
  {
    name: 'a list is in pages, newest first, which what is added meanwhile does not shift',
    run: async (store) => {
      // Some in the same millisecond.
      for (let index = 0; index < 10; index += 1)
        await store.add(
          newDocument(ANN, `${index}`, { createdMs: 1_000 + Math.floor(index / 3), collection: index % 2 === 0 ? 'even' : '' }),
          ROOMY,
        );
      const all = await store.list(ANN, { limit: 100 });
      expect(all.map(({ createdMs }) => createdMs)).toEqual([1_003, 1_002, 1_002, 1_002, 1_001, 1_001, 1_001, 1_000, 1_000, 1_000]);
      const first = await store.list(ANN, { limit: 4 });
      await store.add(newDocument(ANN, 'late', { createdMs: 9_000 }), ROOMY);
      const second = await store.list(ANN, { limit: 100, after: first.at(-1) });
      expect([...first, ...second]).toEqual(all);
      expect((await store.list(ANN, { limit: 100, collection: 'even' })).length).toBe(5);
    },
  },
];

/** What every store of documents must do; see document-store.ts. */
export function documentConformance(name: string, driver: DocumentDriver): void {
  describe(`document store: ${name}`, () => {
    for (const { name: promise, run } of CASES) {
      test(promise, async () => {
        await using store = await driver.create();
        await run(store);
      });
    }
  });
}
