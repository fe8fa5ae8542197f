/* The store of documents on real files: its promises, its permissions, what several processes and a kill -9 make of it. */
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { documentConformance, newDocument } from '../../src/stores/document/conformance.ts';
import type { DocumentStore } from '../../src/stores/document/document-store.ts';
import { createSqliteDocumentStore } from '../../src/stores/document/sqlite-store.ts';
import { startProcess } from '../harness/process.ts';
import { rejection } from '../harness/rejection.ts';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-documents-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const newPath = () => join(folder, crypto.randomUUID(), 'deep', 'gatehouse.db');
const OWNER = { tenant: 't', user: 'u' };
const ROOMY = { documentsMax: 100_000, bytesMax: 1_000_000_000 };

function open(path: string, faults: string[] = []): DocumentStore {
  return createSqliteDocumentStore(path === 'memory' ? path : `sqlite:${path}`, {
    clock: systemClock,
    onFault: (message) => faults.push(message),
  });
}

documentConformance('SQLite in memory', { create: () => open('memory') });
documentConformance('SQLite in a file', { create: () => open(newPath()) });

describe('a store of documents in a file', () => {
  test('is for its owner alone', async () => {
    const path = newPath();
    await using store = open(path);
    await store.add(newDocument(OWNER, 'a'), ROOMY);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    const files = await readdir(join(path, '..'));
    expect(files.sort()).toEqual(['gatehouse.db', 'gatehouse.db-shm', 'gatehouse.db-wal']);
    for (const file of files) expect((await stat(join(path, '..', file))).mode & 0o777).toBe(0o600);
  });

  test('makes nothing before the first call', async () => {
    const path = newPath();
    await open(path)[Symbol.asyncDispose]();
    expect(await Bun.file(path).exists()).toBe(false);
  });

  test('forgets a deleted text in its files too', async () => {
    const path = newPath();
    await using store = open(path);
    const secret = 'the-secret-of-the-house '.repeat(500);
    const kept = newDocument(OWNER, 'kept', { text: 'kept-text '.repeat(500) });
    const gone = newDocument(OWNER, 'gone', { filename: 'secret-name.txt', text: secret });
    await store.add(kept, ROOMY);
    await store.add(gone, ROOMY);
    expect(await everything(path)).toContain('the-secret-of-the-house');
    await store.delete(OWNER, gone.record.id);
    const left = await everything(path);
    expect(left).not.toContain('the-secret-of-the-house');
    expect(left).not.toContain('secret-name');
    expect(left).toContain('kept-text');
  });

  test('is shared by several, who together keep to the limit', async () => {
    const path = newPath();
    await using one = open(path);
    await using other = open(path);
    const limits = { ...ROOMY, documentsMax: 10 };
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? one : other).add(newDocument(OWNER, `${index}`), limits)),
    );
    expect(results.filter(({ kind }) => kind === 'added')).toHaveLength(10);
    expect(await one.list(OWNER, { limit: 100 })).toEqual(await other.list(OWNER, { limit: 100 }));
  });

  test('that cannot be opened says so, tells the log why, and works when it can', async () => {
    const path = newPath();
    await mkdir(path, { recursive: true });
    const faults: string[] = [];
    await using store = open(path, faults);
    const error = await rejection(store.list(OWNER, { limit: 1 }));
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ code: 'storage_unavailable' });
    expect(String(error)).not.toContain(folder);
    expect(faults).toHaveLength(1);
    await rm(path, { recursive: true });
    expect(await store.list(OWNER, { limit: 1 })).toEqual([]);
  });

  test('is not touched when a later release made it', async () => {
    const path = newPath();
    await open(path).list(OWNER, { limit: 1 });
    {
      using database = new Database(path);
      database.run("UPDATE schema_versions SET version = 999 WHERE component = 'documents'");
    }
    const faults: string[] = [];
    await using store = open(path, faults);
    await rejection(store.add(newDocument(OWNER, 'a'), ROOMY));
    expect(faults[0]).toContain('version 999');
  });

  test('of damaged bytes is refused, not repaired', async () => {
    const path = newPath();
    await Bun.write(path, 'this is no database at all, but it is longer than a header '.repeat(50));
    await chmod(path, 0o600);
    await using store = open(path);
    expect(await rejection(store.add(newDocument(OWNER, 'a'), ROOMY))).toMatchObject({ code: 'storage_unavailable' });
  });

  test('holds whole documents, and all that were acknowledged, after kill -9 in the middle of writing', async () => {
    const path = newPath();
    for (let round = 0; round < 3; round += 1) {
      const writer = await startProcess({
        command: process.execPath,
        args: [join(import.meta.dir, 'document-writer-program.ts'), path, String(round)],
        readyPattern: /^added 3$/,
      });
      // In whatever it is doing just then.
      await Bun.sleep(5 + round * 7);
      writer.kill('SIGKILL');
      await writer.exited;
      const acknowledged = writer.stdout.filter((line) => /^added \d+$/.test(line)).length;
      await using store = open(path);
      const found = (await store.list(OWNER, { limit: 10_000 })).filter(({ filename }) => filename.startsWith(`${round}-`));
      expect(found.length).toBeGreaterThanOrEqual(acknowledged);
      for (const { id, characters } of found) expect((await store.text(OWNER, id))?.length).toBe(characters);
      using database = new Database(path);
      expect(database.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    }
  }, 60_000);
});

/** All bytes of all files of the store. */
async function everything(path: string): Promise<string> {
  const files = await readdir(join(path, '..'));
  const texts = await Promise.all(
    files.map(async (file) => Buffer.from(await Bun.file(join(path, '..', file)).bytes()).toString('latin1')),
  );
  return texts.join('\n');
}
