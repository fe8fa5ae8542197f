/*
 * Health with everything that the five older gateways watched: services, a model server, Redis and Qdrant, each a real process or socket
 * that is really stopped, frozen or brought back. An answer never waits for any of them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type RedisProcess, redisAvailable, startRedis } from '../harness/redis.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const PROBES = { path: '/health', interval: '100ms', timeout: '300ms', unhealthy_after: 1, healthy_after: 1 };
/** An answer about health takes no longer, whatever hangs (the older gateways' own target). */
const ANSWER_MS_MAX = 100;

interface Health {
  readonly code: number;
  readonly status: string;
  readonly ok: boolean;
  readonly checks: Record<string, string>;
  readonly services: Record<string, { status: string; status_code?: number; response_time_ms?: number }>;
}

async function healthOf(gateway: GatewayProcess): Promise<Health> {
  const reply = await gateway.request('/healthz');
  return { ...((await reply.json()) as Health), code: reply.status };
}

/** A Qdrant, as far as health goes. */
function startQdrant(port = 0) {
  const server = Bun.serve({
    port,
    hostname: '127.0.0.1',
    fetch: (request) => (request.url.endsWith('/readyz') ? new Response('all shards are ready') : new Response(null, { status: 404 })),
  });
  return { url: `http://127.0.0.1:${server.port}`, port: server.port ?? 0, stop: () => server.stop(true) };
}

describe.skipIf(!redisAvailable())('health', () => {
  let cleanup: AsyncDisposableStack;
  let redis: RedisProcess;
  let qdrant: ReturnType<typeof startQdrant>;
  let twin: SimulatorProcess;
  let agent: SimulatorProcess;
  let model: SimulatorProcess;
  let gateway: GatewayProcess;
  const becomes = (status: string) =>
    eventually(
      async () => {
        const health = await healthOf(gateway);
        return health.status === status && health;
      },
      { what: `the gateway becoming ${status}`, timeoutMs: 20_000 },
    );

  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    qdrant = startQdrant();
    cleanup.defer(() => qdrant.stop());
    [redis, twin, agent, model] = await Promise.all([
      startRedis(),
      startSimulator(['--service', 'twin']),
      startSimulator(['--service', 'agent_controller']),
      startSimulator(),
    ]);
    for (const process of [redis, twin, agent, model]) cleanup.use(process);
    gateway = cleanup.use(
      await startGateway({
        config: { upstream: { health: PROBES }, telemetry: { service_name: 'api_gateway' } },
        env: {
          REDIS_URL: redis.url,
          QDRANT_URL: qdrant.url,
          TWIN_URL: twin.url,
          AGENT_CONTROLLER_URL: agent.url,
          MAX_SERVE_URL: model.url,
        },
      }),
    );
    await becomes('healthy');
  });
  afterAll(() => cleanup?.disposeAsync());

  test('has every field that one of the five showed', async () => {
    await eventually(async () => Object.values((await healthOf(gateway)).services).every(({ status_code }) => status_code !== undefined));
    const probed = { status: 'healthy', status_code: 200, response_time_ms: expect.any(Number) };
    for (const path of ['/health', '/healthz', '/readyz']) {
      // Where the machine stands still, Redis is late for a moment.
      const shown = await eventually(
        async () => {
          const reply = await gateway.request(path);
          expect(reply.status).toBe(200);
          const body = (await reply.json()) as Health;
          return body.status === 'healthy' && body;
        },
        { what: `${path} telling that all is well` },
      );
      expect(shown).toMatchObject({
        // The AI microservices gateway, and StillMe.
        status: 'healthy',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        service: 'api_gateway',
        checks: { redis: 'ok', qdrant: 'ok' },
        // The high-performance gateway.
        ok: true,
        uptime_ms: expect.any(Number),
        // AIVillage, and the AI platform's MAX Serve.
        services: { twin: probed, agent_controller: probed, 'max-serve/*': probed },
        gateway: { uptime_seconds: expect.any(Number), environment: 'development', response_time_ms: expect.any(Number) },
      });
    }
  });

  test('is degraded while Redis is stopped, and well when it is back', async () => {
    await redis.stop();
    expect(await becomes('degraded')).toMatchObject({ code: 200, ok: true, checks: { redis: 'unavailable', qdrant: 'ok' } });
    await redis.restart();
    expect(await becomes('healthy')).toMatchObject({ checks: { redis: 'ok' } });
  }, 30_000);

  test('is degraded while Qdrant is stopped, and well when it is back', async () => {
    await qdrant.stop();
    expect(await becomes('degraded')).toMatchObject({ code: 200, ok: true, checks: { redis: 'ok', qdrant: 'unavailable' } });
    qdrant = startQdrant(qdrant.port);
    expect(await becomes('healthy')).toMatchObject({ checks: { qdrant: 'ok' } });
  }, 30_000);

  test('is told at once while three of four dependencies hang, and says which', async () => {
    await becomes('healthy');
    const frozen = [twin.process, model.process];
    for (const process of frozen) process.kill('SIGSTOP');
    redis.pause();
    try {
      const times: number[] = [];
      await eventually(
        async () => {
          const startMs = performance.now();
          const { status, checks, services } = await healthOf(gateway);
          times.push(performance.now() - startMs);
          expect(status).not.toBe('unhealthy');
          const ill = [
            checks['redis'] === 'unavailable',
            services['twin']?.status === 'unhealthy',
            services['max-serve/*']?.status === 'unhealthy',
          ];
          return ill.every(Boolean) && times.length >= 200;
        },
        { what: 'all three being told as ill', timeoutMs: 20_000 },
      );
      // One in a hundred may be this test's own machine; an answer that waited for what hangs would be most of them.
      times.sort((left, right) => left - right);
      expect(times[Math.floor(times.length * 0.99) - 1]).toBeLessThan(ANSWER_MS_MAX);
      expect(await healthOf(gateway)).toMatchObject({
        code: 200,
        status: 'degraded',
        services: { agent_controller: { status: 'healthy' } },
      });
    } finally {
      for (const process of frozen) process.kill('SIGCONT');
      redis.resume();
    }
    await becomes('healthy');
  }, 60_000);

  test('is unhealthy when nothing is left that could answer a request, whatever else works', async () => {
    await becomes('healthy');
    await agent.process[Symbol.asyncDispose]();
    expect(await becomes('degraded')).toMatchObject({ code: 200, services: { agent_controller: { status: 'unhealthy' } } });
    await Promise.all([twin.process[Symbol.asyncDispose](), model.process[Symbol.asyncDispose]()]);
    expect(await becomes('unhealthy')).toMatchObject({ code: 503, ok: false, checks: { redis: 'ok', qdrant: 'ok' } });
    cleanup.use(await startSimulator(['--service', 'twin', '--port', new URL(twin.url).port]));
    expect(await becomes('degraded')).toMatchObject({ code: 200, ok: true, services: { twin: { status: 'healthy' } } });
  }, 30_000);
});

test('a service without a health page is alive as long as it answers', async () => {
  await using bare = await startSimulator();
  await bare.fault('status=404', '/health');
  await using gateway = await startGateway({ config: { upstream: { health: PROBES } }, env: { TWIN_URL: bare.url } });
  await eventually(async () => (await healthOf(gateway)).services['twin']?.status_code === 404);
  expect(await healthOf(gateway)).toMatchObject({ code: 200, status: 'healthy', services: { twin: { status: 'healthy' } } });
  await bare.fault('status=500', '/health');
  await eventually(async () => (await healthOf(gateway)).status === 'unhealthy');
});
