/* `gatehouse backup` and `gatehouse restore`: the real commands on a real database, while a gateway and other processes write to it. */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest } from '../../src/stores/backup/backup-file.ts';
import { wholeLog } from '../../src/stores/record/conformance-ground.ts';
import type { Partition } from '../../src/stores/record/record-store.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { startProcess } from '../harness/process.ts';
import { type Run, runGatehouse } from '../harness/run-gatehouse.ts';
import { AUTH, call, LIMITS, upload } from './upload-client.ts';

const ANN: Partition = { tenant: 't', kind: 'memory', name: 'ann' };
let folder: string;
let place: string;
let database: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-backup-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A folder of its own, with a database in it that holds something. */
async function begin(): Promise<void> {
  place = join(folder, crypto.randomUUID());
  database = join(place, 'data', 'gatehouse.db');
  await mkdir(place);
  await using records = openSqliteRecords(database);
  await records.apply(ANN, [
    { id: 'a', group: 's1', kind: 'turn', body: '{"text":"Ann keeps bees"}' },
    { id: 'gone', group: 's1', kind: 'turn', body: '{"text":"what-was-deleted"}' },
  ]);
  await records.apply(ANN, [{ id: 'gone', group: 's1', kind: 'turn', body: null }]);
  await records.setNote(ANN, 'vectors', '{"cursor":3}');
}
const gateway = (): Promise<GatewayProcess> =>
  startGateway({ config: { auth: AUTH, limits: LIMITS, state: { records: `sqlite:${database}` } } });
const run = (...args: string[]): Promise<Run> => runGatehouse(args, { cwd: place });
const file = (name: string) => join(place, name);
const textsIn = async (path: string) => {
  await using records = openSqliteRecords(path);
  return (await wholeLog(records, ANN)).flatMap(({ body }) => (body === null ? [] : [(JSON.parse(body) as { text: string }).text]));
};

describe('a backup', () => {
  test('of a database that a gateway and others write to is whole, consistent, and only its owner’s', async () => {
    await begin();
    await using running = await gateway();
    const stored = await upload(running, 'before the backup');
    const writers = await Promise.all(
      ['one', 'two'].map((writer) =>
        startProcess({
          command: process.execPath,
          args: [join(import.meta.dir, '../stores/record-writer-program.ts'), database, writer],
          readyPattern: /^wrote 50$/,
        }),
      ),
    );
    const uploading = async () => {
      const statuses: number[] = [];
      for (let index = 0; index < 5; index += 1) statuses.push((await upload(running, `while it is made ${index}`)).status);
      return statuses;
    };
    const [made, statuses] = await Promise.all([run('backup', 'made.db'), uploading()]);
    for (const writer of writers) await writer[Symbol.asyncDispose]();
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(/made\.db: .* in [\d.]+ s\n +[\d,]+ partitions\n +[\d,]+ records\n +\d+ documents\n/);
    expect((await stat(file('made.db'))).mode & 0o777).toBe(0o600);
    expect((await readdir(place)).sort()).toEqual(['data', 'made.db']);
    // SQLite opens it as it is.
    using copy = new Database(file('made.db'), { readonly: true });
    expect(copy.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const { head } = copy.query<{ head: number }, []>("SELECT head FROM record_partitions WHERE name = 'ann'").get() ?? { head: 0 };
    const seqs = copy.query<{ seq: number }, []>('SELECT seq FROM records ORDER BY seq').all();
    // Of one moment: all that the head counts, and nothing else.
    expect(seqs.at(-1)?.seq).toBe(head);
    expect(seqs.length).toBeGreaterThan(300);
    expect(
      copy
        .query<{ id: string }, []>('SELECT id FROM documents')
        .all()
        .map(({ id }) => id),
    ).toContain(stored.body.id);
    const manifest = await readManifest(file('made.db'));
    expect(manifest.counts['records']).toBe(seqs.length - 1);
    expect(manifest.components).toMatchObject({ records: 1, documents: 1 });
  }, 60_000);

  test('holds no deleted text', async () => {
    await begin();
    expect((await run('backup', 'made.db')).code).toBe(0);
    expect(await Bun.file(file('made.db')).text()).not.toContain('what-was-deleted');
  });

  test('replaces nothing unless it is told to', async () => {
    await begin();
    await Bun.write(file('mine.txt'), 'mine');
    const refused = await run('backup', 'mine.txt');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(await Bun.file(file('mine.txt')).text()).toBe('mine');
    expect((await run('backup', 'mine.txt', '--force')).code).toBe(0);
    expect(await readManifest(file('mine.txt'))).toMatchObject({ format: 1 });
    expect((await run('backup', 'data/gatehouse.db', '--force')).stderr).toContain('is the database itself');
    expect(await textsIn(database)).toEqual(['Ann keeps bees']);
  });

  test('that cannot be made says why, and leaves nothing', async () => {
    await begin();
    for (const { args, code, says } of [
      { args: ['made.db', '--set', 'state.records=sqlite:./elsewhere.db'], code: 1, says: 'there is no database at' },
      { args: ['nowhere/made.db'], code: 1, says: 'cannot be written' },
      { args: ['made.db', '--set', 'state.records=memory'], code: 1, says: 'nothing to back up' },
      { args: ['made.db', '--set', 'state.records=postgres://u:s3cret-word@h/d'], code: 1, says: 'pg_dump' },
      { args: ['made.db', '--set', 'state.records=redis://h'], code: 1, says: 'state.records' },
      { args: [], code: 2, says: 'FILE' },
      { args: ['a', 'b'], code: 2, says: 'FILE' },
    ]) {
      const answer = await run('backup', ...args);
      expect(answer.stderr).toContain(says);
      expect(answer.stderr).not.toContain('s3cret-word');
      expect(answer).toMatchObject({ code, stdout: '' });
    }
    await Bun.write(file('broken.db'), 'no database '.repeat(1_000));
    expect(await run('backup', 'made.db', '--set', 'state.records=sqlite:./broken.db')).toMatchObject({ code: 1 });
    expect((await readdir(place)).sort()).toEqual(['broken.db', 'data']);
  }, 60_000);
});

describe('a restore', () => {
  test('puts back what was, keeps what is, and the gateway goes on with it', async () => {
    await begin();
    let id: string;
    {
      await using running = await gateway();
      ({ id } = (await upload(running, 'kept')).body as { id: string });
      expect((await run('backup', 'made.db')).code).toBe(0);
      expect((await call(running, `/v1/upload/${id}`, { method: 'DELETE' })).status).toBe(200);
      await upload(running, 'came later');
      // It is in use.
      const refused = await run('restore', 'made.db');
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('in use: stop the gateway') });
      expect((await call(running, '/v1/upload')).body.data).toHaveLength(1);
      // Elsewhere it may go.
      expect((await run('restore', 'made.db', '--to', 'sqlite:./other.db')).code).toBe(0);
      expect(await textsIn(file('other.db'))).toEqual(['Ann keeps bees']);
    }
    const restored = await run('restore', 'made.db');
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect((await stat(database)).mode & 0o777).toBe(0o600);
    const aside = /kept as (.*)\n/.exec(restored.stdout)?.[1] ?? '';
    expect(aside).toMatch(/gatehouse\.db\.before-restore-\d{8}T\d{6}Z$/);
    {
      using before = new Database(aside, { readonly: true });
      expect(before.query('SELECT count(*) AS count FROM documents').get()).toEqual({ count: 1 });
    }
    expect((await readdir(join(place, 'data'))).sort()).toEqual(['gatehouse.db', aside.slice(aside.lastIndexOf('/') + 1)]);
    await using running = await gateway();
    expect((await call(running, `/v1/upload/${id}?include=text`)).body.text).toBe('kept');
    expect((await call(running, '/v1/upload')).body.data).toHaveLength(1);
  }, 60_000);

  test('makes void what was made of the records where vectors are elsewhere, and leaves it where they are in the file', async () => {
    await begin();
    const generation = async () => {
      await using records = openSqliteRecords(database);
      return (await records.changes(ANN, 0, 1)).generation;
    };
    const first = await generation();
    await run('backup', 'made.db');
    expect((await run('restore', 'made.db')).code).toBe(0);
    expect(await generation()).toBe(first);
    const elsewhere = await run('restore', 'made.db', '--set', 'state.vectors=http://localhost:6333');
    expect(elsewhere.stdout).toContain('Vectors are kept elsewhere');
    expect(await generation()).not.toBe(first);
    expect(await textsIn(database)).toEqual(['Ann keeps bees']);
  });

  test('of what is damaged, cut, foreign or of a later release changes nothing', async () => {
    await begin();
    await run('backup', 'made.db');
    const whole = await Bun.file(file('made.db')).bytes();
    const { bytes } = await readManifest(file('made.db'));
    const spoilt = async (name: string, change: (copy: Uint8Array) => Uint8Array) => Bun.write(file(name), change(whole.slice()));
    await spoilt('flipped.db', (copy) => copy.with(bytes - 100, (copy[bytes - 100] ?? 0) ^ 1));
    await spoilt('cut.db', (copy) => copy.subarray(0, copy.length - 1_000));
    await spoilt('headless.db', (copy) => copy.subarray(1));
    await spoilt('longer.db', (copy) => Buffer.concat([copy.subarray(0, bytes), Buffer.alloc(10), copy.subarray(bytes)]));
    await Bun.write(file('foreign.db'), 'this is a letter to my aunt');
    await Bun.write(file('empty.db'), '');
    const text = new TextDecoder('latin1').decode(whole);
    await Bun.write(file('later.db'), Buffer.from(text.replace('"records":1', '"records":9'), 'latin1'));
    for (const { name, says } of [
      { name: 'flipped.db', says: 'do not add up' },
      { name: 'cut.db', says: 'no backup of Gatehouse, or its end is missing' },
      { name: 'headless.db', says: 'is damaged' },
      { name: 'longer.db', says: 'is damaged' },
      { name: 'foreign.db', says: 'no backup' },
      { name: 'empty.db', says: 'no backup' },
      { name: 'later.db', says: 'later release' },
      { name: 'absent.db', says: 'there is no file' },
    ]) {
      const answer = await run('restore', name);
      expect({ name, ...answer }).toMatchObject({ name, code: 1, stdout: '', stderr: expect.stringContaining(says) });
    }
    expect(await run('restore')).toMatchObject({ code: 2 });
    expect(await run('restore', 'made.db', '--to', 'postgres://h/d')).toMatchObject({ code: 2 });
    expect(await textsIn(database)).toEqual(['Ann keeps bees']);
    expect((await readdir(join(place, 'data'))).filter((name) => !/-(?:wal|shm)$/.test(name))).toEqual(['gatehouse.db']);
  }, 60_000);

  test('takes the place of a database that cannot be read any more', async () => {
    await begin();
    await run('backup', 'made.db');
    await Bun.write(database, 'the disk has written this '.repeat(500));
    expect((await run('restore', 'made.db')).code).toBe(0);
    expect(await textsIn(database)).toEqual(['Ann keeps bees']);
    await truncate(database, 0);
    expect((await run('restore', 'made.db')).code).toBe(0);
    expect(await textsIn(database)).toEqual(['Ann keeps bees']);
  });
});
