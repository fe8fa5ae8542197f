/* `gatehouse migrate`: the real command between a real database and a real PostgreSQL, while a gateway and others write. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/system-clock.ts';
import { newDocument } from '../../src/stores/document/conformance.ts';
import { openPlace, type Place } from '../../src/stores/migrate/place.ts';
import { HOSTILE, wholeLog } from '../../src/stores/record/conformance-ground.ts';
import type { Partition, RecordChange } from '../../src/stores/record/record-store.ts';
import { startGateway } from '../harness/gateway.ts';
import { type PostgresProcess, postgresAvailable, startPostgres } from '../harness/postgres.ts';
import { startProcess } from '../harness/process.ts';
import { runGatehouse } from '../harness/run-gatehouse.ts';
import { AUTH, call, LIMITS, upload } from './upload-client.ts';

const SECRET = 's3cret-word';
const ANN: Partition = { tenant: 't', kind: 'memory', name: 'ann' };
const BOB: Partition = { tenant: 't', kind: 'memory', name: 'bob' };
const put = (id: string, text = id): RecordChange => ({ id, group: 'g', kind: 'turn', body: JSON.stringify({ text }) });
const remove = (id: string): RecordChange => ({ ...put(id), body: null });

describe.skipIf(!postgresAvailable())('gatehouse migrate', () => {
  let folder: string;
  let server: PostgresProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-migrate-'));
    server = await startPostgres();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** A folder with a database of all sorts, and an empty PostgreSQL. */
  const begin = async () => {
    const cwd = join(folder, crypto.randomUUID());
    await mkdir(cwd);
    const sqlite = `sqlite:${join(cwd, 'data', 'gatehouse.db')}`;
    const postgres = (await server.createDatabase()).replace('gatehouse@', `gatehouse:${SECRET}@`);
    const run = async (...args: string[]) => {
      const answer = await runGatehouse(['migrate', ...args], { cwd, env: { PG: postgres, EMPTY: '' } });
      expect(answer.stdout + answer.stderr).not.toContain(SECRET);
      return answer;
    };
    await using place = await open(sqlite);
    await fill(place);
    return { cwd, sqlite, postgres, run };
  };

  test('moves everything, as it is, and both ways', async () => {
    const { cwd, sqlite, run } = await begin();
    const there = await run('--to', '${PG}');
    expect(there.stderr).toBe('');
    expect(there.stdout).toContain('Both are the same. Vectors are made anew');
    expect(there.code).toBe(0);
    const back = await run('--from', '${PG}', '--to', 'sqlite:./back.db');
    expect(back.code).toBe(0);
    await using first = await open(sqlite);
    await using second = await open(`sqlite:${join(cwd, 'back.db')}`);
    expect(await everythingIn(second)).toEqual(await everythingIn(first));
    // What was told of vectors is not: there are none.
    expect(await first.records.note(ANN, 'vectors')).toBe('{}');
    expect(await second.records.note(ANN, 'vectors')).toBeUndefined();
    expect(await second.records.note(ANN, 'swept')).toBe('7');
  }, 60_000);

  test('says what it would do, and does nothing', async () => {
    const { cwd, postgres, run } = await begin();
    const plan = await run('--to', '${PG}', '--dry-run');
    expect(plan.stdout).toMatch(
      /Would be moved from sqlite:.* to postgres:\/\/••••@127.*:\n +[\d,]+ users and collections\n +[\d,]+ records\n/,
    );
    expect(plan.code).toBe(0);
    expect((await run('--to', 'sqlite:./other.db', '--dry-run')).code).toBe(0);
    expect(await readdir(cwd)).toEqual(['data']);
    expect(await openPlace({ url: postgres, mayMake: false }, DEPS)).toBeUndefined();
  }, 60_000);

  test('goes on where it was, and brings what has changed since', async () => {
    const { sqlite, postgres, run } = await begin();
    expect((await run('--to', '${PG}')).code).toBe(0);
    {
      await using source = await open(sqlite);
      await source.records.apply(ANN, [put('new'), remove('a'), put('b', 'changed')]);
      await source.records.erase(BOB);
      await source.records.apply(BOB, [put('of the second bob')]);
      await source.records.erase({ ...ANN, tenant: HOSTILE[0] ?? '' });
      await source.documents.load(newDocument({ tenant: 't', user: 'u' }, 'late'));
    }
    const behind = await run('--to', '${PG}');
    expect(behind.code).toBe(1);
    expect(behind.stdout).toContain('Erased here, and still there: 1 user or collection');
    const again = await run('--to', '${PG}', '--erase-absent');
    expect(again.code).toBe(0);
    await using source = await open(sqlite);
    await using destination = await open(postgres);
    expect(await everythingIn(destination)).toEqual(await everythingIn(source));
    expect((await wholeLog(destination.records, BOB)).map(({ id }) => id)).toEqual(['of the second bob']);
    // It is brought nothing twice.
    expect((await run('--to', '${PG}')).code).toBe(0);
    expect(await everythingIn(destination)).toEqual(await everythingIn(source));
  }, 60_000);

  test('leaves alone what is there already, was written to since, or came from elsewhere', async () => {
    const { cwd, postgres, run } = await begin();
    {
      await using destination = await open(postgres);
      await destination.records.apply(BOB, [put('their own')]);
    }
    expect((await run('--to', '${PG}', '--dry-run')).stdout).toContain(
      'Left alone, for it holds something else there: 1 user or collection',
    );
    const partly = await run('--to', '${PG}');
    expect(partly.code).toBe(1);
    expect(partly.stdout).toContain('Left alone');
    {
      await using destination = await open(postgres);
      expect((await wholeLog(destination.records, BOB)).map(({ id }) => id)).toEqual(['their own']);
      await destination.records.apply(ANN, [put('written since')]);
    }
    {
      await using other = await open(`sqlite:${join(cwd, 'other.db')}`);
      await other.records.apply({ ...ANN, name: 'cid' }, [put('elsewhere')]);
      await other.records.apply({ ...ANN, tenant: 'é' }, [put('elsewhere')]);
    }
    expect((await run('--to', '${PG}', '--erase-absent')).code).toBe(1);
    expect((await run('--from', 'sqlite:./other.db', '--to', '${PG}', '--erase-absent')).code).toBe(1);
    await using destination = await open(postgres);
    expect((await wholeLog(destination.records, ANN)).map(({ id }) => id)).toContain('written since');
    expect((await wholeLog(destination.records, { ...ANN, tenant: 'é' })).map(({ id }) => id)).not.toContain('elsewhere');
    expect((await wholeLog(destination.records, { ...ANN, name: 'cid' })).map(({ id }) => id)).toEqual(['elsewhere']);
  }, 60_000);

  test('that is killed in the middle, again and again, ends with everything', async () => {
    const { cwd, sqlite, postgres, run } = await begin();
    {
      await using source = await open(sqlite);
      for (let user = 0; user < 60; user += 1)
        await source.records.apply(
          { ...ANN, name: `user ${user}` },
          Array.from({ length: 300 }, (_, index) => put(`r${index}`, 'x'.repeat(2_000))),
        );
    }
    for (let round = 0; round < 3; round += 1) {
      const child = Bun.spawn([process.execPath, join(import.meta.dir, '../../src/main.ts'), 'migrate', '--to', postgres], {
        cwd,
        env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir() },
        stdout: 'ignore',
        stderr: 'ignore',
      });
      await Bun.sleep(700 + round * 300);
      child.kill('SIGKILL');
      await child.exited;
    }
    expect((await run('--to', '${PG}')).code).toBe(0);
    await using source = await open(sqlite);
    await using destination = await open(postgres);
    expect(await everythingIn(destination)).toEqual(await everythingIn(source));
  }, 120_000);

  test('runs while a gateway works on the old place, and the next one works on the new', async () => {
    const { sqlite, postgres, run } = await begin();
    const start = (records: string) => startGateway({ config: { auth: AUTH, limits: LIMITS, state: { records } } });
    const ids: string[] = [];
    {
      await using gateway = await start(sqlite);
      await using _writer = await startProcess({
        command: process.execPath,
        args: [join(import.meta.dir, '../stores/record-writer-program.ts'), sqlite.slice('sqlite:'.length), 'w'],
        readyPattern: /^wrote 5$/,
      });
      ids.push((await upload(gateway, 'before')).body.id as string);
      const [moved] = await Promise.all([
        run('--to', '${PG}'),
        upload(gateway, 'while it runs').then(({ body }) => ids.push(body.id as string)),
      ]);
      expect([0, 1]).toContain(moved.code);
    }
    expect((await run('--to', '${PG}')).code).toBe(0);
    await using gateway = await start(postgres);
    for (const id of ids) expect((await call(gateway, `/v1/upload/${id}`)).status).toBe(200);
    await using source = await open(sqlite);
    await using destination = await open(postgres);
    expect(await everythingIn(destination)).toEqual(await everythingIn(source));
  }, 120_000);

  test('that is asked for wrongly, or cannot reach a place, says so and moves nothing', async () => {
    const { cwd, run } = await begin();
    for (const { args, code, says } of [
      { args: [], code: 2, says: '--to PLACE' },
      { args: ['--to', 'redis://h'], code: 2, says: 'a place is' },
      { args: ['--to', '${NOWHERE}'], code: 2, says: 'NOWHERE is not set' },
      { args: ['--to', 'sqlite:data/gatehouse.db'], code: 2, says: 'the same' },
      { args: ['--from', 'sqlite:nothing.db', '--to', '${PG}'], code: 1, says: 'nothing was ever stored' },
      { args: ['--from', '${PG}', '--to', 'sqlite:new.db'], code: 1, says: 'nothing was ever stored' },
      { args: ['--to', `postgres://u:${SECRET}@127.0.0.1:1/d`], code: 1, says: 'cannot be opened' },
      { args: ['--to', 'sqlite:/proc/nowhere/x.db'], code: 1, says: 'cannot be opened' },
    ]) {
      const answer = await run(...args);
      expect(answer.stderr).toContain(says);
      expect(answer).toMatchObject({ code, stdout: '' });
    }
    expect(await readdir(cwd)).toEqual(['data']);
  }, 60_000);
});

const DEPS = { clock: systemClock, random: Math.random, onFault: () => {} };

async function open(url: string): Promise<Place> {
  const place = await openPlace({ url, mayMake: true }, DEPS);
  if (place === undefined) throw new Error('it is made when it is not there');
  return place;
}

async function fill({ records, documents, vendorObjects }: Place): Promise<void> {
  await records.apply(ANN, [put('a'), put('b'), put('c'), put('gone')]);
  await records.apply(ANN, [put('b', 'newer'), remove('gone')]);
  await records.setNote(ANN, 'vectors', '{}');
  await records.setNote(ANN, 'swept', '7');
  await records.apply(BOB, [put('of bob')]);
  await records.setNote({ ...ANN, name: 'notes alone' }, 'n', 'v');
  await records.apply({ ...ANN, tenant: 'é' }, [put('é')]);
  for (const text of HOSTILE) {
    await records.apply({ tenant: text.slice(0, 200), kind: 'knowledge', name: text.slice(0, 900) }, [put(text)]);
    await records.apply({ ...ANN, tenant: text.slice(0, 200) }, [put(text)]);
    await documents.load(newDocument({ tenant: 't', user: text.slice(0, 200) }, 'd', { filename: text, text: `${text} \u0000` }));
    await vendorObjects.load([
      { provider: 'p', id: text.slice(0, 100), kind: 'file', owner: { tenant: 't', user: text.slice(0, 200) }, createdMs: 5, body: text },
    ]);
  }
}

/** All of it but generations, and notes that are not moved. */
async function everythingIn({ records, documents, vendorObjects }: Place): Promise<unknown> {
  const partitions: unknown[] = [];
  for (const summary of await records.partitions({ limit: 10_000 })) {
    const { moved: _moved, vectors: _vectors, ...notes } = await records.notes(summary);
    partitions.push([summary, notes, await wholeLog(records, summary)]);
  }
  const files: unknown[] = [];
  for (const id of await documents.ids('', 10_000)) {
    const document = await documents.read(id);
    files.push({ ...document, text: Buffer.from(document?.text ?? []).toString('base64') });
  }
  return { partitions, files, objects: await vendorObjects.page(undefined, 10_000) };
}
