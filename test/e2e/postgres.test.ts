/* A real gateway that keeps its records in a real PostgreSQL: shared, gone, back; and what the doctor says of it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SQL } from 'bun';
import { doctor, folder } from '../harness/doctor.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type PostgresProcess, postgresAvailable, startPostgres } from '../harness/postgres.ts';
import { AUTH, call, LIMITS, upload } from './upload-client.ts';

const SECRET = 'redis-password-31';

describe.skipIf(!postgresAvailable())('PostgreSQL', () => {
  let server: PostgresProcess;
  let url: string;
  let gateway: GatewayProcess;
  const start = () => startGateway({ config: { auth: AUTH, limits: LIMITS, admin: { enabled: true }, state: { records: url } } });

  beforeAll(async () => {
    server = await startPostgres();
    url = (await server.createDatabase()).replace('gatehouse@', `gatehouse:${SECRET}@`);
    gateway = await start();
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const health = async () => (await (await gateway.request('/health')).json()) as { status: string; checks: Record<string, string> };
  const becomes = (word: string) => eventually(async () => (await health()).checks['postgres'] === word, { timeoutMs: 20_000 });

  test('keeps documents for every gateway that uses it, and for the next one', async () => {
    await using other = await start();
    const content = 'a \\ b, é, \u{1f600}';
    const { status, body } = await upload(gateway, content, { name: 'notes.txt', fields: { collection: 'c' } });
    expect(status).toBe(200);
    expect((await upload(other, content, { name: 'notes.txt', fields: { collection: 'c' } })).body).toMatchObject({
      id: body.id,
      duplicate: true,
    });
    expect((await call(other, `/v1/upload/${body.id}?include=text`)).body.text).toBe(
      (await call(gateway, `/v1/upload/${body.id}?include=text`)).body.text,
    );
    expect((await call(other, `/v1/upload/${body.id}`, { who: 'bob' })).status).toBe(404);
    expect((await call(other, `/v1/upload/${body.id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await call(gateway, `/v1/upload/${body.id}`)).status).toBe(404);
  });

  test('that is gone is told so, fails what needs it alone, and is used again when it is back', async () => {
    await becomes('ok');
    expect((await health()).status).toBe('healthy');
    await server.kill();
    await becomes('unavailable');
    expect((await health()).status).toBe('degraded');
    const refused = await upload(gateway, 'text');
    expect(refused.status).toBe(503);
    expect(JSON.stringify(refused.body)).not.toContain('127.0.0.1');
    const chat = await gateway.request('/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${AUTH.keys[0]?.key}` },
      body: JSON.stringify({ model: 'gatehouse-simulator', messages: [{ role: 'user', content: 'hi' }] }),
    });
    expect(chat.status).not.toBe(503);
    await server.restart();
    await becomes('ok');
    await eventually(async () => (await upload(gateway, 'text')).status === 200, { timeoutMs: 20_000 });
  }, 60_000);

  test('has its password in no log', () => {
    const said = [...gateway.process.stdout, ...gateway.process.stderr].join('\n');
    expect(said).toContain('PostgreSQL');
    expect(said).not.toContain(SECRET);
  });

  describe('as the doctor sees it', () => {
    const examine = (records = url, more: object = {}) => doctor({ state: { records, ...more } });

    test('well', async () => {
      const report = await examine();
      expect(report.one('postgres.reached')).toMatchObject({
        level: 'ok',
        seen: expect.stringMatching(/^PostgreSQL \d+\.\d+ at .* answers in/),
      });
      expect(report.one('postgres.rights')).toMatchObject({ level: 'ok' });
      // The tests' server does not wait for the disk.
      expect(report.one('postgres.durability')).toMatchObject({ level: 'warn', seen: expect.stringContaining('fsync') });
      expect((await examine(url, { records_connections_max: 40 })).one('postgres.connections')).toMatchObject({ level: 'warn' });
    });

    test('closed to this user', async () => {
      await using sql = new SQL(url, { max: 1 });
      await sql.unsafe('CREATE ROLE poor LOGIN');
      const poor = url.replace('gatehouse:', 'poor:');
      expect((await examine(poor)).one('postgres.rights')).toMatchObject({ level: 'fail', todo: expect.stringContaining('GRANT') });
      const empty = (await server.createDatabase()).replace('gatehouse@', 'poor@');
      expect((await examine(empty)).one('postgres.rights')).toMatchObject({
        level: 'fail',
        seen: expect.stringContaining('make the schema'),
      });
      expect((await examine(url.replace('gatehouse:', 'nobody:'))).one('postgres.reached')).toMatchObject({
        level: 'fail',
        seen: expect.stringContaining('does not exist'),
      });
    });

    test('gone, and frozen', async () => {
      const gone = await examine(`postgres://u:${SECRET}@127.0.0.1:${freePort()}/d`);
      expect(gone.one('postgres.reached')).toMatchObject({ level: 'fail', seen: expect.stringContaining('nobody listens') });
      server.pause();
      try {
        expect((await examine()).one('postgres.reached')).toMatchObject({ level: 'fail' });
      } finally {
        server.resume();
      }
    });

    test('behind TLS: an authority that is not known is not believed', async () => {
      const authority = join(folder, 'authority.crt');
      await using encrypted = await startPostgres({
        settings: ['ssl=on'],
        prepare: async (data) => {
          const key = join(data, 'server.key');
          const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
          const args = [
            'req',
            '-x509',
            '-newkey',
            'rsa:2048',
            '-nodes',
            '-days',
            '2',
            '-keyout',
            key,
            '-out',
            join(data, 'server.crt'),
            ...names,
          ];
          expect(Bun.spawnSync(['openssl', ...args]).exitCode).toBe(0);
          await chmod(key, 0o600);
          await copyFile(join(data, 'server.crt'), authority);
        },
      });
      const records = `${(await encrypted.createDatabase()).replace('127.0.0.1', 'localhost')}?sslmode=verify-full`;
      const config = { state: { records } };
      expect((await doctor(config)).one('postgres.reached')).toMatchObject({ level: 'fail', seen: expect.stringContaining('self signed') });
      expect((await doctor(config, { env: { NODE_EXTRA_CA_CERTS: authority } })).one('postgres.reached')).toMatchObject({ level: 'ok' });
    }, 60_000);

    test('not configured, it is passed over', async () => {
      expect((await doctor({})).one('postgres')).toMatchObject({ level: 'skipped' });
    });
  });
});
