/*
 * What the gateway says of itself: health, metrics, breakers, logs and traces, while real servers come and go behind it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { logLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { parseExposition } from '../telemetry/prometheus-text.ts';

const KEYS = { caller: 'sk-caller-00000000000', admin: 'sk-admin-000000000000' };
const bearer = (key: string) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

function config(more: object = {}): object {
  return {
    auth: {
      keys: [
        { name: 'caller', key: KEYS.caller, tenant: 'acme' },
        { name: 'admin', key: KEYS.admin, admin: true },
      ],
    },
    limits: { mode: 'off' },
    providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
    models: { 'sim-1': { targets: [{ provider: 'simulator' }] } },
    services: { echo: { urls: [simulator.url], routes: ['/anything/*'] } },
    ...more,
  };
}

function ask(gateway: GatewayProcess, more: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  return gateway.request('/v1/chat/completions', {
    method: 'POST',
    headers: { ...bearer(KEYS.caller), ...headers },
    body: JSON.stringify({ model: 'sim-1', messages: [{ role: 'user', content: 'echo: hello there' }], ...more }),
  });
}

interface Health {
  readonly status: string;
  readonly ok: boolean;
  readonly services: Record<string, { status: string; status_code?: number; response_time_ms?: number }>;
}

async function healthOf(gateway: GatewayProcess, path = '/health'): Promise<Health & { readonly code: number }> {
  const reply = await gateway.request(path);
  return { ...((await reply.json()) as Health), code: reply.status };
}

describe('health', () => {
  const probes = { health: { path: '/health', interval: '100ms', timeout: '1s', unhealthy_after: 1, healthy_after: 1 } };

  test('is healthy, then degraded, then unhealthy as the servers behind it stop, and well again as they come back', async () => {
    await using cleanup = new AsyncDisposableStack();
    const first = cleanup.use(await startSimulator());
    const second = cleanup.use(await startSimulator());
    const gateway = cleanup.use(
      await startGateway({
        config: config({
          providers: { one: { type: 'openai-compatible', base_url: `${first.url}/v1` } },
          models: { 'sim-1': { targets: [{ provider: 'one' }] } },
          services: { two: { urls: [second.url], routes: ['/anything/*'] } },
          upstream: probes,
        }),
      }),
    );
    const becomes = (status: string) => eventually(async () => (await healthOf(gateway)).status === status, { what: status });

    await eventually(async () => Object.values((await healthOf(gateway)).services).every((service) => service.status === 'healthy'), {
      what: 'all probed',
    });
    expect(await healthOf(gateway)).toMatchObject({
      code: 200,
      status: 'healthy',
      ok: true,
      service: 'gatehouse',
      services: { two: { status: 'healthy', status_code: 200, response_time_ms: expect.any(Number) } },
      gateway: { environment: 'development', draining: false },
    });

    await second.process[Symbol.asyncDispose]();
    await becomes('degraded');
    expect(await healthOf(gateway)).toMatchObject({ code: 200, ok: true, services: { two: { status: 'unhealthy' } } });
    expect((await healthOf(gateway, '/readyz')).code).toBe(200);

    await first.process[Symbol.asyncDispose]();
    await becomes('unhealthy');
    expect(await healthOf(gateway)).toMatchObject({ code: 503, ok: false });
    expect((await healthOf(gateway, '/healthz')).code).toBe(503);
    expect((await healthOf(gateway, '/readyz')).code).toBe(503);
    // Restarting this process would not bring them back.
    expect((await healthOf(gateway, '/livez')).code).toBe(200);
    expect(await logLine(gateway, 'An endpoint is unhealthy')).toMatchObject({ level: 'WARN' });

    cleanup.use(await startSimulator(['--port', new URL(second.url).port]));
    await becomes('degraded');
    cleanup.use(await startSimulator(['--port', new URL(first.url).port]));
    await becomes('healthy');
  }, 20_000);

  test('tells of servers that no probe watches what requests have found out', async () => {
    await using gone = await startSimulator();
    await using gateway = await startGateway({
      config: config({
        providers: { gone: { type: 'openai-compatible', base_url: `${gone.url}/v1` } },
        models: { 'sim-1': { targets: [{ provider: 'gone' }] } },
        services: {},
        upstream: { retries: { attempts_max: 1 }, breaker: { first_timeout: '60s', timeout: '60s' } },
      }),
    });
    expect((await ask(gateway)).status).toBe(200);
    expect((await healthOf(gateway)).status).toBe('healthy');
    await gone.process[Symbol.asyncDispose]();
    for (let count = 0; count < 5; count += 1) expect((await ask(gateway)).status).toBe(502);
    expect(await healthOf(gateway)).toMatchObject({ code: 503, status: 'unhealthy', services: { 'gone/sim-1': { status: 'unhealthy' } } });
  });

  test('answers at once while every probe hangs', async () => {
    await using hanging = await startSimulator(['--fault', 'silence']);
    await using gateway = await startGateway({
      config: config({
        services: { hanging: { urls: [hanging.url], routes: ['/hanging/*'] } },
        upstream: { health: { ...probes.health, timeout: '30s' } },
      }),
    });
    await eventually(async () => (await hanging.stats()).open > 0, { what: 'a probe that hangs' });
    const times: number[] = [];
    for (let count = 0; count < 50; count += 1) {
      const startMs = performance.now();
      await healthOf(gateway);
      times.push(performance.now() - startMs);
    }
    // One may be this test's own machine, which stands still at times; an answer that waited for what hangs would be most of them.
    expect(times.toSorted((left, right) => left - right).at(-2)).toBeLessThan(100);
  });
});

describe('with traffic', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway({ config: config() });
    for (let count = 0; count < 5; count += 1) await (await ask(gateway)).text();
    for (let count = 0; count < 3; count += 1) await (await ask(gateway, { stream: true })).text();
    await (await ask(gateway, { model: 'none' })).text();
    await gateway.request('/v1/chat/completions', { method: 'POST', headers: { authorization: 'Bearer sk-wrong-000000000' }, body: '{}' });
    for (let count = 0; count < 4; count += 1) await gateway.request('/anything/x', { headers: bearer(KEYS.caller) });
    await gateway.request('/nothing/here');
  });
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  test('/metrics has it counted, in the text that Prometheus reads', async () => {
    const reply = await gateway.request('/metrics');
    expect(reply.headers.get('content-type')).toStartWith('text/plain; version=0.0.4');
    const metrics = parseExposition(await reply.text());
    const samples = metrics.flatMap((metric) => metric.samples);
    const value = (name: string, labels: object) =>
      samples.find((sample) => sample.name === name && Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted))
        ?.value;
    const chat = { method: 'POST', endpoint: '/v1/chat/completions' };
    for (const name of ['http_requests_total', 'gateway_requests_total']) {
      expect(value(name, { ...chat, status: '200' })).toBe(8);
      expect(value(name, { ...chat, status: '404' })).toBe(1);
      expect(value(name, { ...chat, status: '401' })).toBe(1);
      expect(value(name, { endpoint: '/anything/*', status: '200' })).toBe(4);
      expect(value(name, { endpoint: 'unmatched', status: '404' })).toBe(1);
    }
    expect(value('http_request_duration_seconds_count', chat)).toBe(10);
    expect(value('http_request_errors_total', { ...chat, code: 'model_unknown' })).toBe(1);
    expect(value('gateway_auth_failures_total', { code: 'key_invalid' })).toBe(1);
    expect(value('gateway_upstream_attempts_total', { target: 'simulator/sim-1', outcome: 'ok' })).toBe(8);
    // Two addresses, asked one request after another: a connection each.
    expect(value('gateway_upstream_connections_total', { result: 'new' })).toBe(2);
    expect(value('gateway_upstream_connections_total', { result: 'reused' })).toBe(10);
    expect(value('gateway_first_token_seconds_count', { model: 'sim-1' })).toBe(8);
    expect(value('gateway_tokens_total', { direction: 'output' })).toBe(8 * 2);
    expect(value('circuit_breaker_state', { service: 'echo' })).toBe(0);
    expect(value('gateway_streams_open', {})).toBe(0);
    expect(value('process_resident_memory_bytes', {})).toBeGreaterThan(10_000_000);
  });

  test('/api/metrics, and /metrics for whoever asks for JSON, have the same figures', async () => {
    const json = (await (await gateway.request('/api/metrics')).json()) as Record<string, Record<string, unknown>>;
    expect(json).toMatchObject({
      requests: { by_status: { 401: 1 }, streams_open: 0 },
      tokens: { output: 16 },
      upstream: { attempts: 12, retries: 0, fallbacks: 0 },
      auth_failures: 1,
      rate_limited: 0,
      circuit_breaker: { state_changes: 0 },
      latency: { p50_ms: expect.any(Number), p95_ms: expect.any(Number), p99_ms: expect.any(Number) },
    });
    // Two of the 404 and the 401, of fifteen that are traffic: scrapes and probes are not.
    expect(json['throughput']?.['requests']).toBe(15);
    expect(json['error_rate'] as unknown).toBe(0.2);
    const other = await gateway.request('/metrics', { headers: { accept: 'application/json' } });
    expect(Object.keys((await other.json()) as object)).toEqual(Object.keys(json));
  });

  test('/ says what this is and where to go', async () => {
    const about = (await (await gateway.request('/')).json()) as { name: string; status: string; links: Record<string, string> };
    expect(about).toMatchObject({ name: 'Gatehouse', status: 'running', version: expect.any(String) });
    for (const [name, path] of Object.entries(about.links)) {
      const reply = await gateway.request(
        path,
        name === 'chat' ? { method: 'POST', headers: bearer(KEYS.caller), body: '{}' } : { headers: bearer(KEYS.caller) },
      );
      expect([path, reply.status]).toEqual([path, name === 'chat' ? 400 : 200]);
    }
  });

  test('every reply has an id, and the headers that protect browsers', async () => {
    for (const path of ['/', '/health', '/metrics', '/v1/models', '/nothing']) {
      const { headers } = await gateway.request(path);
      expect(headers.get('x-correlation-id')).toMatch(/^[\w-]{20,}$/);
      expect(headers.get('x-request-id')).toBe(headers.get('x-correlation-id'));
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    }
  });
});

test('where metrics need a key, so do breakers; health never does', async () => {
  await using gateway = await startGateway({ config: config({ telemetry: { metrics: { access: 'key' } } }) });
  for (const path of ['/metrics', '/api/metrics', '/circuit-breakers']) {
    expect((await gateway.request(path)).status).toBe(401);
    expect((await gateway.request(path, { headers: bearer(KEYS.caller) })).status).toBe(200);
  }
  for (const path of ['/health', '/healthz', '/readyz', '/livez', '/']) expect((await gateway.request(path)).status).toBe(200);
});

describe('circuit breakers', () => {
  test('open in five failures, are told as the older gateway told them, refuse, and close when an admin says so', async () => {
    await using gateway = await startGateway({
      config: config({ upstream: { retries: { attempts_max: 1 }, breaker: { first_timeout: '60s', timeout: '60s' } } }),
    });
    await simulator.fault('status=503', '/anything/breaker');
    const call = () => gateway.request('/anything/breaker', { method: 'POST', headers: bearer(KEYS.caller), body: 'x' });
    for (let count = 0; count < 5; count += 1) expect((await call()).status).toBe(503);
    const before = (await simulator.requests('/anything/breaker')).length;
    const refused = await call();
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      error: { type: 'service_unavailable', code: 'breaker_open', message: "Circuit breaker 'echo' is OPEN" },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeWithin(1, 61);
    expect((await simulator.requests('/anything/breaker')).length).toBe(before);

    const breakers = (await (await gateway.request('/circuit-breakers')).json()) as Record<string, object>;
    expect(breakers['echo']).toEqual({
      state: 'open',
      failure_count: 5,
      recent_failures: 5,
      total_calls: 5,
      retry_after_ms: expect.any(Number),
    });
    expect(breakers['simulator/sim-1']).toMatchObject({ state: 'closed', failure_count: 0 });
    expect(await logLine(gateway, 'A circuit breaker opened')).toMatchObject({ level: 'WARN', breaker: 'echo' });

    await simulator.fault('');
    const reset = (key?: string) =>
      gateway.request('/circuit-breakers/echo/reset', { method: 'POST', ...(key === undefined ? {} : { headers: bearer(key) }) });
    expect((await reset()).status).toBe(401);
    expect((await reset(KEYS.caller)).status).toBe(403);
    expect((await call()).status).toBe(503);
    expect((await reset(KEYS.admin)).status).toBe(200);
    expect((await call()).status).toBe(200);
    const nobody = await gateway.request('/circuit-breakers/nobody/reset', { method: 'POST', headers: bearer(KEYS.admin) });
    expect(nobody.status).toBe(404);
    // A name with a slash, as it is and encoded.
    for (const name of ['simulator/sim-1', encodeURIComponent('simulator/sim-1')]) {
      expect((await gateway.request(`/circuit-breakers/${name}/reset`, { method: 'POST', headers: bearer(KEYS.admin) })).status).toBe(200);
    }
  });
});
