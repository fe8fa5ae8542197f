/* What `gatehouse doctor` says of a real Redis: well, badly set up, closed to us, frozen and gone. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { doctor, TOTAL_MS_MAX } from '../harness/doctor.ts';
import { freePort } from '../harness/free-port.ts';
import { type RedisProcess, redisAvailable, startRedis } from '../harness/redis.ts';
import { startFaultyUpstream } from '../upstream/faulty-upstream.ts';

describe.skipIf(!redisAvailable())('Redis', () => {
  let redis: RedisProcess;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.[Symbol.asyncDispose]());
  const examine = (url = redis.url) => doctor({ state: { counters: url, cache: url } });
  const command = async (name: string, ...args: string[]) => {
    const client = new Bun.RedisClient(redis.url);
    try {
      await client.send(name, args);
    } finally {
      client.close();
    }
  };

  test('that is well says how well', async () => {
    const report = await examine();
    expect(report.one('redis.reached')).toMatchObject({
      level: 'ok',
      seen: expect.stringMatching(/^(Redis|Valkey) \d.* answers in [\d.]+ ms$/),
    });
    expect(report.one('redis.clock')).toMatchObject({ level: 'ok' });
    expect(report.one('redis.write')).toBeUndefined();
    expect(report.one('redis.news')).toBeUndefined();
    // The tests' server keeps nothing.
    expect(report.one('redis.persistence')).toMatchObject({ level: 'warn' });
  });

  test('that keeps counters, and that may throw them away', async () => {
    await command('CONFIG', 'SET', 'maxmemory', '64mb');
    await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await command('CONFIG', 'SET', 'save', '60 1');
    const report = await examine();
    expect(report.one('redis.eviction')).toMatchObject({ level: 'warn', seen: expect.stringContaining('allkeys-lru') });
    expect(report.one('redis.persistence')).toMatchObject({ level: 'ok' });
    await command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
    await command('CONFIG', 'SET', 'save', '');
    expect((await examine()).one('redis.eviction')).toMatchObject({ level: 'ok' });
  });

  test('that asks for a password, and one whose rights do not suffice', async () => {
    await command('ACL', 'SETUSER', 'poor', 'on', '>redis-password-31', '~other:*', '+@all', '-subscribe');
    await command('ACL', 'SETUSER', 'rich', 'on', '>redis-password-31', '~*', '&*', '+@all');
    const as = (user: string, password: string) => examine(redis.url.replace('redis://', `redis://${user}:${password}@`));
    expect((await as('rich', 'redis-password-31')).one('redis.reached')).toMatchObject({ level: 'ok' });
    const poor = await as('poor', 'redis-password-31');
    expect(poor.one('redis.write')).toMatchObject({ level: 'fail', todo: expect.stringContaining('~gatehouse:*') });
    expect(poor.one('redis.news')).toMatchObject({ level: 'warn' });
    expect((await as('rich', 'wrong-password-31')).one('redis.reached')).toMatchObject({
      level: 'fail',
      seen: expect.stringContaining('the user or the password is wrong'),
    });
  });

  test('that is none, or is asked for a database that it has not', async () => {
    await using other = await startFaultyUpstream(() => {});
    using web = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('hello') });
    expect((await examine(`redis://127.0.0.1:${web.port}`)).one('redis.reached')).toMatchObject({
      level: 'fail',
      seen: expect.stringMatching(/not what Redis says|breaks the connection/),
    });
    expect((await examine(`redis://127.0.0.1:${other.port}`)).one('redis.reached')).toMatchObject({ level: 'fail' });
    expect((await examine(`${redis.url}/9999`)).one('redis.reached')).toMatchObject({ level: 'fail' });
    expect((await examine(redis.url.replace('redis:', 'rediss:'))).one('redis.reached')).toMatchObject({ level: 'fail' });
  }, 20_000);

  test('that is a replica takes no writes', async () => {
    await command('REPLICAOF', '127.0.0.1', String(freePort()));
    expect((await examine()).one('redis.role')).toMatchObject({ level: 'fail' });
    await command('REPLICAOF', 'NO', 'ONE');
    expect((await examine()).one('redis.role')).toBeUndefined();
  });

  test('that is frozen, or gone, is told apart', async () => {
    redis.pause();
    const frozen = await examine().finally(() => redis.resume());
    expect(frozen.one('redis.reached')).toMatchObject({
      level: 'fail',
      seen: expect.stringContaining('takes the connection and says nothing'),
    });
    expect(frozen.duration_ms).toBeLessThan(TOTAL_MS_MAX);
    await redis.kill();
    const gone = await examine();
    expect(gone.one('redis.reached')).toMatchObject({ level: 'fail', seen: expect.stringContaining('connection refused') });
    expect((await examine('redis://nowhere.invalid:6379')).one('redis.reached')).toMatchObject({
      seen: expect.stringContaining('does not resolve'),
    });
    await redis.restart();
    expect((await examine()).one('redis.reached')).toMatchObject({ level: 'ok' });
  }, 30_000);
});
