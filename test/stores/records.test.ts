/* The store of records on real files: its promises, what several processes and a kill -9 make of it, and what is left of deleted text. */
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordConformance } from '../../src/stores/record/conformance.ts';
import { wholeLog } from '../../src/stores/record/conformance-ground.ts';
import type { Partition, RecordStore } from '../../src/stores/record/record-store.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';
import { startProcess } from '../harness/process.ts';
import { rejection } from '../harness/rejection.ts';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-records-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const newPath = () => join(folder, crypto.randomUUID(), 'gatehouse.db');
const ANN: Partition = { tenant: 't', kind: 'memory', name: 'ann' };

recordConformance('SQLite in memory', {
  create: () => {
    // Memory has one connection: whoever opens it again has the same.
    const store = openSqliteRecords(':memory:');
    const shared = new Proxy(store, {
      get: (target, name) => {
        if (name === Symbol.asyncDispose) return async () => {};
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (...given: unknown[]) => Reflect.apply(value, target, given) as unknown : value;
      },
    });
    return { open: () => shared };
  },
});
recordConformance('SQLite in a file', {
  create: () => {
    const path = newPath();
    return { open: () => openSqliteRecords(path) };
  },
});

describe('records in a file', () => {
  for (const { name, forget } of [
    { name: 'a record', forget: (store: RecordStore) => store.apply(ANN, [{ id: 'gone', group: 'g', kind: 'turn', body: null }]) },
    { name: 'a group', forget: (store: RecordStore) => store.deleteGroup(ANN, 'g') },
    { name: 'a partition', forget: (store: RecordStore) => store.erase(ANN) },
  ]) {
    test(`forget the text of ${name} in every file`, async () => {
      const path = newPath();
      await using store = openSqliteRecords(path);
      // Longer than a page, and shorter: kept in different places.
      for (const size of [1, 20, 2_000]) {
        const secret = 'the-secret-of-the-house '.repeat(size);
        await store.apply(ANN, [{ id: 'gone', group: 'g', kind: 'turn', body: JSON.stringify({ secret }) }]);
        await store.apply({ ...ANN, name: 'bob' }, [{ id: 'kept', group: 'g', kind: 'turn', body: '{"text":"what-is-kept"}' }]);
        expect(await everything(path)).toContain('the-secret-of-the-house');
        await forget(store);
        const left = await everything(path);
        expect(left).not.toContain('the-secret-of-the-house');
        expect(left).toContain('what-is-kept');
      }
    });
  }

  test('forget a text that another process was reading as soon as it may', async () => {
    const path = newPath();
    await using store = openSqliteRecords(path);
    await store.apply(ANN, [{ id: 'gone', group: 'g', kind: 'turn', body: '{"text":"the-secret-of-the-house"}' }]);
    {
      using reader = new Database(path, { readonly: true });
      reader.run('BEGIN');
      reader.query('SELECT count(*) FROM records').get();
      expect(await store.erase(ANN)).toBe(1);
      expect(await everything(path)).toContain('the-secret-of-the-house');
      reader.run('COMMIT');
    }
    await store.apply({ ...ANN, name: 'bob' }, [{ id: 'a', group: '', kind: 'turn', body: '{}' }]);
    expect(await everything(path)).not.toContain('the-secret-of-the-house');
  });

  test('hold every change that was acknowledged, in the order of their numbers, after writers were killed', async () => {
    const path = newPath();
    const writers = await Promise.all(
      ['one', 'two', 'three'].map((writer) =>
        startProcess({
          command: process.execPath,
          args: [join(import.meta.dir, 'record-writer-program.ts'), path, writer],
          readyPattern: /^wrote 20$/,
        }),
      ),
    );
    await Bun.sleep(30);
    for (const writer of writers) writer.kill('SIGKILL');
    await Promise.all(writers.map(({ exited }) => exited));
    await using store = openSqliteRecords(path);
    const records = await wholeLog(store, ANN);
    expect(records.every(({ seq }, index) => seq === index + 1)).toBe(true);
    for (const [index, writer] of writers.entries()) {
      const name = ['one', 'two', 'three'][index] ?? '';
      const written = records.filter(({ id }) => id.startsWith(`${name}-`));
      const acknowledged = writer.stdout.filter((line) => line.startsWith('wrote ')).length;
      // Each call writes three: whole or not at all.
      expect(written.length % 3).toBe(0);
      expect(written.length / 3).toBeGreaterThanOrEqual(acknowledged);
    }
    using database = new Database(path);
    expect(database.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  }, 60_000);

  test('that cannot be used are told so, and the log is told why', async () => {
    const path = newPath();
    const faults: string[] = [];
    await using store = openSqliteRecords(path, (message) => faults.push(message));
    await store.apply(ANN, [{ id: 'a', group: '', kind: 'turn', body: '{}' }]);
    {
      using database = new Database(path);
      database.run('ALTER TABLE records RENAME TO elsewhere');
    }
    const error = await rejection(store.apply(ANN, [{ id: 'b', group: '', kind: 'turn', body: '{}' }]));
    expect(error).toMatchObject({ code: 'storage_unavailable' });
    expect(String(error)).not.toContain('elsewhere');
    expect(faults).toHaveLength(1);
  });
});

/** All bytes of all files of the store. */
async function everything(path: string): Promise<string> {
  const files = await readdir(join(path, '..'));
  const texts = await Promise.all(
    files.map(async (file) => Buffer.from(await Bun.file(join(path, '..', file)).bytes()).toString('latin1')),
  );
  return texts.join('\n');
}
