import { describe, expect, test } from 'bun:test';
import { callRoute, type RouteCall } from '../../test/telemetry/call-route.ts';
import { parseExposition } from '../../test/telemetry/prometheus-text.ts';
import { GatewayError } from '../base/errors.ts';
import { createManualClock } from '../base/manual-clock.ts';
import type { Route } from '../edge/route-table.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { telemetryConfig } from '../telemetry/telemetry-config.ts';
import { createAboutRoute } from './about.ts';
import { type BreakerStatus, createBreakerRoutes } from './breakers.ts';
import { createConfigurationRoutes, type ReloadResult } from './configuration.ts';
import { createMetricsRoutes } from './metrics.ts';

const clock = createManualClock();
const call = (routes: readonly Route[], request: Omit<RouteCall, 'clock'>) => callRoute(routes, { ...request, clock });

/** The code of the error that a call ends in. */
async function refusal(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}

describe('/circuit-breakers', () => {
  const open: BreakerStatus = {
    name: 'openai/gpt-4o',
    state: 'open',
    failureCount: 5,
    recentFailures: 7,
    totalCalls: 42,
    retryAfterMs: 1_500.4,
  };
  const board = () => {
    const reset: string[] = [];
    return {
      reset,
      breakers: () => [
        {
          name: 'recommendation-service',
          state: 'half-open' as const,
          failureCount: 0,
          recentFailures: 0,
          totalCalls: 42,
          retryAfterMs: 0,
        },
        open,
      ],
      resetBreaker: (name: string) => name === open.name && reset.push(name) > 0,
    };
  };

  test('has the shape of the AI microservices gateway', async () => {
    const { json, route } = await call(createBreakerRoutes({ board: board(), adminEnabled: true }), { path: '/circuit-breakers' });
    expect(route.access).toBe('metrics');
    expect(json).toEqual({
      'recommendation-service': { state: 'half_open', failure_count: 0, recent_failures: 0, total_calls: 42 },
      'openai/gpt-4o': { state: 'open', failure_count: 5, recent_failures: 7, total_calls: 42, retry_after_ms: 1_500 },
    });
  });

  for (const path of ['/circuit-breakers/openai/gpt-4o/reset', '/circuit-breakers/openai%2Fgpt-4o/reset']) {
    test(`are closed by an admin's POST ${path}`, async () => {
      const seen = board();
      const { status, json, route } = await call(createBreakerRoutes({ board: seen, adminEnabled: true }), { method: 'POST', path });
      expect(route.access).toBe('admin');
      expect(status).toBe(200);
      expect(json).toEqual({ name: 'openai/gpt-4o', state: 'closed' });
      expect(seen.reset).toEqual(['openai/gpt-4o']);
    });
  }

  test('that do not exist are not found', async () => {
    const routes = createBreakerRoutes({ board: board(), adminEnabled: true });
    expect(await refusal(call(routes, { method: 'POST', path: '/circuit-breakers/nobody/reset' }))).toBe('resource_unknown');
  });

  test('cannot be reset where the admin API is off', () => {
    expect(createBreakerRoutes({ board: board(), adminEnabled: false }).map(({ pattern }) => pattern)).toEqual(['/circuit-breakers']);
  });
});

describe('/metrics', () => {
  const config = telemetryConfig.parse({}).metrics;
  const metrics = createMetrics(config, {
    clock,
    version: '1.0.0',
    droppedLogLines: () => 0,
    readProcess: () => ({ residentBytes: 1, cpuSeconds: 1 }),
  });
  metrics[Symbol.dispose]();
  const routes = createMetricsRoutes(config, { metrics, others: async () => [] });

  for (const { name, accept, json } of [
    { name: 'nothing in particular', accept: '*/*', json: false },
    {
      name: 'what a scraper asks for',
      accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      json: false,
    },
    { name: 'JSON', accept: 'application/json', json: true },
    { name: 'JSON in capitals', accept: 'Application/JSON', json: true },
    { name: 'text or JSON', accept: 'text/plain, application/json', json: false },
  ]) {
    test(`answers in ${json ? 'JSON' : "Prometheus' text"} to whoever accepts ${name}`, async () => {
      const answer = await call(routes, { path: '/metrics', headers: { accept } });
      expect(answer.route.access).toBe('metrics');
      if (json) expect(answer.json).toMatchObject({ latency: { p99_ms: 0 } });
      else expect(parseExposition(answer.text).length).toBeGreaterThan(20);
    });
  }

  test('is JSON at /api/metrics in any case', async () => {
    expect((await call(routes, { path: '/api/metrics' })).json).toMatchObject({ cache: { hit_rate: 0 }, throughput: { requests: 0 } });
  });

  test('is not there when it is off', () => {
    expect(createMetricsRoutes({ ...config, enabled: false }, { metrics, others: async () => [] })).toEqual([]);
  });
});

describe('the configuration', () => {
  const routesFor = (result: ReloadResult) =>
    createConfigurationRoutes(
      { enabled: true },
      { reload: async () => result, explain: () => [{ path: 'server.port', value: 8_080, origin: 'default' }] },
    );

  test('is reloaded by POST, which tells what changed', async () => {
    const { json, route } = await call(routesFor({ kind: 'applied', changed: ['limits'] }), { method: 'POST', path: '/admin/reload' });
    expect(route.access).toBe('admin');
    expect(json).toEqual({ status: 'applied', changed: ['limits'] });
  });

  test('that is bad is refused with all of its problems', async () => {
    const promise = call(routesFor({ kind: 'refused', problems: ['gatehouse.yaml:1:1: no'] }), { method: 'POST', path: '/admin/reload' });
    const error = await promise.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'config_invalid', options: { detail: { problems: ['gatehouse.yaml:1:1: no'] } } });
  });

  test('is shown with the origin of every value', async () => {
    const { json, route } = await call(routesFor({ kind: 'applied', changed: [] }), { path: '/admin/config' });
    expect(route.access).toBe('admin');
    expect(json).toEqual({ 'server.port': { value: 8_080, origin: 'default' } });
  });

  test('cannot be reached where the admin API is off', () => {
    expect(
      createConfigurationRoutes({ enabled: false }, { reload: async () => ({ kind: 'applied', changed: [] }), explain: () => [] }),
    ).toEqual([]);
  });
});

test('/ tells what this is', async () => {
  const route = createAboutRoute({ isPage: () => true, serviceName: 'gatehouse', version: '1.0.0', links: { health: '/health' } });
  expect((await call([route], { path: '/' })).json).toMatchObject({ name: 'Gatehouse', version: '1.0.0', links: { health: '/health' } });
});
