/*
 * What protects browsers, in the real process: the security headers of the older gateways, with their values, on every kind of reply; and
 * which pages may call, by environment.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'gh-7f3c9a51e2d84b60a1c5';
const auth = { authorization: `Bearer ${KEY}` };
const PAGE = 'https://app.example';
const CHAT = { model: 'sim-1', messages: [{ role: 'user', content: 'hello' }] };

/** As the documents of the older gateways have them; the policies whose values they leave open are ours. */
const DOCUMENTED = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-xss-protection': '1; mode=block',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
};
const HSTS = 'max-age=63072000; includeSubDomains; preload';

let simulator: SimulatorProcess;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(async () => {
  await simulator?.[Symbol.asyncDispose]();
});

function start(server: object, screening: object = {}): Promise<GatewayProcess> {
  return startGateway({
    config: {
      server: { trusted_proxies: ['127.0.0.1'], ...server },
      auth: { keys: [{ name: 'caller', key: KEY }] },
      limits: { mode: 'off' },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: { 'sim-1': { targets: [{ provider: 'simulator' }] } },
      services: { echo: { urls: [simulator.url], routes: ['/echo/*', '/anything/*'] } },
      screening,
    },
  });
}

describe('security headers', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await start({ body_bytes_max: 4_096 }, { xss: 'block' });
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
  });
  const post = (body: string, headers: object = auth): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

  for (const { name, path, init, status } of [
    { name: 'a system route', path: '/health', init: {}, status: 200 },
    { name: 'a whole answer of a model', path: '/v1/chat/completions', init: post(JSON.stringify(CHAT)), status: 200 },
    { name: 'a stream of a model', path: '/v1/chat/completions', init: post(JSON.stringify({ ...CHAT, stream: true })), status: 200 },
    { name: 'the answer of a service', path: '/anything/x', init: { headers: auth }, status: 200 },
    { name: 'a request without a key', path: '/v1/chat/completions', init: post('{}', {}), status: 401 },
    { name: 'a path that does not exist', path: '/nothing', init: {}, status: 404 },
    { name: 'a method that is not served', path: '/v1/chat/completions', init: { method: 'DELETE' }, status: 405 },
    { name: 'a body that is too large', path: '/v1/chat/completions', init: post('x'.repeat(5_000)), status: 413 },
    { name: 'a body that is broken', path: '/v1/chat/completions', init: post('{'), status: 400 },
    {
      name: 'a request that screening refuses',
      path: '/anything/x?q=%3Cscript%3Ealert(1)%3C/script%3E',
      init: { headers: auth },
      status: 400,
    },
    {
      name: 'a preflight',
      path: '/v1/chat/completions',
      init: { method: 'OPTIONS', headers: { origin: PAGE, 'access-control-request-method': 'POST' } },
      status: 204,
    },
  ] as { name: string; path: string; init: RequestInit; status: number }[]) {
    test(`are on ${name}, with HSTS where the caller came by https`, async () => {
      const plain = await gateway.request(path, init);
      await plain.arrayBuffer();
      expect(plain.status).toBe(status);
      expect(Object.fromEntries(plain.headers)).toMatchObject(DOCUMENTED);
      expect(plain.headers.has('strict-transport-security')).toBe(false);
      const secure = await gateway.request(path, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' },
      });
      await secure.arrayBuffer();
      expect(Object.fromEntries(secure.headers)).toMatchObject({ ...DOCUMENTED, 'strict-transport-security': HSTS });
    });
  }

  test('can be changed one by one, and turned off', async () => {
    await using changed = await start({
      security_headers: { content_security_policy: '', hsts_preload: false, hsts_max_age: '1d', referrer_policy: 'no-referrer' },
    });
    const { headers } = await changed.request('/health', { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' } });
    expect(headers.get('strict-transport-security')).toBe('max-age=86400; includeSubDomains');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.has('content-security-policy')).toBe(false);
    await using off = await start({ security_headers: { enabled: false } });
    const bare = await off.request('/health');
    for (const name of [...Object.keys(DOCUMENTED), 'strict-transport-security']) expect(bare.headers.has(name)).toBe(false);
  });
});

describe('pages that call', () => {
  const preflight = (gateway: GatewayProcess, origin: string, path = '/v1/chat/completions') =>
    gateway.request(path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    });
  const chat = (gateway: GatewayProcess, origin: string, more: object = {}) =>
    gateway.request('/v1/chat/completions', {
      method: 'POST',
      headers: { ...auth, origin, 'content-type': 'application/json' },
      body: JSON.stringify({ ...CHAT, ...more }),
    });

  test('in development: any, and without credentials', async () => {
    await using gateway = await start({});
    const asked = await preflight(gateway, 'https://any.example');
    expect(asked.status).toBe(204);
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'authorization,content-type',
    });
    const answer = await chat(gateway, 'https://any.example');
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
  });

  test('in production: none, unless some are named', async () => {
    await using gateway = await start({ environment: 'production' });
    const asked = await preflight(gateway, PAGE);
    expect([asked.status, ((await asked.json()) as { error: { code: string } }).error.code]).toEqual([403, 'origin_forbidden']);
    expect(asked.headers.has('access-control-allow-origin')).toBe(false);
    const answer = await chat(gateway, PAGE);
    expect([answer.status, answer.headers.has('access-control-allow-origin')]).toEqual([200, false]);
  });

  test('in production with a list: those, with credentials where that is said, on answers, streams, errors and services', async () => {
    await using gateway = await start({ environment: 'production', cors: { origins: [PAGE, 'https://two.example'], credentials: true } });
    expect((await preflight(gateway, PAGE)).status).toBe(204);
    expect((await preflight(gateway, PAGE, '/echo/x')).status).toBe(204);
    for (const answer of [
      await preflight(gateway, PAGE),
      await chat(gateway, PAGE),
      await chat(gateway, PAGE, { stream: true }),
      await chat(gateway, PAGE, { model: 'unknown' }),
      await gateway.request('/anything/x', { headers: { ...auth, origin: PAGE } }),
      await gateway.request('/nothing', { headers: { origin: PAGE } }),
    ]) {
      await answer.arrayBuffer();
      expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
      expect(answer.headers.get('vary')).toContain('Origin');
    }
    for (const origin of ['https://app.example.evil', 'http://app.example', 'https://app.example:8443', 'null']) {
      expect((await preflight(gateway, origin)).status).toBe(403);
      const answer = await chat(gateway, origin);
      expect([answer.headers.has('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([false, 'Origin']);
    }
    const nobody = await gateway.request('/health');
    expect([nobody.headers.has('access-control-allow-origin'), nobody.headers.get('vary')]).toEqual([false, 'Origin']);
  });

  test('a production that is open to every page does not start', async () => {
    const started = start({ environment: 'production', cors: { origins: ['*'] } });
    expect(String(await rejection(started))).toContain('server.cors.origins');
  });
});
