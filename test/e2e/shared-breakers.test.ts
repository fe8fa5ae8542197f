/*
 * Circuit breakers of several gateways on one Redis: what one finds broken, the others know, and leave alone; what an administrator closes,
 * closes everywhere; and without Redis each goes by itself, as if there had never been one.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type RedisProcess, redisAvailable, startRedis } from '../harness/redis.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const ADMIN = { name: 'admin', key: 'sk-shared-breakers-000', tier: 'free', admin: true };
/** How soon the others must know. */
const NEWS_MS = 1_000;

describe.skipIf(!redisAvailable())('gateways that share a Redis', () => {
  let redis: RedisProcess;
  let simulator: SimulatorProcess;
  let gateways: GatewayProcess[] = [];
  beforeAll(async () => {
    [redis, simulator] = await Promise.all([startRedis(), startSimulator()]);
  });
  afterAll(() => Promise.all([redis?.[Symbol.asyncDispose](), simulator?.[Symbol.asyncDispose]()]));
  beforeEach(() => simulator.reset());
  afterEach(async () => {
    await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
    gateways = [];
  });

  async function start(prefix: string, breaker: object = { first_timeout: '2s', timeout: '4s' }): Promise<GatewayProcess> {
    const gateway = await startGateway({
      config: {
        auth: { keys: [ADMIN] },
        limits: { tiers: { free: {} } },
        admin: { enabled: true },
        state: { counters: redis.url, prefix },
        telemetry: { metrics: { access: 'public' } },
        services: {
          pricing: {
            urls: [simulator.url],
            routes: ['POST /pricing/*'],
            rewrite: '/anything/*',
            breaker,
            retries: { attempts_max: 1 },
          },
        },
      },
    });
    gateways.push(gateway);
    return gateway;
  }
  const call = async (gateway: GatewayProcess) => {
    const reply = await gateway.request('/pricing/x', { method: 'POST', headers: { authorization: `Bearer ${ADMIN.key}` }, body: '{}' });
    return { status: reply.status, body: (await reply.json()) as { error?: { code?: string } } };
  };
  const stateAt = async (gateway: GatewayProcess) =>
    ((await (await gateway.request('/circuit-breakers')).json()) as Record<string, { state: string }>)['pricing']?.state;
  const asked = async () => (await simulator.requests('/anything')).length;
  const trip = async (gateway: GatewayProcess) => {
    await simulator.fault('status=503');
    for (let count = 0; count < 5; count += 1) expect((await call(gateway)).status).toBe(503);
    expect(await stateAt(gateway)).toBe('open');
  };
  /** That the news can have come: joining takes a moment after the start. */
  const joined = (wanted = gateways.length) =>
    eventually(
      async () => {
        const [, count] = (await command('PUBSUB', ['NUMSUB', 'shared:news'])) as [string, number];
        return count >= wanted;
      },
      { what: 'all listening' },
    );
  const command = async (name: string, args: string[]): Promise<unknown> => {
    const client = new Bun.RedisClient(redis.url);
    try {
      return (await client.send(name, args)) as unknown;
    } finally {
      client.close();
    }
  };

  test('know within a second what one of them found broken, and never call it; each probes by itself when the time is up', async () => {
    const [first, second] = [await start('shared:'), await start('shared:')];
    await joined();
    await trip(first);
    await eventually(async () => (await stateAt(second)) === 'open', { what: 'the news', timeoutMs: NEWS_MS });
    const before = await asked();
    const refused = await call(second);
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'breaker_open' } } });
    expect(await asked()).toBe(before);

    await simulator.fault('');
    await eventually(async () => (await call(second)).status === 200, { what: 'its own probe', timeoutMs: 4_000, intervalMs: 50 });
    await call(second);
    expect(await stateAt(second)).toBe('closed');
    // The first one need not wait to be sure, but it does see for itself.
    await eventually(async () => (await stateAt(first)) === 'half_open', { what: 'the news of the closing', timeoutMs: NEWS_MS });
    expect((await call(first)).status).toBe(200);
    expect((await call(first)).status).toBe(200);
    expect(await stateAt(first)).toBe('closed');
  }, 20_000);

  test('learn it also when they come later, and a reset by an administrator reaches all', async () => {
    // Longer than a start takes, on whatever machine: or there is nothing to hear of any more.
    const breaker = { first_timeout: '30s', timeout: '30s' };
    const first = await start('shared:', breaker);
    await joined();
    await trip(first);
    const second = await start('shared:', breaker);
    await eventually(async () => (await stateAt(second)) === 'open', { what: 'hearing of it', timeoutMs: 3 * NEWS_MS });
    const reset = await second.request('/circuit-breakers/pricing/reset', {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN.key}` },
    });
    expect(reset.status).toBe(200);
    await eventually(async () => (await stateAt(first)) === 'closed', { what: 'the reset', timeoutMs: NEWS_MS });
    expect(await stateAt(second)).toBe('closed');
  }, 20_000);

  test('of another name on the same Redis are strangers', async () => {
    const [first, stranger] = [await start('shared:'), await start('other:')];
    await joined(1);
    await trip(first);
    await Bun.sleep(300);
    expect(await stateAt(stranger)).toBe('closed');
  }, 20_000);

  test('go each by itself when Redis is gone, and tell each other again when it is back', async () => {
    const [first, second] = [await start('shared:'), await start('shared:')];
    await joined();
    await redis.kill();
    await trip(first);
    // Nothing fails, nothing waits: the other finds out for itself.
    expect((await call(second)).body.error?.code).not.toBe('breaker_open');
    expect(await stateAt(second)).toBe('closed');
    await redis.restart();
    await eventually(async () => (await stateAt(second)) === 'open' || (await stateAt(first)) !== 'open', {
      what: 'the news on being back',
      timeoutMs: 8_000,
    });
    await simulator.fault('');
    for (const gateway of [first, second])
      await eventually(async () => (await call(gateway)).status === 200, { what: 'recovery', timeoutMs: 8_000, intervalMs: 50 });
  }, 30_000);
});
