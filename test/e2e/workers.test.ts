/*
 * Several workers of one gateway: with Redis their limits are those of one process, to the request; without it a start says what they do not
 * share; and their metrics are told as if they were one, also when one of them has died.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type RedisProcess, redisAvailable, startRedis } from '../harness/redis.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { burst } from '../harness/token-bucket.ts';

const WORKERS = 4;
const KEY = 'sk-workers-000000000000';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

function config(more: object): object {
  return {
    auth: { keys: [{ name: 'all', key: KEY }] },
    services: { api: { urls: [simulator.url], routes: ['/api/*'], rewrite: '/anything/*' } },
    ...more,
  };
}

async function start(more: object, workers = WORKERS): Promise<GatewayProcess> {
  // Several workers cannot take port 0, so somebody else may have been faster.
  for (let attempt = 1; ; attempt += 1) {
    try {
      const gateway = await startGateway({
        config: config(more),
        flags: ['--workers', String(workers), '--port', String(freePort())],
        timeoutMs: 20_000,
      });
      const ready = () => gateway.logs().filter((line) => line['message'] === 'Gatehouse is ready').length === workers;
      await eventually(ready, { what: 'all workers', timeoutMs: 20_000 });
      return gateway;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** On a connection of its own, so that it may reach any worker. */
async function ask(gateway: GatewayProcess): Promise<number> {
  const reply = await gateway.request('/api/x', { headers: { authorization: `Bearer ${KEY}` }, keepalive: false });
  await reply.arrayBuffer();
  return reply.status;
}

async function countOf(statuses: readonly Promise<number>[]): Promise<Record<number, number>> {
  const all = await Promise.all(statuses);
  return Object.fromEntries([...Map.groupBy(all, (status) => status)].map(([status, same]) => [status, same.length]));
}

const storm = (gateway: GatewayProcess, count: number) => countOf(Array.from({ length: count }, () => ask(gateway)));

async function workerIds(gateway: GatewayProcess): Promise<number[]> {
  const { pid } = gateway.process;
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}

describe.skipIf(process.platform !== 'linux')('several workers', () => {
  describe.skipIf(!redisAvailable())('with Redis', () => {
    let redis: RedisProcess;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis?.[Symbol.asyncDispose]());
    const shared = (prefix: string, limit: object) => ({
      limits: { default: limit },
      state: { counters: redis.url, prefix, timeout: '2s' },
    });

    test('admit exactly the limit while three windows pass', async () => {
      const rate = { limit: 30, windowMs: 1_000 };
      await using gateway = await start(shared('steady:', { per_second: rate.limit }));
      const { admitted, least, most, statuses } = await burst(rate, { lanes: 12, durationMs: 3 * rate.windowMs, ask: () => ask(gateway) });
      expect(new Set(statuses)).toEqual(new Set([200, 429]));
      expect(admitted).toBeWithin(least, most + 1);
      // Three windows' worth beside the full bucket, and the two bounds are next to each other.
      expect(least).toBeGreaterThanOrEqual(rate.limit + 2.9 * rate.limit);
    }, 30_000);

    test('admit exactly the limit in each of three windows that begin with a full bucket', async () => {
      const rate = { limit: 8, windowMs: 1_000 };
      await using gateway = await start(shared('windows:', { per_second: rate.limit }));
      for (let window = 0; window < 3; window += 1) {
        const { admitted, least, most } = await burst(rate, { lanes: 40, durationMs: 0, ask: () => ask(gateway) });
        expect(admitted).toBeWithin(least, most + 1);
        // A whole window without requests fills the bucket, and no more than fills it.
        await Bun.sleep(rate.windowMs);
      }
    }, 30_000);

    test('go by their share of the limit while Redis is dead, let no request fail, and count together again when it is back', async () => {
      const limit = 40;
      await using gateway = await start(shared('dead:', { per_hour: limit }));
      expect(await storm(gateway, 100)).toEqual({ 200: limit, 429: 60 });
      const underWay = Array.from({ length: 40 }, () => ask(gateway));
      await redis.kill();
      const during = await countOf(underWay);
      const after = await storm(gateway, 400);
      // Nobody sees but these two, and all shares together are the limit once more: what was spent before is forgotten.
      expect(Object.keys({ ...during, ...after })).toEqual(['200', '429']);
      expect((during[200] ?? 0) + (after[200] ?? 0)).toBe(limit);
      await redis.restart();
      // It comes back empty: one more bucket, and not one request more, once every worker has found it again.
      let found = 0;
      await eventually(
        async () => {
          found += (await storm(gateway, 20))[200] ?? 0;
          return found >= limit;
        },
        { what: 'Redis being used again', timeoutMs: 30_000, intervalMs: 200 },
      );
      expect(found).toBe(limit);
      expect(await storm(gateway, 40)).toEqual({ 429: 40 });
    }, 60_000);

    test('say so', async () => {
      await using gateway = await start({ state: { counters: redis.url, cache: redis.url } }, 2);
      const told = await eventually(() => gateway.process.stderr.find((line) => line.includes('Workers')), { what: 'the greeting' });
      expect(told).toContain('2, which share limits, cache and breaker news');
      expect(gateway.logs().filter((line) => String(line['message']).includes('do not share'))).toEqual([]);
    }, 20_000);
  });

  test('without Redis say once what they do not share, in the log and in the greeting', async () => {
    await using gateway = await start({ cache: { routes: [{ match: '/api/*', ttl: '1m' }] } }, 2);
    await eventually(() => gateway.process.stderr.some((line) => line.includes('Try it')), { what: 'the greeting' });
    const logged = gateway.logs().flatMap(({ message, setting }) => (String(message).includes('do not share') ? [[message, setting]] : []));
    expect(logged).toEqual([
      [expect.stringContaining('limits: each of the 2 workers counts by itself, so up to 2 times as many'), 'state.counters'],
      [expect.stringContaining('cache: each of the 2 workers keeps its own'), 'state.cache'],
      [expect.stringContaining('circuit breakers: each of the 2 workers finds out by itself'), 'state.counters'],
    ]);
    const greeting = gateway.process.stderr.join('\n');
    for (const what of ['do NOT share', 'limits: ', 'cache: ', 'circuit breakers: ']) expect(greeting).toContain(what);
  }, 20_000);

  test('have their metrics told by whichever is asked, and none is lost from the sum when one dies', async () => {
    await using gateway = await start({ limits: { mode: 'off' }, telemetry: { metrics: { access: 'public' } } }, 3);
    const counted = async () => {
      const text = await (await gateway.request('/metrics', { keepalive: false })).text();
      const value = /^http_requests_total\{method="GET",endpoint="\/api\/\*",status="200"\} (\d+)$/m.exec(text)?.[1];
      return Number(value ?? 0);
    };
    expect(await storm(gateway, 300)).toEqual({ 200: 300 });
    for (let round = 0; round < 12; round += 1) expect(await counted()).toBe(300);
    const json = (await (await gateway.request('/api/metrics', { keepalive: false })).json()) as { throughput: { requests: number } };
    expect(json.throughput.requests).toBe(300);

    const before = await workerIds(gateway);
    process.kill(before[0] ?? 0, 'SIGKILL');
    await eventually(async () => (await workerIds(gateway)).length === 3 && !(await workerIds(gateway)).includes(before[0] ?? 0), {
      what: 'a new worker',
    });
    for (let round = 0; round < 12; round += 1) expect(await counted()).toBe(300);
    // A frozen worker keeps nobody waiting for long, and counts with what it said last.
    const [, frozen] = before;
    process.kill(frozen ?? 0, 'SIGSTOP');
    try {
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => Promise.race([counted(), Bun.sleep(2_000).then(() => 'asked the frozen one')])),
      );
      expect(answers.filter((answer) => answer === 300).length).toBeGreaterThan(0);
      expect(answers.filter((answer) => answer !== 300 && answer !== 'asked the frozen one')).toEqual([]);
    } finally {
      process.kill(frozen ?? 0, 'SIGCONT');
    }
  }, 40_000);
});
