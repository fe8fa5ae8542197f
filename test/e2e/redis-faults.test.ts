/*
 * Redis killed, frozen or slow while requests run: none fails, none waits longer than the deadline of a store, limits go on being
 * kept, and when Redis is back it is used again. Every request here takes from a limit and looks into the cache, so each leans on it twice.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type LoadResult, startLoad } from '../harness/load.ts';
import { type RedisProcess, redisAvailable, startRedis } from '../harness/redis.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { startSlowProxy } from '../stores/slow-proxy.ts';

const KEYS = { loaded: 'sk-loaded-00000000000', counted: 'sk-counted-0000000000', probe: 'sk-probe-000000000000' };
const STORE_DEADLINE_MS = 50;
/** Two calls of a store, one after the other, and what two busy cores and the rest of a request take. */
const LATENCY_MAX_MS = 2 * STORE_DEADLINE_MS + 400;
const LANES = 4;
const FAULT_MS = 1_000;

describe.skipIf(!redisAvailable())('when Redis', () => {
  let redis: RedisProcess;
  let simulator: SimulatorProcess;
  beforeAll(async () => {
    [redis, simulator] = await Promise.all([startRedis(), startSimulator()]);
  });
  afterAll(async () => {
    await redis?.[Symbol.asyncDispose]();
    await simulator?.[Symbol.asyncDispose]();
  });

  const start = (url: string, prefix: string) =>
    startGateway({
      config: {
        auth: {
          keys: [
            { name: 'loaded', key: KEYS.loaded, tier: 'open' },
            { name: 'counted', key: KEYS.counted, tier: 'narrow' },
            { name: 'probe', key: KEYS.probe, tier: 'open' },
          ],
        },
        limits: { tiers: { open: { per_hour: 1_000_000 }, narrow: { per_hour: 30 } } },
        state: { counters: url, cache: url, prefix, timeout: STORE_DEADLINE_MS },
        cache: { routes: [{ match: '/v1/chat/completions', ttl: '60s' }] },
        providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
        models: { 'sim-1': { targets: [{ provider: 'simulator' }] } },
      },
    });

  const ask = (gateway: GatewayProcess, key: string, question: string) =>
    gateway.request('/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim-1', temperature: 0, messages: [{ role: 'user', content: `echo: ${question}` }] }),
    });

  let questions = 0;
  let probes = 0;
  /** Half of them new, half of them asked before. */
  const load = (gateway: GatewayProcess) =>
    startLoad(LANES, async () => {
      questions += 1;
      const question = `question ${questions % 2 === 0 ? questions : 1}`;
      const reply = await ask(gateway, KEYS.loaded, question);
      const text = await reply.text();
      if (reply.status !== 200) return `${reply.status} ${text}`;
      return text.includes(`"${question}"`) ? undefined : `another's answer: ${text}`;
    });

  const health = async (gateway: GatewayProcess) => (await (await gateway.request('/health')).json()) as { status: string; checks: object };

  /** Redis keeps answers again, counts again, and is reported well. */
  async function expectRecovery(gateway: GatewayProcess): Promise<void> {
    await eventually(
      async () => {
        probes += 1;
        const question = `probe ${probes}`;
        await (await ask(gateway, KEYS.probe, question)).text();
        const again = await ask(gateway, KEYS.probe, question);
        await again.text();
        return again.headers.get('x-cache') === 'HIT' && (await health(gateway)).status === 'healthy';
      },
      { what: 'Redis being used again', timeoutMs: 15_000, intervalMs: 50 },
    );
  }

  async function expectOutageIsBorne(gateway: GatewayProcess): Promise<void> {
    await eventually(async () => (await health(gateway)).status === 'degraded', { what: 'health telling of it' });
    expect((await health(gateway)).checks).toMatchObject({ redis: 'unavailable' });
    // It is something to do without: no reason to take this process out of service.
    expect((await gateway.request('/readyz')).status).toBe(200);
    // The bucket of this process alone: a full one.
    expect(await admitted(gateway, 40)).toBe(30);
    await Bun.sleep(FAULT_MS);
  }

  async function admitted(gateway: GatewayProcess, count: number): Promise<number> {
    let passed = 0;
    for (let index = 0; index < count; index += 1) {
      const reply = await ask(gateway, KEYS.counted, `${index}`);
      await reply.text();
      if (reply.status === 200) passed += 1;
      else expect(reply.status).toBe(429);
    }
    return passed;
  }

  /** What goes wrong, and how it is mended. The address leads there for the gateway. */
  interface Fault extends Disposable {
    readonly url: string;
    begin(): void | Promise<void>;
    end(): void | Promise<void>;
  }
  const NOTHING_TO_CLOSE = { [Symbol.dispose]: () => {} };
  const FAULTS: Readonly<Record<string, () => Fault>> = {
    'is killed': () => ({ url: redis.url, begin: () => redis.kill(), end: () => redis.restart(), ...NOTHING_TO_CLOSE }),
    'is frozen': () => ({ url: redis.url, begin: () => redis.pause(), end: () => redis.resume(), ...NOTHING_TO_CLOSE }),
    'is slow': () => {
      const proxy = startSlowProxy(redis.port);
      return {
        url: `redis://127.0.0.1:${proxy.port}`,
        begin: () => proxy.setDelay(400),
        end: () => proxy.setDelay(0),
        [Symbol.dispose]: () => proxy[Symbol.dispose](),
      };
    },
  };

  for (const [name, prepare] of Object.entries(FAULTS)) {
    test(`${name}, no request fails, none is late, limits hold, and afterwards it is used again`, async () => {
      using fault = prepare();
      await using gateway = await start(fault.url, `${name}:`);
      await expectRecovery(gateway);
      const running = load(gateway);
      let result: LoadResult;
      try {
        await Bun.sleep(200);
        await fault.begin();
        try {
          await expectOutageIsBorne(gateway);
        } finally {
          await fault.end();
        }
        await expectRecovery(gateway);
      } finally {
        result = await running.stop();
      }
      expect(result.failures).toEqual([]);
      expect(result.requests).toBeGreaterThan(500);
      expect(result.latenciesMs.at(-1)).toBeLessThan(LATENCY_MAX_MS);
      const faults = (await (await gateway.request('/metrics')).text())
        .split('\n')
        .filter((line) => line.startsWith('gateway_store_faults'));
      for (const store of ['counters', 'cache']) expect(faults.join('\n')).toContain(`store="${store}",kind="open"`);
    }, 40_000);
  }

  test('is not there at the start, the gateway starts and serves all the same, and finds it later', async () => {
    await redis.kill();
    await using gateway = await start(redis.url, 'late:');
    expect((await ask(gateway, KEYS.loaded, 'hello')).status).toBe(200);
    expect((await health(gateway)).status).toBe('degraded');
    await redis.restart();
    await expectRecovery(gateway);
  }, 30_000);

  test('holds rubbish where an answer should be, it is a miss, and no failure', async () => {
    await using gateway = await start(redis.url, 'rubbish:');
    await (await ask(gateway, KEYS.loaded, 'to be spoilt')).text();
    using client = new DisposableRedis(redis.url);
    const names = await eventually(async () => {
      const found = await client.redis.keys('rubbish:value:*');
      return found.length > 0 ? found : undefined;
    });
    for (const name of names) await client.redis.set(name, 'rubbish');
    const reply = await ask(gateway, KEYS.loaded, 'to be spoilt');
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-cache')).toBe('MISS');
  });
});

class DisposableRedis implements Disposable {
  readonly redis: Bun.RedisClient;

  constructor(url: string) {
    this.redis = new Bun.RedisClient(url);
  }

  [Symbol.dispose](): void {
    this.redis.close();
  }
}
