/*
 * Rate limits against the real process: exactly as many requests as were granted, told in headers and in the words of the older
 * gateways, and the same number again for two gateways, or two workers of one, that share a Redis.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type RedisProcess, redisAvailable, startRedis } from '../harness/redis.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { burst } from '../harness/token-bucket.ts';
import { jwt } from './token.ts';

/** One key per test, so that none has spent what another one counts on. */
const KEY_NAMES = [
  'hourly',
  'chat',
  'shape',
  'shape-2',
  'shape-3',
  'shape-4',
  'shape-5',
  'parallel',
  'other',
  'system',
  'search',
  'window',
  'developer',
  'admin',
  'unlimited',
  'spent',
] as const;
type KeyName = (typeof KEY_NAMES)[number];
const keyOf = (name: KeyName) => `sk-limits-${name.padEnd(12, '0')}`;
const TIERS: Partial<Record<KeyName, string>> = {
  developer: 'developer',
  admin: 'admin',
  unlimited: 'unlimited',
  // One comes back each minute: however slow the machine is, no more than sixty get in.
  parallel: 'slow',
  chat: 'slow',
};
const KEYS = KEY_NAMES.map((name) => ({ name, key: keyOf(name), ...(TIERS[name] === undefined ? {} : { tier: TIERS[name] }) }));

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

function config(limits: object, more: object = {}): object {
  return {
    server: { trusted_proxies: ['127.0.0.1'] },
    auth: { keys: KEYS },
    limits,
    providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
    models: { 'sim-1': { targets: [{ provider: 'simulator' }] } },
    services: {
      api: { urls: [simulator.url], routes: ['/api/*'], rewrite: '/anything/*' },
      open: { urls: [simulator.url], routes: ['/open/*'], rewrite: '/anything/*', access: 'public' },
    },
    ...more,
  };
}

interface Call {
  readonly key?: KeyName;
  readonly address?: string;
}

function callWith(gateway: Pick<GatewayProcess, 'request'>, path: string, { key, address }: Call): Promise<Response> {
  return gateway.request(path, {
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${keyOf(key)}` }),
      ...(address === undefined ? {} : { 'x-forwarded-for': address }),
    },
  });
}

/** Sends so many at once; how many came back with each status. */
async function storm(count: number, send: (index: number) => Promise<Response>): Promise<Record<number, number>> {
  const statuses = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const reply = await send(index);
      await reply.arrayBuffer();
      return reply.status;
    }),
  );
  return Object.fromEntries([...Map.groupBy(statuses, (status) => status)].map(([status, all]) => [status, all.length]));
}

describe('with the limits that are the default', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway({
      config: config({
        routes: [
          { match: '/api/search', per_second: 5, by: 'ip' },
          { match: '/api/chat', per_second: 10, by: 'ip' },
          { match: '/api/window', per_second: 2 },
        ],
        tiers: {
          developer: { per_minute: 600, per_hour: 20_000 },
          admin: { per_minute: 1_200, per_hour: 40_000 },
          unlimited: {},
          slow: { per_hour: 60 },
          anonymous: { per_hour: 60 },
        },
      }),
    });
  });
  afterAll(() => gateway?.[Symbol.asyncDispose]());
  const call = (path: string, how: Call) => callWith(gateway, path, how);

  /** Sixty requests, one after the other; undefined when they took so long that another one has come back: one does each second. */
  async function spendAMinute(key: KeyName): Promise<{ refused: Response; startSeconds: number } | undefined> {
    const startMs = performance.now();
    const startSeconds = Math.floor(Date.now() / 1_000);
    for (let count = 1; count <= 60; count += 1) {
      const reply = await call('/api/x', { key });
      await reply.arrayBuffer();
      const isSure = performance.now() - startMs < 1_000;
      expect(reply.status).toBe(200);
      expect(reply.headers.get('x-ratelimit-limit-minute')).toBe('60');
      expect(reply.headers.get('x-ratelimit-limit-hour')).toBe('1000');
      const remaining = Number(reply.headers.get('x-ratelimit-remaining-minute'));
      if (isSure) expect(remaining).toBe(60 - count);
      else expect(remaining).toBeWithin(60 - count, 61);
      expect(Number(reply.headers.get('x-ratelimit-remaining-hour'))).toBe(1_000 - count);
    }
    const refused = await call('/api/x', { key });
    return performance.now() - startMs < 1_000 ? { refused, startSeconds } : undefined;
  }

  test('sixty-one requests give one 429, in the shape and with the headers of the older gateways', async () => {
    let spent: Awaited<ReturnType<typeof spendAMinute>>;
    for (const key of ['shape', 'shape-2', 'shape-3', 'shape-4', 'shape-5'] as const) spent ??= await spendAMinute(key);
    if (spent === undefined) throw new Error('sixty-one requests took more than a second, five times: this machine is too busy');
    const { refused, startSeconds } = spent;
    expect(refused.status).toBe(429);
    expect(await refused.json()).toEqual({
      error: { type: 'rate_limit_error', code: 'rate_limited', message: 'Rate limit exceeded', correlation_id: expect.any(String) },
      detail: { error: 'Rate limit exceeded', limit_per_minute: 60, limit_per_hour: 1_000, retry_after: 1 },
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('x-ratelimit-remaining-minute')).toBe('0');
    // A refusal costs nothing.
    expect(refused.headers.get('x-ratelimit-remaining-hour')).toBe('940');
    const resetAt = Number(refused.headers.get('x-ratelimit-reset-minute'));
    expect(resetAt).toBeWithin(startSeconds + 59, startSeconds + 63);
    expect(refused.headers.get('x-should-retry')).toBe('true');
  });

  test('a model route says it in the words of OpenAI', async () => {
    const body = JSON.stringify({ model: 'sim-1', messages: [{ role: 'user', content: 'Hi' }] });
    const ask = () =>
      gateway.request('/v1/chat/completions', {
        method: 'POST',
        headers: { authorization: `Bearer ${keyOf('chat')}`, 'content-type': 'application/json' },
        body,
      });
    expect(await storm(60, ask)).toEqual({ 200: 60 });
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'rate_limit_exceeded', param: null } });
    expect(Number(refused.headers.get('retry-after'))).toBeWithin(50, 61);
  });

  test('a hundred at once let exactly sixty in, and another key is not touched by it', async () => {
    expect(await storm(100, () => call('/api/x', { key: 'parallel' }))).toEqual({ 200: 60, 429: 40 });
    expect((await call('/api/x', { key: 'other' })).status).toBe(200);
  });

  test('a tier has its own limits', async () => {
    const developer = await call('/api/x', { key: 'developer' });
    expect(developer.headers.get('x-ratelimit-limit-minute')).toBe('600');
    expect(developer.headers.get('x-ratelimit-limit-hour')).toBe('20000');
    expect((await call('/api/x', { key: 'admin' })).headers.get('x-ratelimit-limit-minute')).toBe('1200');
    expect(await storm(150, () => call('/api/x', { key: 'developer' }))).toEqual({ 200: 150 });
    const unlimited = await call('/api/x', { key: 'unlimited' });
    expect(unlimited.headers.get('x-ratelimit-limit-minute')).toBeNull();
  });

  test('a limit by address counts addresses, whoever calls from there, and no other route', async () => {
    const from = (address: string) => storm(8, () => call('/api/search', { key: 'search', address }));
    const first = await from('203.0.113.1');
    // Five at once, and one more for each fifth of a second that it took.
    expect(first[200]).toBeWithin(5, 7);
    expect((await from('203.0.113.2'))[200]).toBeWithin(5, 7);
    expect((await storm(8, () => call('/api/search', { key: 'other', address: '203.0.113.2' })))[429]).toBeGreaterThanOrEqual(6);
    expect(await storm(8, () => call('/api/elsewhere', { key: 'search', address: '203.0.113.1' }))).toEqual({ 200: 8 });
  });

  test('chat admits ten a second from one address, while whoever calls from another has ten of its own', async () => {
    const rate = { limit: 10, windowMs: 1_000 };
    // Another key from the same address is none the better for it.
    const from = (address: string, keys: readonly KeyName[]) => {
      let turn = 0;
      return async () => {
        const key = keys[turn++ % keys.length] ?? 'other';
        const reply = await call('/api/chat', { key, address });
        await reply.arrayBuffer();
        return reply.status;
      };
    };
    for (const [address, keys] of [
      ['203.0.113.10', ['unlimited']],
      ['203.0.113.11', ['unlimited', 'developer', 'admin']],
    ] as const) {
      const { admitted, least, most, statuses } = await burst(rate, { lanes: 25, durationMs: 1_200, ask: from(address, keys) });
      expect(new Set(statuses)).toEqual(new Set([200, 429]));
      expect(admitted).toBeWithin(least, most + 1);
    }
    // Other routes are not touched.
    expect((await call('/api/x', { key: 'unlimited', address: '203.0.113.11' })).status).toBe(200);
  });

  test('a caller without a key is counted by address, and what it invents about it is not believed', async () => {
    // The last address in the list is the one that the trusted proxy saw.
    const forged = (index: number) => call('/open/x', { address: `198.51.100.${index}, 203.0.113.77` });
    expect(await storm(70, forged)).toEqual({ 200: 60, 429: 10 });
    expect((await call('/open/x', { address: '203.0.113.78' })).status).toBe(200);
  });

  test('what was refused for a second is let in when it has passed', async () => {
    await storm(3, () => call('/api/window', { key: 'window' }));
    const refused = await call('/api/window', { key: 'window' });
    expect(refused.status).toBe(429);
    await Bun.sleep(Number(refused.headers.get('retry-after')) * 1_000);
    expect((await call('/api/window', { key: 'window' })).status).toBe(200);
  });

  test('health, metrics and models are nobody’s requests', async () => {
    for (const path of ['/health', '/metrics', '/v1/models']) {
      expect(await storm(70, () => call(path, { key: 'system' }))).toEqual({ 200: 70 });
    }
    expect((await call('/api/x', { key: 'system' })).headers.get('x-ratelimit-remaining-minute')).toBe('59');
  });

  test('the metrics tell who was refused, by tier and route and never by name', async () => {
    const lines = (await (await gateway.request('/metrics')).text())
      .split('\n')
      .filter((line) => line.startsWith('rate_limit_exceeded_total{'));
    const counted = Object.fromEntries(lines.map((line) => [/"(.*)"/.exec(line)?.[1], Number(line.split(' ')[1])]));
    expect(counted).toEqual({
      'tier:standard': expect.any(Number),
      'tier:slow': 41,
      'tier:anonymous': 10,
      'route:/api/chat': expect.any(Number),
      'route:/api/search': expect.any(Number),
      'route:/api/window': expect.any(Number),
    });
  });
});

test('in shadow mode everybody is let in, and the headers and the metric say what would have been', async () => {
  await using gateway = await startGateway({ config: config({ mode: 'shadow', default: { per_minute: 5 } }) });
  const send = () => callWith(gateway, '/api/x', { key: 'spent' });
  expect(await storm(8, send)).toEqual({ 200: 8 });
  expect((await send()).headers.get('x-ratelimit-remaining-minute')).toBe('0');
  const lines = (await (await gateway.request('/metrics')).text()).split('\n');
  expect(lines).toContain('rate_limit_exceeded_total{identifier="tier:standard"} 4');
});

test('a token brings its own user, tier and rights', async () => {
  const jwtSecret = 'a secret of more than sixteen characters';
  await using gateway = await startGateway({ config: config({}, { auth: { jwt: { secret: jwtSecret, issuer: 'us' } } }) });
  const call = (claims: object, path = '/api/x', method = 'GET') => {
    const token = jwt({ iss: 'us', exp: 4_000_000_000, ...claims }, jwtSecret);
    return gateway.request(path, { method, headers: { authorization: `Bearer ${token}` } });
  };
  expect((await call({ sub: 'ada' })).headers.get('x-ratelimit-limit-minute')).toBe('60');
  expect((await call({ sub: 'ada' })).headers.get('x-ratelimit-remaining-minute')).toBe('58');
  // The limit is the user's, whichever token it comes with; and another user has another.
  expect((await call({ sub: 'ada', jti: 'another' })).headers.get('x-ratelimit-remaining-minute')).toBe('57');
  expect((await call({ sub: 'bob' })).headers.get('x-ratelimit-remaining-minute')).toBe('59');
  expect((await call({ sub: 'cleo', tier: 'developer' })).headers.get('x-ratelimit-limit-minute')).toBe('600');
  expect((await call({ sub: 'ada' }, '/admin/reload', 'POST')).status).toBe(403);
  expect((await call({ sub: 'eve', admin: true }, '/admin/reload', 'POST')).status).toBe(200);
  expect((await call({ sub: 'ada', iss: 'them' })).status).toBe(401);
});

test('what is over the places and the queue is refused at once, and what waits is served when a place is free', async () => {
  const admission = { concurrent_max: 1, queue_max: 1, queue_timeout: '5s' };
  await using gateway = await startGateway({ config: config({ mode: 'off' }, { admission }) });
  const call = (id: string, ms: number) =>
    gateway.request(`/api/x?simulate=delay-ms=${ms}`, { headers: { authorization: `Bearer ${keyOf('other')}`, 'x-correlation-id': id } });
  const asked = (await simulator.requests('/anything/x')).length;
  const first = call('first', 600);
  await eventually(async () => (await simulator.requests('/anything/x')).length > asked, { what: 'the first one upstream' });
  const second = call('second', 0);
  // Which of the two waits is not known before both have arrived.
  const third = call('third', 0);
  const [other, one] = await Promise.all([third, second]);
  const refused = one.status === 503 ? one : other;
  const waited = one.status === 503 ? other : one;
  expect([refused.status, waited.status]).toEqual([503, 200]);
  expect(await refused.json()).toMatchObject({ error: { code: 'overloaded', type: 'service_unavailable' } });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(Number(waited.headers.get('x-gatehouse-queue-ms'))).toBeGreaterThan(100);
  expect((await first).status).toBe(200);
  // The routes of the system wait for nobody.
  const busy = call('busy', 400);
  for (const path of ['/health', '/metrics']) expect((await gateway.request(path)).status).toBe(200);
  expect((await busy).status).toBe(200);
});

describe.skipIf(!redisAvailable())('with one Redis', () => {
  let redis: RedisProcess;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.[Symbol.asyncDispose]());

  // An hour's limit: what comes back while the test runs is less than one.
  const LIMIT = 100;
  const shared = (prefix: string, more: object = {}) =>
    config({ default: { per_hour: LIMIT } }, { state: { counters: redis.url, prefix, timeout: '2s' }, ...more });

  test('two gateways together admit exactly the limit', async () => {
    const both = shared('two:');
    await using first = await startGateway({ config: both });
    await using second = await startGateway({ config: both });
    const at = (index: number) => callWith(index % 2 === 0 ? first : second, '/api/x', { key: 'hourly' });
    expect(await storm(250, at)).toEqual({ 200: LIMIT, 429: 150 });
    expect((await at(0)).status).toBe(429);
    expect((await at(1)).status).toBe(429);
  });

  test('what was spent is spent after a restart', async () => {
    const same = shared('again:');
    {
      await using first = await startGateway({ config: same });
      expect(await storm(70, () => callWith(first, '/api/x', { key: 'hourly' }))).toEqual({ 200: 70 });
    }
    await using second = await startGateway({ config: same });
    expect(await storm(70, () => callWith(second, '/api/x', { key: 'hourly' }))).toEqual({ 200: 30, 429: 40 });
  });

  test.skipIf(process.platform !== 'linux')('two workers on one port together admit exactly the limit', async () => {
    await using gateway = await startGateway({ config: shared('workers:'), flags: ['--workers', '2', '--port', String(freePort())] });
    const ready = () => gateway.logs().filter((line) => line['message'] === 'Gatehouse is ready').length === 2;
    await eventually(ready, { what: 'both workers' });
    expect(await storm(250, () => callWith(gateway, '/api/x', { key: 'hourly' }))).toEqual({ 200: LIMIT, 429: 150 });
  });
});
