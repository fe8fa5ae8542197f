/* What callers have at vendors, on real files: its promises, and that it outlives the process. */
import { afterAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/system-clock.ts';
import { newDocument } from '../../src/stores/document/conformance.ts';
import { createSqliteDocumentStore } from '../../src/stores/document/sqlite-store.ts';
import { vendorObjectConformance } from '../../src/stores/vendor-object/conformance.ts';
import { createSqliteVendorObjectStore } from '../../src/stores/vendor-object/sqlite-store.ts';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-objects-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const newPath = () => `sqlite:${join(folder, crypto.randomUUID(), 'gatehouse.db')}`;
const deps = { clock: systemClock, onFault: (message: string) => expect.unreachable(message) };
const open = (records: string) => createSqliteVendorObjectStore(records, deps);

vendorObjectConformance('SQLite in memory', { create: () => open('memory') });
vendorObjectConformance('SQLite in a file', { create: () => open(newPath()) });

test('it is still there for the next process, in a file that documents share', async () => {
  const records = newPath();
  const owner = { tenant: 't', user: 'u' };
  const object = { provider: 'p', id: 'file-1', kind: 'file', owner, createdMs: 1, body: '{}' } as const;
  {
    await using documents = createSqliteDocumentStore(records, deps);
    await using objects = open(records);
    await Promise.all([
      objects.keep(object, { claim: true }),
      documents.add(newDocument(owner, 'a'), { documentsMax: 10, bytesMax: 1_000 }),
    ]);
  }
  await using objects = open(records);
  await using documents = createSqliteDocumentStore(records, deps);
  expect(await objects.find('file-1')).toEqual([object]);
  expect(await documents.list(owner, { limit: 10 })).toHaveLength(1);
});

test('a file that cannot be opened is told so', async () => {
  const faults: string[] = [];
  await using store = createSqliteVendorObjectStore('sqlite:/proc/nowhere/x.db', {
    clock: systemClock,
    onFault: (message) => faults.push(message),
  });
  expect(await store.find('x').catch((error: unknown) => error)).toMatchObject({ code: 'storage_unavailable' });
  expect(faults).toHaveLength(1);
});
