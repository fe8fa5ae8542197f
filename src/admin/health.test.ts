import { describe, expect, test } from 'bun:test';
import { callRoute } from '../../test/telemetry/call-route.ts';
import { createManualClock } from '../base/manual-clock.ts';
import { createHealthRoutes, type HealthReading, judge } from './health.ts';

const up = (name: string, status: HealthReading['status']): HealthReading => ({ name, kind: 'upstream', status });
const check = (name: string, status: HealthReading['status']): HealthReading => ({ name, kind: 'check', status });

describe('the verdict', () => {
  for (const { name, readings, want } of [
    { name: 'nothing is configured', readings: [], want: 'healthy' },
    { name: 'nothing was probed yet', readings: [up('a', 'unknown'), check('redis', 'unknown')], want: 'healthy' },
    { name: 'all works', readings: [up('a', 'healthy'), check('redis', 'healthy')], want: 'healthy' },
    { name: 'one of two upstreams is down', readings: [up('a', 'unhealthy'), up('b', 'healthy')], want: 'degraded' },
    { name: 'one is down and the other was not probed', readings: [up('a', 'unhealthy'), up('b', 'unknown')], want: 'degraded' },
    { name: 'an upstream is degraded', readings: [up('a', 'degraded')], want: 'degraded' },
    { name: 'Redis is down', readings: [up('a', 'healthy'), check('redis', 'unhealthy')], want: 'degraded' },
    { name: 'Redis is down and nothing else is configured', readings: [check('redis', 'unhealthy')], want: 'degraded' },
    {
      name: 'every upstream is down',
      readings: [up('a', 'unhealthy'), up('b', 'unhealthy'), check('redis', 'healthy')],
      want: 'unhealthy',
    },
  ] as const) {
    test(`is ${want} when ${name}`, () => {
      expect(judge([() => readings.slice(0, 1), () => readings.slice(1)]).status).toBe(want);
    });
  }
});

function createBench(readings: readonly HealthReading[], draining = false) {
  const clock = createManualClock(Date.parse('2025-11-27T10:30:00Z'));
  const answers: number[] = [];
  const routes = createHealthRoutes({
    clock,
    sources: [() => readings],
    serviceName: 'api_gateway',
    version: '1.2.3',
    environment: 'production',
    isDraining: () => draining,
    onAnswer: (durationMs) => answers.push(durationMs),
  });
  return { clock, answers, get: (path: string) => callRoute(routes, { path, clock }) };
}

describe('/health', () => {
  test('has what every older gateway had, in one document', async () => {
    const bench = createBench([
      { ...up('twin', 'healthy'), statusCode: 200, responseTimeMs: 45.2042 },
      up('agent_controller', 'unknown'),
      check('redis', 'healthy'),
      check('qdrant', 'unhealthy'),
    ]);
    bench.clock.advance(12_345);
    const { status, json } = await bench.get('/health');
    expect(status).toBe(200);
    expect(json).toEqual({
      status: 'degraded',
      ok: true,
      service: 'api_gateway',
      version: '1.2.3',
      uptime_ms: 12_345,
      timestamp: '2025-11-27T10:30:12.345Z',
      checks: { redis: 'ok', qdrant: 'unavailable' },
      services: {
        twin: { status: 'healthy', status_code: 200, response_time_ms: 45.2 },
        agent_controller: { status: 'unknown' },
      },
      gateway: { uptime_seconds: 12, environment: 'production', response_time_ms: 0, draining: false },
    });
    expect(bench.answers).toEqual([0]);
  });

  test('is never stored', async () => {
    expect((await createBench([]).get('/health')).headers).toMatchObject({ 'cache-control': 'no-store' });
  });
});

describe('the status code', () => {
  for (const { name, readings, draining, want } of [
    { name: 'healthy', readings: [up('a', 'healthy')], draining: false, want: [200, 200, 200, 200] },
    { name: 'degraded', readings: [up('a', 'healthy'), up('b', 'unhealthy')], draining: false, want: [200, 200, 200, 200] },
    { name: 'unhealthy', readings: [up('a', 'unhealthy')], draining: false, want: [503, 503, 503, 200] },
    { name: 'healthy and draining', readings: [up('a', 'healthy')], draining: true, want: [200, 200, 503, 200] },
  ]) {
    test(`of /health, /healthz, /readyz and /livez when ${name}`, async () => {
      const bench = createBench(readings, draining);
      const statuses = await Promise.all(['/health', '/healthz', '/readyz', '/livez'].map(async (path) => (await bench.get(path)).status));
      expect(statuses).toEqual(want);
    });
  }
});
