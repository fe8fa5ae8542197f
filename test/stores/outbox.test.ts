/* The outbox on real files, before records that are away: nothing that was taken is lost, doubled or out of order, and nothing that was erased arrives. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { PostgresConnection } from '../../src/stores/postgres/postgres-connection.ts';
import { wholeLog } from '../../src/stores/record/conformance-ground.ts';
import { createPostgresRecords } from '../../src/stores/record/postgres-records.ts';
import type { ApplyOptions, ApplyResult, Partition, RecordChange, RecordStore } from '../../src/stores/record/record-store.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';
import { eventually } from '../harness/eventually.ts';
import { postgresAvailable, startPostgres } from '../harness/postgres.ts';
import { startProcess } from '../harness/process.ts';
import { rejection } from '../harness/rejection.ts';
import { openRecordOutbox, type RecordOutbox, type RecordOutboxDeps } from './record-outbox.ts';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-outbox-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const newPath = () => join(folder, crypto.randomUUID(), 'outbox.db');
const ANN: Partition = { tenant: 't', kind: 'memory', name: 'ann' };
const BOB: Partition = { ...ANN, name: 'bob' };
const MIB = 1_048_576;
const put = (id: string, text = id): RecordChange => ({ id, group: '', kind: 'turn', body: JSON.stringify({ text }) });
const ids = async (store: RecordStore, partition: Partition) => (await wholeLog(store, partition)).map(({ id }) => id);
const isEmpty = async (outbox: RecordOutbox) => (await outbox.status()).entries === 0;

/** A store whose writes do what the test wants. */
class Remote {
  readonly store = openSqliteRecords(':memory:');
  /** Called before each write: it rejects for one that is to fail. */
  before: (partition: Partition, changes: readonly RecordChange[]) => Promise<void> = async () => {};
  calls = 0;

  readonly records: RecordStore = Object.assign(Object.create(this.store) as RecordStore, {
    apply: async (partition: Partition, changes: readonly RecordChange[], options?: ApplyOptions): Promise<ApplyResult> => {
      this.calls += 1;
      await this.before(partition, changes);
      return this.store.apply(partition, changes, options);
    },
  });

  down(): void {
    this.before = () => Promise.reject(new GatewayError('storage_unavailable', 'down'));
  }

  up(): void {
    this.before = async () => {};
  }
}

function open(path: string, records: RecordStore, more: Partial<RecordOutboxDeps> & { bytesMax?: number } = {}): RecordOutbox {
  const { bytesMax = 64 * MIB, ...deps } = more;
  return openRecordOutbox({ path, bytesMax }, { records, clock: systemClock, random: Math.random, onFault: () => {}, ...deps });
}

describe('an outbox', () => {
  test('delivers what it was given, in its order, and forgets it', async () => {
    const remote = new Remote();
    const told: [Partition, number][] = [];
    const path = newPath();
    await using outbox = open(path, remote.records, { onDelivered: (partition, changes) => told.push([partition, changes]) });
    for (let index = 0; index < 50; index += 1) {
      await outbox.append(ANN, [put(`a${index}-1`), put(`a${index}-2`)]);
      await outbox.append(BOB, [put(`b${index}`)]);
    }
    await eventually(() => isEmpty(outbox));
    expect(await ids(remote.store, ANN)).toEqual(Array.from({ length: 50 }, (_, index) => [`a${index}-1`, `a${index}-2`]).flat());
    expect(await ids(remote.store, BOB)).toEqual(Array.from({ length: 50 }, (_, index) => `b${index}`));
    expect(told.reduce((sum, [, entries]) => sum + entries, 0)).toBe(100);
    // Many at once: an outbox that was long is emptied soon.
    expect(remote.calls).toBeLessThan(100);
    await eventually(async () => !(await everything(path)).includes('a49-1'));
  });

  test('keeps what cannot be delivered, tells the outage once, and goes on when it is over', async () => {
    const remote = new Remote();
    remote.down();
    const faults: string[] = [];
    await using outbox = open(newPath(), remote.records, { onFault: (message) => faults.push(message) });
    for (let index = 0; index < 20; index += 1) await outbox.append(ANN, [put(`a${index}`)]);
    expect((await outbox.pending(ANN)).flat().map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => `a${index}`));
    expect(await outbox.pending(BOB)).toEqual([]);
    await eventually(() => remote.calls >= 2);
    expect(await outbox.status()).toMatchObject({ entries: 20, oldestMs: expect.any(Number) });
    expect(faults).toHaveLength(1);
    remote.up();
    await eventually(() => isEmpty(outbox), { timeoutMs: 20_000 });
    expect(await ids(remote.store, ANN)).toEqual(Array.from({ length: 20 }, (_, index) => `a${index}`));
    expect(await outbox.status()).toEqual({ entries: 0, bytes: 0, oldestMs: undefined });
  });

  test('does not let a partition that cannot be written hold up another', async () => {
    const remote = new Remote();
    remote.before = ({ name }) => (name === 'ann' ? Promise.reject(new Error('never')) : Promise.resolve());
    await using outbox = open(newPath(), remote.records);
    for (let index = 0; index < 30; index += 1) {
      await outbox.append(ANN, [put(`a${index}`)]);
      await outbox.append(BOB, [put(`b${index}`)]);
    }
    await eventually(async () => (await ids(remote.store, BOB)).length === 30);
    expect((await outbox.status()).entries).toBe(30);
  });

  test('that delivers twice, for the answer was lost, delivers once', async () => {
    const remote = new Remote();
    let lost = 0;
    remote.before = async (partition, changes) => {
      if (lost >= 3) return;
      lost += 1;
      await remote.store.apply(partition, changes, { onlyNew: true });
      throw new GatewayError('storage_unavailable', 'the answer was lost');
    };
    await using outbox = open(newPath(), remote.records);
    await outbox.append(ANN, [put('a')]);
    await outbox.append(ANN, [put('b')]);
    await eventually(() => isEmpty(outbox), { timeoutMs: 20_000 });
    expect(await wholeLog(remote.store, ANN)).toMatchObject([
      { id: 'a', seq: 1 },
      { id: 'b', seq: 2 },
    ]);
  });

  test('is bounded: the oldest stay, and who comes is told', async () => {
    const remote = new Remote();
    remote.down();
    const faults: string[] = [];
    await using outbox = open(newPath(), remote.records, { bytesMax: 3_000, onFault: (message) => faults.push(message) });
    let taken = 0;
    let refused: unknown;
    while (refused === undefined) {
      const appended = outbox.append(ANN, [put(`a${taken}`, 'x'.repeat(500))]);
      refused = await appended.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refused === undefined) taken += 1;
    }
    expect(refused).toMatchObject({ code: 'storage_unavailable' });
    expect(taken).toBe(5);
    expect(faults.join()).toContain('full');
    expect((await outbox.status()).bytes).toBeLessThanOrEqual(3_000);
    remote.up();
    await eventually(() => isEmpty(outbox), { timeoutMs: 20_000 });
    expect(await ids(remote.store, ANN)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
    await outbox.append(ANN, [put('later')]);
  });

  test('drops what is refused for what it is, says so, and delivers what comes after it', async () => {
    const remote = new Remote();
    remote.down();
    const faults: string[] = [];
    await using outbox = open(newPath(), remote.records, { onFault: (message) => faults.push(message) });
    for (const id of ['a', 'bad', 'b', 'c']) await outbox.append(ANN, [put(id)]);
    remote.before = async (_, changes) => {
      if (changes.some(({ id }) => id === 'bad')) throw new GatewayError('request_invalid', 'not this one');
    };
    await eventually(() => isEmpty(outbox), { timeoutMs: 20_000 });
    expect(await ids(remote.store, ANN)).toEqual(['a', 'b', 'c']);
    expect(faults.filter((fault) => fault.includes('not this one'))).toHaveLength(1);
  });

  test('takes what a store would take, and no deletions', async () => {
    const remote = new Remote();
    await using outbox = open(newPath(), remote.records);
    for (const bad of [{ ...put('a'), body: null }, put('x'.repeat(10_000)), put('\ud800')])
      expect(await rejection(outbox.append(ANN, [bad]))).toMatchObject({ code: 'request_invalid' });
    expect(await rejection(outbox.append({ ...ANN, name: '\ud800' }, [put('a')]))).toMatchObject({ code: 'request_invalid' });
    await outbox.append(ANN, []);
    expect(await outbox.status()).toMatchObject({ entries: 0 });
  });

  test('erases what waits and waits for what is on its way; nothing of it arrives afterwards, or is left in a file', async () => {
    const remote = new Remote();
    const path = newPath();
    const gate = Promise.withResolvers<void>();
    remote.before = async (_, changes) => {
      if (changes.some(({ id }) => id === 'on-its-way')) await gate.promise;
    };
    await using outbox = open(path, remote.records);
    await outbox.append(ANN, [put('on-its-way', 'the-secret-of-the-house')]);
    await eventually(() => remote.calls === 1);
    await outbox.append(ANN, [put('waits', 'the-secret-of-the-house')]);
    let isErased = false;
    const erasing = outbox.erase(ANN).then((count) => {
      isErased = true;
      return count;
    });
    await Bun.sleep(100);
    expect(isErased).toBe(false);
    gate.resolve();
    expect(await erasing).toBe(1);
    // As the caller does it.
    await remote.store.erase(ANN);
    expect(await isEmpty(outbox)).toBe(true);
    await outbox.append(BOB, [put('b')]);
    await eventually(() => isEmpty(outbox));
    expect(await ids(remote.store, ANN)).toEqual([]);
    await eventually(async () => !(await everything(path)).includes('the-secret-of-the-house'));
  });

  test('that two processes share is delivered by one of them, and by the other when that is gone', async () => {
    const remote = new Remote();
    const path = newPath();
    let time = 1_000_000;
    const clock = { ...systemClock, now: () => time };
    const other = new Remote();
    const first = open(path, remote.records, { clock });
    await first.append(ANN, [put('a')]);
    await eventually(() => isEmpty(first));
    await using second = open(path, other.records, { clock });
    await second.append(ANN, [put('b')]);
    await eventually(() => isEmpty(second));
    expect([remote.calls, other.calls]).toEqual([2, 0]);
    await first[Symbol.asyncDispose]();
    await second.append(ANN, [put('c')]);
    await eventually(() => other.calls === 1);
    // One that was killed has not given its place back: it is anybody's after a while.
    time += 60_000;
    await using third = open(path, remote.records, { clock });
    await third.append(ANN, [put('d')]);
    await eventually(() => isEmpty(third));
  });

  test('has everything that it had taken after kill -9', async () => {
    const path = newPath();
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const writer = await startProcess({
        command: process.execPath,
        args: [join(import.meta.dir, 'outbox-writer-program.ts'), path, String(round)],
        readyPattern: /^took 20$/,
      });
      await Bun.sleep(round * 11);
      writer.kill('SIGKILL');
      await writer.exited;
      for (const line of writer.stdout) {
        const found = /^took (\d+)$/.exec(line);
        if (found !== null) acknowledged.push(`${round}-${found[1]}`);
      }
    }
    const remote = new Remote();
    await using outbox = open(path, remote.records, { clock: { ...systemClock, now: () => systemClock.now() + 60_000 } });
    await eventually(() => isEmpty(outbox), { timeoutMs: 20_000 });
    const arrived = await ids(remote.store, ANN);
    expect(arrived.filter((id) => acknowledged.includes(id))).toEqual(acknowledged);
    expect(arrived.length - acknowledged.length).toBeLessThanOrEqual(3);
  }, 60_000);

  test('that cannot be opened says so', () => {
    expect(() => open('/proc/nowhere/outbox.db', new Remote().records)).toThrow();
  });
});

describe.skipIf(!postgresAvailable())('an outbox before PostgreSQL', () => {
  test('loses nothing while it is killed, frozen or slow', async () => {
    await using server = await startPostgres();
    const faults: string[] = [];
    const onFault = (message: string) => void faults.push(message);
    await using connection = new PostgresConnection(
      { url: await server.createDatabase(), readTimeoutMs: 5_000, writeTimeoutMs: 500, connectionsMax: 4 },
      { clock: systemClock, random: Math.random, onFault },
    );
    const records = createPostgresRecords(connection);
    await using outbox = open(newPath(), records, { onFault });
    const want: string[] = [];
    const write = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        want.push(`w${want.length}`);
        await outbox.append(ANN, [put(want.at(-1) ?? '')]);
      }
    };
    const arrived = async () => (await ids(records, ANN).catch(() => [])).length === want.length;
    await write(20);
    await eventually(arrived);
    await server.kill();
    // Nobody waits for PostgreSQL.
    await write(20);
    expect((await outbox.status()).entries).toBe(20);
    await server.restart();
    await write(5);
    await eventually(arrived, { timeoutMs: 30_000 });
    server.pause();
    await write(20);
    await Bun.sleep(1_000);
    server.resume();
    await eventually(arrived, { timeoutMs: 30_000 });
    // Somebody holds the partition's row for longer than a write may take.
    await using sql = new Bun.SQL(`postgres://gatehouse@127.0.0.1:${server.port}/test_1`, { max: 1 });
    await sql.begin(async (transaction) => {
      await transaction`SELECT 1 FROM gatehouse.record_partitions FOR UPDATE`;
      await write(20);
      await Bun.sleep(1_500);
    });
    await eventually(arrived, { timeoutMs: 30_000 });
    expect(await ids(records, ANN)).toEqual(want);
    expect(await isEmpty(outbox)).toBe(true);
  }, 120_000);
});

/** All bytes of all files of the outbox. */
async function everything(path: string): Promise<string> {
  const files = await readdir(join(path, '..'));
  const texts = await Promise.all(
    files.map(async (file) => Buffer.from(await Bun.file(join(path, '..', file)).bytes()).toString('latin1')),
  );
  return texts.join('\n');
}
