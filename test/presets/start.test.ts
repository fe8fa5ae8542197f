/*
 * Presets through the real process: each starts, answers, and limits as its document says; none is open to others with keys that
 * everyone knows; and production says all that it lacks at once.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PRESETS } from '../../src/config/preset-config.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type StartedProcess, startGatehouse } from '../harness/process.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { type Endpoint, endpointsOf, ORIGINALS, securityHeadersOf, variablesOf } from './originals.ts';

let home: string;
let services: SimulatorProcess;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'gatehouse-presets-'));
  services = await startSimulator();
});
afterAll(async () => {
  await services?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

interface Started extends AsyncDisposable {
  readonly url: string;
  readonly process: StartedProcess;
}

/** On a free port, for the documented one may be taken; and with state in memory, for a Redis of the developer's is not ours to fill. */
async function start(preset: string, env: Readonly<Record<string, string>> = {}, flags: readonly string[] = []): Promise<Started> {
  const memory = env['REDIS_URL'] === undefined ? ['--set', 'state.counters=memory', '--set', 'state.cache=memory'] : [];
  const process = await startGatehouse(['start', '--preset', preset, '--port', '0', ...memory, ...flags], {
    readyPattern: /API\s+(http:\/\/([\d.]+):\d+)\/v1/,
    env: { HOME: home, ...env },
  });
  const url = process.ready[1] ?? '';
  return { url, process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** What a start that is refused says; fails when it is not refused. */
async function refusal(preset: string, env: Readonly<Record<string, string>>): Promise<string> {
  return String(await rejection(start(preset, env)));
}

/** Waits for a line of the log; fails when it does not come. */
async function logged({ process }: Started, text: string): Promise<void> {
  await eventually(() => process.stdout.some((line) => line.includes(text)));
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });

describe('every preset', () => {
  for (const preset of PRESETS) {
    test(`${preset} starts on loopback with nothing set, and answers /health and /metrics`, async () => {
      await using gateway = await start(preset);
      expect(new URL(gateway.url).hostname).toBe('127.0.0.1');
      await logged(gateway, 'Listening on 127.0.0.1 alone, not on 0.0.0.0');
      const health = await fetch(`${gateway.url}/health`);
      expect(health.status).toBe(200);
      // Nothing that the preset names is there: until a probe has found out, that counts as working.
      expect(await health.json()).toMatchObject({ status: expect.stringMatching(/^(healthy|degraded)$/) as string, ok: true });
      expect((await fetch(`${gateway.url}/metrics`)).status).toBe(preset === 'ai-platform' ? 401 : 200);
    });
  }

  for (const original of ORIGINALS) {
    const { preset } = original;
    test(`${preset} has a route for each endpoint of its document`, async () => {
      await using gateway = await start(preset);
      const missing: string[] = [];
      for (const endpoint of endpointsOf(original)) {
        if (!(await hasRoute(gateway.url, endpoint))) missing.push(`${preset} ${endpoint.method} ${endpoint.path}`);
      }
      expect(missing).toEqual([]);
    });
  }
});

test('without a preset the variables of all five bring all their endpoints at once', async () => {
  const documented = ORIGINALS.flatMap((original) => variablesOf(original).map(({ name, fallback = '' }) => [name, fallback] as const));
  const own = { API_KEY: 'a-key-of-our-own', SECRET_KEY: 'a-secret-of-our-own', GATEWAY_HOST: '127.0.0.1' };
  const process = await startGatehouse(['start', '--port', '0'], {
    readyPattern: /API\s+(http:\/\/[\d.]+:\d+)\/v1/,
    env: { HOME: home, ...Object.fromEntries(documented), ...own, REDIS_URL: `redis://127.0.0.1:${freePort()}/0` },
  });
  await using _process = process;
  const missing: string[] = [];
  for (const original of ORIGINALS) {
    for (const endpoint of endpointsOf(original)) {
      if (!(await hasRoute(process.ready[1] ?? '', endpoint))) missing.push(`${original.preset} ${endpoint.method} ${endpoint.path}`);
    }
  }
  expect(missing).toEqual([]);
});

/** OPTIONS tells a route from none, and calls nobody; but for a route that takes every method: its service is not there, or asks for a key. */
async function hasRoute(url: string, { method, path }: Endpoint): Promise<boolean> {
  const reply = await fetch(`${url}${path}`, { method: 'OPTIONS' });
  await reply.arrayBuffer();
  const allow = reply.headers.get('allow');
  return allow === null ? reply.status !== 404 : allow.split(', ').includes(method);
}

test('security headers are those of the documents, to callers who came by https', async () => {
  let count = 0;
  for (const original of ORIGINALS) {
    const documented = securityHeadersOf(original);
    count += documented.length;
    if (documented.length === 0) continue;
    await using gateway = await start(original.preset, {}, ['--set', 'server.trusted_proxies=127.0.0.1']);
    const reply = await fetch(`${gateway.url}/health`, { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.7' } });
    for (const [name, value] of documented) expect([name, reply.headers.get(name)]).toEqual([name, value]);
  }
  expect(count).toBe(9);
});

describe('limits', () => {
  const limitsOf = (reply: Response) =>
    ['second', 'minute', 'hour'].map((unit) => Number(reply.headers.get(`x-ratelimit-limit-${unit}`) ?? 0));

  test('AI platform: each documented key has the limits of its tier, and the model answers though no MAX Serve is there', async () => {
    await using gateway = await start('ai-platform');
    for (const [key, limits] of [
      ['sk-test-key-123', [0, 60, 1_000]],
      ['sk-admin-key-456', [0, 1_200, 40_000]],
      ['sk-dev-key-789', [0, 600, 20_000]],
    ] as [string, number[]][]) {
      const reply = await post(
        `${gateway.url}/v1/chat/completions`,
        { model: 'llama-3.3-8b-instruct', messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 100 },
        bearer(key),
      );
      expect(reply.status).toBe(200);
      expect(limitsOf(reply)).toEqual(limits);
      // Nobody takes a simulated answer for one of MAX Serve.
      expect(reply.headers.get('x-gatehouse-provider')).toBe('simulator');
      await reply.arrayBuffer();
    }
    expect((await fetch(`${gateway.url}/metrics`, { headers: bearer('sk-test-key-123') })).status).toBe(200);
    expect((await post(`${gateway.url}/v1/chat/completions`, {}, bearer('sk-nobodys-key'))).status).toBe(401);
    await logged(gateway, 'The simulated model stands in');
  });

  test('AI platform: a MAX Serve that is named is never stood in for', async () => {
    await using gateway = await start('ai-platform', { MAX_SERVE_URL: `http://127.0.0.1:${freePort()}` });
    const reply = await post(
      `${gateway.url}/v1/chat/completions`,
      { model: 'llama-3.3-8b-instruct', messages: [{ role: 'user', content: 'Hello!' }] },
      bearer('sk-test-key-123'),
    );
    expect(reply.status).toBeGreaterThanOrEqual(500);
    await reply.arrayBuffer();
  });

  test('StillMe, AI microservices, high-performance and AIVillage: those of their documents', async () => {
    for (const [preset, variable, path, headers, limits] of [
      ['stillme', 'STILLME_BACKEND', '/api/search', {}, [5, 0, 0]],
      ['ai-microservices', 'PRICING_SERVICE_URL', '/api/v1/pricing/quote', {}, [0, 60, 1_000]],
      ['inference-lab', 'PY_SERVICE_URL', '/infer/python', {}, [0, 0, 0]],
      ['aivillage', 'AGENT_CONTROLLER_URL', '/v1/query', bearer('dev-gateway-key-12345'), [0, 100, 0]],
    ] as [string, string, string, Record<string, string>, number[]][]) {
      await using gateway = await start(preset, { [variable]: services.url });
      const reply = await post(`${gateway.url}${path}`, { prompt: 'hello' }, headers);
      expect([preset, reply.status === 401, ...limitsOf(reply)]).toEqual([preset, false, ...limits]);
      await reply.arrayBuffer();
    }
  });

  test('high-performance: one service answers for the other', async () => {
    await using gateway = await start('inference-lab', {
      PY_SERVICE_URL: `http://127.0.0.1:${freePort()}`,
      NODE_SERVICE_URL: services.url,
    });
    const reply = await post(`${gateway.url}/infer/python`, { prompt: 'hello' });
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({ ok: true });
  });

  test('AIVillage: without its key nobody queries', async () => {
    await using gateway = await start('aivillage', { AGENT_CONTROLLER_URL: services.url });
    const reply = await post(`${gateway.url}/v1/query`, { query: 'What is the capital of France?' });
    expect(reply.status).toBe(401);
  });
});

test('a Redis that is not there costs the cache and shared counts, and nothing else', async () => {
  await using gateway = await start('stillme', {
    REDIS_URL: `redis://127.0.0.1:${freePort()}/0`,
    STILLME_BACKEND: services.url,
  });
  const reply = await fetch(`${gateway.url}/api/anything`);
  expect(reply.headers.get('x-ratelimit-limit-second')).toBe('100');
  await reply.arrayBuffer();
  const health = await fetch(`${gateway.url}/health`);
  expect(health.status).toBe(200);
  expect(await health.json()).toMatchObject({ status: 'degraded', checks: { redis: 'unavailable' } });
});

test('AI microservices: a breaker that opens stays open for the documented minute, from the first time on', async () => {
  await using gateway = await start('ai-microservices', { PRICING_SERVICE_URL: `http://127.0.0.1:${freePort()}` });
  let reply = await post(`${gateway.url}/api/v1/pricing/quote`, {});
  for (let calls = 1; calls < 10 && reply.status !== 503; calls += 1) {
    await reply.arrayBuffer();
    reply = await post(`${gateway.url}/api/v1/pricing/quote`, {});
  }
  expect(reply.status).toBe(503);
  expect(await reply.json()).toMatchObject({
    error: { type: 'service_unavailable', message: expect.stringContaining("Circuit breaker 'pricing-service' is OPEN") },
  });
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(50);
  const breakers = await (await fetch(`${gateway.url}/circuit-breakers`)).json();
  expect(breakers).toMatchObject({ 'pricing-service': { state: 'open', failure_count: 5 }, 'vision-service': { state: 'closed' } });
});

test('the key for this machine opens the admin routes, and no other route asks for it', async () => {
  await using gateway = await start('ai-microservices');
  const key = /sk-gatehouse-[\w-]{32}/.exec(gateway.process.stderr.join('\n'))?.[0] ?? '';
  expect((await fetch(`${gateway.url}/circuit-breakers`)).status).toBe(200);
  const reset = (headers: Record<string, string>) => fetch(`${gateway.url}/circuit-breakers/nobody/reset`, { method: 'POST', headers });
  expect((await reset({})).status).toBe(401);
  expect((await reset(bearer(key))).status).toBe(404);
});

describe('production', () => {
  const production = { ENVIRONMENT: 'production' };
  const own = { API_KEYS: 'a-key-of-our-own', SECRET_KEY: 'a-secret-of-our-own' };
  for (const [name, preset, env, want] of [
    ['AI platform with its documented keys', 'ai-platform', {}, ["the key 'test'", "the key 'admin'", "the key 'dev'", 'API_KEYS']],
    ['AIVillage as documented', 'aivillage', {}, ["the key 'api-key'", 'SECRET_KEY', 'CORS_ORIGINS']],
    [
      'AIVillage with the values its README shows',
      'aivillage',
      { API_KEY: 'your-secure-api-key', SECRET_KEY: 'your-secure-secret-key' },
      ["the key 'api-key'", 'SECRET_KEY', 'CORS_ORIGINS'],
    ],
    [
      'keys that the AI platform shows as an example',
      'ai-platform',
      { API_KEYS: 'sk-prod-key-1,sk-prod-key-2' },
      ["the key 'api-keys-1'", "the key 'api-keys-2'"],
    ],
    ['a key that is the password of StillMe’s Grafana', 'stillme', { API_KEY: 'stillme123' }, ["the key 'api-key'"]],
    ['a key of our example', 'inference-lab', { API_KEYS: 'change-me-one' }, ["the key 'api-keys-1'"]],
    ['no keys', 'ai-microservices', {}, ['without keys', 'API_KEYS']],
    ['every web page', 'stillme', { ...own, CORS_ORIGINS: '*' }, ['CORS_ORIGINS']],
  ] as [string, string, Record<string, string>, string[]][]) {
    test(`refuses ${name}, and says what to set`, async () => {
      const said = await refusal(preset, { ...production, ...env });
      expect(said).toContain('ended with code 1');
      for (const part of want) expect(said).toContain(part);
    });
  }

  test('starts once all that was said is set', async () => {
    await using gateway = await start('aivillage', {
      ...production,
      ...own,
      CORS_ORIGINS: 'https://your-domain.com',
      GATEWAY_HOST: '127.0.0.1',
    });
    expect(await (await fetch(`${gateway.url}/healthz`)).json()).toMatchObject({ gateway: { environment: 'production' } });
    const page = await fetch(`${gateway.url}/healthz`, { headers: { origin: 'https://your-domain.com' } });
    expect(page.headers.get('access-control-allow-origin')).toBe('https://your-domain.com');
  });

  test('never answers with the simulated model', async () => {
    await using gateway = await start('ai-platform', { ...production, ...own, GATEWAY_HOST: '127.0.0.1' });
    const reply = await post(
      `${gateway.url}/v1/chat/completions`,
      { model: 'llama-3.3-8b-instruct', messages: [{ role: 'user', content: 'Hello!' }] },
      bearer('a-key-of-our-own'),
    );
    expect(reply.status).toBeGreaterThanOrEqual(500);
    await reply.arrayBuffer();
  });
});

test('documented keys are no keys where others could use them', async () => {
  const said = await refusal('ai-platform', { GATEWAY_HOST: '0.0.0.0' });
  expect(said).toContain("the key 'test' is a documented one, which everyone knows, while listening on 0.0.0.0");
});

test('a file of variables is read at the start, and below the environment', async () => {
  const path = join(home, 'my.env');
  await writeFile(
    path,
    'GATEHOUSE_PRESET=inference-lab\nPY_SERVICE_URL=http://127.0.0.1:1\nAPI_KEYS="sk-of-the-file" # ours\nGATEWAY_HOST=127.0.0.1\n',
  );
  const started = await startGatehouse(['start', '--env-file', path, '--port', '0'], {
    readyPattern: /API\s+(http:\/\/[\d.]+:\d+)\/v1/,
    env: { HOME: home, PY_SERVICE_URL: services.url },
  });
  await using _process = started;
  const url = started.ready[1] ?? '';
  expect((await post(`${url}/infer/python`, { prompt: 'hello' })).status).toBe(401);
  const reply = await post(`${url}/infer/python`, { prompt: 'hello' }, bearer('sk-of-the-file'));
  expect(reply.status).toBe(200);
  expect(await reply.json()).toMatchObject({ output: 'echo: hello' });
});
