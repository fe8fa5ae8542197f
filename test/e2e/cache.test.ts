/*
 * The exact cache against the real process: what is asked once is not asked again, for as long as it is the same question of the same
 * people; in memory, and in a Redis that two gateways share.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type RedisProcess, redisAvailable, startRedis } from '../harness/redis.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEYS = {
  acme: 'sk-acme-0000000000000',
  acmeToo: 'sk-acme-1111111111111',
  ada: 'sk-ada-00000000000000',
  umbrella: 'sk-umbrella-000000000',
};

function config(simulator: SimulatorProcess, cacheStore = 'memory'): object {
  return {
    auth: {
      keys: [
        { name: 'acme', key: KEYS.acme, tenant: 'acme' },
        { name: 'acme-too', key: KEYS.acmeToo, tenant: 'acme' },
        { name: 'ada', key: KEYS.ada, tenant: 'acme', user: 'ada' },
        { name: 'umbrella', key: KEYS.umbrella, tenant: 'umbrella' },
      ],
    },
    limits: { mode: 'off' },
    state: { cache: cacheStore },
    cache: {
      routes: [
        { match: '/v1/chat/completions', ttl: '60s', coalesce: true },
        { match: '/cached/*', ttl: '60s' },
        { match: '/open/*', ttl: '60s' },
      ],
    },
    providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
    models: {
      'sim-1': { targets: [{ provider: 'simulator' }] },
      slow: { targets: [{ provider: 'simulator', model: 'sim-1!first-token-ms=300' }] },
    },
    services: {
      cached: { urls: [simulator.url], routes: ['/cached/*'], rewrite: '/items/*' },
      open: { urls: [simulator.url], routes: ['/open/*'], rewrite: '/anything/*', access: 'public' },
    },
  };
}

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({ config: config(simulator) });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

interface Got {
  readonly cache: string | null;
  readonly age: string | null;
  readonly etag: string | null;
  readonly text: string;
}

async function get(path: string, headers: Readonly<Record<string, string>> = bearer(KEYS.acme)): Promise<Got> {
  const reply = await gateway.request(path, { headers });
  expect(reply.status).toBe(200);
  return { cache: reply.headers.get('x-cache'), age: reply.headers.get('age'), etag: reply.headers.get('etag'), text: await reply.text() };
}

const callsTo = async (path: string) => (await simulator.requests(path)).length;

describe('a GET of a service', () => {
  test('is answered from the cache the second time, and says so', async () => {
    const first = await get('/cached/a');
    const second = await get('/cached/a');
    expect([first.cache, second.cache]).toEqual(['MISS', 'HIT']);
    expect(Number(second.age)).toBeLessThan(10);
    expect(first.age).toBeNull();
    expect([second.text, second.etag]).toEqual([first.text, first.etag]);
    expect(await callsTo('/items/a')).toBe(1);
  });

  test('is so also when the answer was streamed', async () => {
    const first = await get('/cached/large?bytes=300000');
    const second = await get('/cached/large?bytes=300000');
    expect([first.cache, second.cache]).toEqual(['MISS', 'HIT']);
    expect(second.text).toBe(first.text);
  });

  for (const { name, query = '', headers = {}, calls } of [
    { name: 'the caller says no-store', headers: { 'cache-control': 'no-store' }, calls: 3 },
    // What it brings is kept, and answers the last one, which does not say it.
    { name: 'the caller says no-cache', headers: { 'cache-control': 'no-cache' }, calls: 2 },
    { name: 'the service says private', query: '?cache-control=private', calls: 3 },
    { name: 'the service says no-store', query: '?cache-control=no-store', calls: 3 },
    { name: 'the service says that it varies by everything', query: '?vary=*', calls: 3 },
    { name: 'the service says that it varies by a header of its own', query: '?vary=X-Region', calls: 3 },
  ]) {
    test(`is not, where ${name}`, async () => {
      const path = `/cached/${name.replaceAll(' ', '-')}`;
      await get(path + query, { ...bearer(KEYS.acme), ...headers });
      await get(path + query, { ...bearer(KEYS.acme), ...headers });
      await get(path + query);
      expect(await callsTo(path.replace('/cached/', '/items/'))).toBe(calls);
    });
  }

  test('is kept no longer than the service says', async () => {
    await get('/cached/short?cache-control=max-age%3D1');
    expect((await get('/cached/short?cache-control=max-age%3D1')).cache).toBe('HIT');
    await eventually(async () => (await get('/cached/short?cache-control=max-age%3D1')).cache === 'MISS', { what: 'the end of its time' });
  });

  test('is asked anew for another query, another Accept, another Cookie and another method', async () => {
    const own = bearer(KEYS.acme);
    await get('/cached/b?x=1');
    await get('/cached/b?x=2');
    await get('/cached/b?x=1', { ...own, accept: 'text/plain' });
    await get('/cached/b?x=1', { ...own, cookie: 'session=1' });
    await gateway.request('/cached/b?x=1', { method: 'POST', headers: own, body: 'x' });
    expect(await callsTo('/items/b')).toBe(5);
  });

  test('is shared within a tenant, but not across tenants, nor with a key that belongs to one user', async () => {
    await get('/cached/c');
    expect((await get('/cached/c', bearer(KEYS.acmeToo))).cache).toBe('HIT');
    expect((await get('/cached/c', bearer(KEYS.umbrella))).cache).toBe('MISS');
    expect((await get('/cached/c', bearer(KEYS.ada))).cache).toBe('MISS');
  });

  test('of a public route, which the service answers by its own credentials, is never answered with what another one got', async () => {
    const ada = await get('/open/mine', bearer('a-token-of-the-service-for-ada'));
    const bob = await get('/open/mine', bearer('a-token-of-the-service-for-bob'));
    expect(ada.text).toContain('for-ada');
    expect(bob.text).toContain('for-bob');
    expect((await get('/open/mine', { 'x-api-key': 'of-eve' })).text).toContain('of-eve');
  });

  test('that failed is not kept', async () => {
    await simulator.fault('status=500,times=2,key=cache', '/items/failing');
    await gateway.request('/cached/failing', { headers: bearer(KEYS.acme) });
    await simulator.fault('');
    expect((await get('/cached/failing')).cache).toBe('MISS');
  });
});

const CHAT = '/v1/chat/completions';

function ask(question: string, more: object = {}, key: string = KEYS.acme): Promise<Response> {
  const body = { model: 'sim-1', temperature: 0, messages: [{ role: 'user', content: question }], ...more };
  return gateway.request(CHAT, {
    method: 'POST',
    headers: { ...bearer(key), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

describe('a chat', () => {
  test('that is deterministic is answered from the cache, byte for byte', async () => {
    const first = await ask('What is a gate?');
    const second = await ask('What is a gate?');
    expect([first.headers.get('x-gatehouse-cache'), second.headers.get('x-gatehouse-cache')]).toEqual(['miss', 'hit']);
    expect(await second.text()).toBe(await first.text());
  });

  test('that is streamed is answered from the cache as a stream, event for event', async () => {
    const first = await ask('What is a stream?', { stream: true });
    const text = await first.text();
    expect(text).toEndWith('data: [DONE]\n\n');
    const second = await ask('What is a stream?', { stream: true });
    expect(second.headers.get('x-cache')).toBe('HIT');
    expect(second.headers.get('content-type')).toStartWith('text/event-stream');
    expect(await second.text()).toBe(text);
    // Whole and streamed are different questions.
    expect((await ask('What is a stream?')).headers.get('x-cache')).toBe('MISS');
  });

  test('that broke off is not kept', async () => {
    const cut = await ask('Break off', { stream: true, model: 'sim-1', seed: 1 });
    await cut.text();
    await simulator.fault('cut-after=3', '/v1/chat');
    const broken = await ask('Break off, please', { stream: true });
    expect(await broken.text()).not.toContain('[DONE]');
    await simulator.fault('');
    const whole = await ask('Break off, please', { stream: true });
    expect(whole.headers.get('x-cache')).toBe('MISS');
    expect(await whole.text()).toEndWith('data: [DONE]\n\n');
  });

  test('that may be answered in many ways is asked each time', async () => {
    for (let round = 0; round < 2; round += 1) expect((await ask('Surprise me', { temperature: 0.7 })).headers.get('x-cache')).toBeNull();
  });

  test('is not answered with what another tenant got', async () => {
    await (await ask('Who am I?')).text();
    expect((await ask('Who am I?', {}, KEYS.umbrella)).headers.get('x-cache')).toBe('MISS');
  });

  test('that fifty ask at once is asked upstream once', async () => {
    const before = await callsTo(CHAT);
    const replies = await Promise.all(Array.from({ length: 50 }, () => ask('All at once', { model: 'slow' })));
    const texts = new Set(await Promise.all(replies.map((reply) => reply.text())));
    expect(texts.size).toBe(1);
    expect(await callsTo(CHAT)).toBe(before + 1);
    const results = replies.map((reply) => reply.headers.get('x-gatehouse-cache'));
    expect(results.filter((result) => result === 'miss')).toHaveLength(1);
    expect(new Set(results)).toEqual(new Set(['miss', 'coalesced']));
  });
});

test('the metrics tell how often it helped', async () => {
  const json = (await (await gateway.request('/api/metrics')).json()) as { cache: { hits: number; misses: number; hit_rate: number } };
  expect(json.cache.hits).toBeGreaterThan(0);
  expect(json.cache.hit_rate).toBeCloseTo(json.cache.hits / (json.cache.hits + json.cache.misses), 3);
});

describe.skipIf(!redisAvailable())('in Redis', () => {
  let redis: RedisProcess;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.[Symbol.asyncDispose]());

  test('what one gateway was answered answers the callers of the other, and survives both', async () => {
    const shared = config(simulator, redis.url);
    const question = { method: 'POST', headers: { ...bearer(KEYS.acme), 'content-type': 'application/json' } };
    const body = JSON.stringify({ model: 'sim-1', seed: 7, stream: true, messages: [{ role: 'user', content: 'Shared?' }] });
    let text: string;
    {
      await using first = await startGateway({ config: shared });
      await using second = await startGateway({ config: shared });
      text = await (await first.request(CHAT, { ...question, body })).text();
      const again = await eventually(
        async () => {
          const reply = await second.request(CHAT, { ...question, body });
          return reply.headers.get('x-cache') === 'HIT' ? reply : undefined;
        },
        { what: 'the answer in Redis' },
      );
      expect(await again.text()).toBe(text);
    }
    await using later = await startGateway({ config: shared });
    const reply = await later.request(CHAT, { ...question, body });
    expect(reply.headers.get('x-cache')).toBe('HIT');
    expect(await reply.text()).toBe(text);
  });
});
