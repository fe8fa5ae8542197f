/* All that is kept in a real PostgreSQL: its promises, and what becomes of calls when it is gone, frozen, new or of a later release. */
import { afterAll, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { systemClock } from '../../src/base/system-clock.ts';
import { documentConformance, newDocument } from '../../src/stores/document/conformance.ts';
import { createPostgresDocumentStore } from '../../src/stores/document/postgres-documents.ts';
import { PostgresConnection } from '../../src/stores/postgres/postgres-connection.ts';
import { recordConformance } from '../../src/stores/record/conformance.ts';
import { wholeLog } from '../../src/stores/record/conformance-ground.ts';
import { createPostgresRecords } from '../../src/stores/record/postgres-records.ts';
import type { Partition } from '../../src/stores/record/record-store.ts';
import { vendorObjectConformance } from '../../src/stores/vendor-object/conformance.ts';
import { createPostgresVendorObjectStore } from '../../src/stores/vendor-object/postgres-vendor-objects.ts';
import { eventually } from '../harness/eventually.ts';
import { type PostgresProcess, postgresAvailable, startPostgres } from '../harness/postgres.ts';
import { startProcess } from '../harness/process.ts';
import { rejection } from '../harness/rejection.ts';

const ANN: Partition = { tenant: 't', kind: 'memory', name: 'ann' };
const put = (id: string) => ({ id, group: '', kind: 'turn', body: '{}' });

interface Opening {
  readonly faults?: string[];
  readonly readTimeoutMs?: number;
}

function connect(url: string, { faults, readTimeoutMs = 10_000 }: Opening = {}): PostgresConnection {
  return new PostgresConnection(
    { url, readTimeoutMs, writeTimeoutMs: 20_000, connectionsMax: 4 },
    {
      clock: systemClock,
      random: Math.random,
      onFault: (message) => {
        if (faults === undefined) throw new Error(message);
        faults.push(message);
      },
    },
  );
}

/** A store that closes its own connection. */
function owning<Store extends AsyncDisposable>(connection: PostgresConnection, create: (connection: PostgresConnection) => Store): Store {
  return Object.assign(create(connection), { [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() });
}

const started = postgresAvailable() ? await startPostgres() : undefined;
afterAll(() => started?.[Symbol.asyncDispose]());

describe.skipIf(started === undefined)('PostgreSQL', () => {
  // Without a server the tests are declared, and skipped.
  const server = started as PostgresProcess;

  recordConformance('PostgreSQL', {
    create: async () => {
      const url = await server.createDatabase();
      return { open: () => owning(connect(url), createPostgresRecords) };
    },
  });
  documentConformance('PostgreSQL', {
    create: async () => owning(connect(await server.createDatabase()), createPostgresDocumentStore),
  });
  vendorObjectConformance('PostgreSQL', {
    create: async () => owning(connect(await server.createDatabase()), createPostgresVendorObjectStore),
  });
  tablesAre(server);
  callsEnd(server);
});

function tablesAre(server: PostgresProcess): void {
  test('tables are made by one of many who come at once, and found by the others', async () => {
    const url = await server.createDatabase();
    await using connections = new AsyncDisposableStack();
    const all = Array.from({ length: 8 }, () => connections.use(connect(url)));
    await Promise.all(
      all.flatMap((connection, index) => [
        createPostgresRecords(connection).apply(ANN, [put(`r${index}`)]),
        createPostgresDocumentStore(connection).add(newDocument({ tenant: 't', user: '' }, `${index}`), {
          documentsMax: 100,
          bytesMax: 1e9,
        }),
        createPostgresVendorObjectStore(connection).count('t'),
      ]),
    );
    await using connection = connect(url);
    expect(await wholeLog(createPostgresRecords(connection), ANN)).toHaveLength(8);
    await using sql = new SQL(url, { max: 1 });
    expect([...(await sql`SELECT component, version FROM gatehouse.schema_versions ORDER BY component`)]).toEqual([
      { component: 'documents', version: 1 },
      { component: 'records', version: 1 },
      { component: 'vendor objects', version: 1 },
    ]);
    // Nothing of ours lies among somebody else's tables.
    expect([...(await sql`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)]).toEqual([]);
  });

  test('tables of a later release are left alone', async () => {
    const url = await server.createDatabase();
    {
      await using connection = connect(url);
      await createPostgresRecords(connection).apply(ANN, [put('a')]);
    }
    await using sql = new SQL(url, { max: 1 });
    await sql`UPDATE gatehouse.schema_versions SET version = 999`;
    const faults: string[] = [];
    await using connection = connect(url, { faults });
    expect(await rejection(createPostgresRecords(connection).apply(ANN, [put('b')]))).toMatchObject({ code: 'storage_unavailable' });
    expect(faults[0]).toContain('version 999');
  });

  test('a user who may make nothing uses what somebody else has made', async () => {
    const url = await server.createDatabase();
    {
      await using connection = connect(url);
      await createPostgresRecords(connection).apply(ANN, [put('a')]);
    }
    await using sql = new SQL(url, { max: 1 });
    await sql.unsafe(`
      CREATE ROLE reader_writer LOGIN; GRANT USAGE ON SCHEMA gatehouse TO reader_writer;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA gatehouse TO reader_writer`);
    await using connection = connect(url.replace('gatehouse@', 'reader_writer@'));
    expect(await createPostgresRecords(connection).apply(ANN, [put('b')])).toEqual({ applied: true, head: 2 });
  });

  test('tables that somebody has dropped are made anew', async () => {
    const url = await server.createDatabase();
    await using connection = connect(url);
    const store = createPostgresRecords(connection);
    await store.apply(ANN, [put('a')]);
    await using sql = new SQL(url, { max: 1 });
    await sql.unsafe('DROP SCHEMA gatehouse CASCADE');
    expect(await store.apply(ANN, [put('b')])).toEqual({ applied: true, head: 1 });
  });
}

function callsEnd(server: PostgresProcess): void {
  test('writers in several processes are numbered in the order in which they are seen', async () => {
    const url = await server.createDatabase();
    const writers = await Promise.all(
      ['one', 'two', 'three'].map((writer) =>
        startProcess({
          command: process.execPath,
          args: [`${import.meta.dir}/record-writer-program.ts`, url, writer],
          readyPattern: /^wrote 1$/,
        }),
      ),
    );
    await using connection = connect(url);
    const store = createPostgresRecords(connection);
    let after = 0;
    for (let reads = 0; reads < 200 || writers.some(({ stdout }) => stdout.length < 20); reads += 1) {
      const { records } = await store.changes(ANN, after, 50);
      // None was skipped, whichever transaction was faster.
      for (const { seq } of records) expect(seq).toBe((after += 1));
    }
    for (const writer of writers) writer.kill('SIGKILL');
    await Promise.all(writers.map(({ exited }) => exited));
    const all = await wholeLog(store, ANN);
    for (const [index, { stdout }] of writers.entries()) {
      const written = all.filter(({ id }) => id.startsWith(`${['one', 'two', 'three'][index]}-`)).length;
      expect(written % 3).toBe(0);
      expect(written / 3).toBeGreaterThanOrEqual(stdout.length);
    }
  }, 60_000);

  test('a call that takes too long ends, here and at the server', async () => {
    const url = await server.createDatabase();
    const faults: string[] = [];
    await using connection = connect(url, { faults, readTimeoutMs: 300 });
    const tables = connection.tables({ name: 'nothing', migrations: [] }, 'things');
    await tables.write((sql) => sql`SELECT 1`);
    expect(await rejection(tables.read((sql) => sql`SELECT pg_sleep(60)`))).toMatchObject({ code: 'storage_unavailable' });
    expect(faults).toEqual(['PostgreSQL takes longer than 300 ms']);
    await using sql = new SQL(url, { max: 1 });
    const running = () =>
      sql`SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()`;
    await eventually(async () => (await running()).length === 0);
  });

  test('a server that is frozen, killed and brought back is used again; the breaker spares callers the wait', async () => {
    await using own = await startPostgres();
    const faults: string[] = [];
    await using connection = connect(await own.createDatabase(), { faults, readTimeoutMs: 300 });
    const store = createPostgresRecords(connection);
    await store.apply(ANN, [put('a')]);
    const isBack = async () => (await store.changes(ANN, 0, 10)).records.length === 1;
    for (const { end, comeBack } of [
      { end: async () => own.pause(), comeBack: async () => own.resume() },
      { end: () => own.kill(), comeBack: () => own.restart() },
    ]) {
      expect(await isBack()).toBe(true);
      await end();
      for (let call = 0; call < 12; call += 1)
        expect(await rejection(store.changes(ANN, 0, 10))).toMatchObject({ code: 'storage_unavailable' });
      const told = faults.length;
      await rejection(store.changes(ANN, 0, 10));
      expect(faults).toHaveLength(told);
      await comeBack();
      await eventually(isBack, { timeoutMs: 20_000 });
    }
    // Whatever was said holds no address.
    for (const fault of faults) expect(fault).not.toContain('127.0.0.1');
  }, 60_000);

  test('a password is in no word that anybody is told', async () => {
    const faults: string[] = [];
    const url = (await server.createDatabase()).replace('gatehouse@', 'nobody:s%3Ccret-word@');
    await using connection = connect(url, { faults });
    const error = await rejection(createPostgresRecords(connection).apply(ANN, [put('a')]));
    const said = `${String(error)} ${JSON.stringify(error)} ${faults.join()}`;
    expect(faults.length).toBeGreaterThan(0);
    expect(said).not.toContain('cret-word');
  });
}
