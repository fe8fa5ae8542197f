/*
 * The end of a gateway, as deployments bring it about: SIGTERM while streams run. What is under way ends well, what takes too long is told
 * so, and the process is gone in time, with exit code 0.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { accessLines, logLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { redisAvailable, startRedis } from '../harness/redis.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-drain-00000000000';
const auth = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

function start(server: object, more: object = {}, flags: readonly string[] = []): Promise<GatewayProcess> {
  return startGateway({
    flags,
    config: {
      server,
      auth: { keys: [{ name: 'caller', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { idle_timeout: '60s', first_token_timeout: '60s', service_timeout: '60s' },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: {
        // About a second and a half.
        short: { targets: [{ provider: 'simulator', model: 'sim-1!tokens=45,tokens-per-second=30' }] },
        endless: { targets: [{ provider: 'simulator', model: 'sim-1!tokens=100000,tokens-per-second=20' }] },
        silent: { targets: [{ provider: 'simulator', model: 'sim-1!silence' }] },
        stalled: { targets: [{ provider: 'simulator', model: 'sim-1!stall-after=3' }] },
      },
      services: { mirror: { urls: [simulator.url], routes: ['/mirror/*'] } },
      ...more,
    },
  });
}

const body = (model: string, stream: boolean) => JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Go on' }] });
const ask = (gateway: GatewayProcess, model: string, stream = true) =>
  gateway.request('/v1/chat/completions', { method: 'POST', headers: auth, body: body(model, stream) });

/** A reply whose head is in; its text comes when it has ended, or what came of it. */
interface Running {
  readonly status: number;
  readonly text: Promise<string>;
}

async function open(gateway: GatewayProcess, model: string): Promise<Running> {
  const reply = await ask(gateway, model);
  const text = reply.text().catch((error: unknown) => `broken: ${String(error)}`);
  return { status: reply.status, text };
}

const exitOf = (gateway: GatewayProcess, timeoutMs: number) =>
  Promise.race([gateway.process.exited, Bun.sleep(timeoutMs).then(() => 'still running')]);

describe('at SIGTERM', () => {
  test('with a hundred live streams nothing is dropped: all complete, readiness is off meanwhile, the exit code is 0', async () => {
    await using gateway = await start({ drain_delay: '500ms', drain_timeout: '20s' });
    const streams = await Promise.all(Array.from({ length: 100 }, () => open(gateway, 'short')));
    expect((await gateway.request('/readyz')).status).toBe(200);
    const startMs = performance.now();
    gateway.process.kill('SIGTERM');
    await eventually(async () => (await gateway.request('/readyz')).status === 503, { what: 'readiness off', intervalMs: 2 });
    expect(performance.now() - startMs).toBeLessThan(250);
    expect(await (await gateway.request('/health')).json()).toMatchObject({ status: 'healthy', gateway: { draining: true } });
    expect((await gateway.request('/livez')).status).toBe(200);
    // For as long as the delay lasts, load balancers may still send requests.
    const late = await ask(gateway, 'short', false);
    expect(late.status).toBe(200);

    const texts = await Promise.all(streams.map(({ text }) => text));
    for (const [index, text] of texts.entries()) {
      expect(streams[index]?.status).toBe(200);
      expect(text).toEndWith('data: [DONE]\n\n');
      expect(text.match(/"content":"/g)?.length).toBeGreaterThanOrEqual(45);
    }
    await late.text();
    expect(await exitOf(gateway, 5_000)).toEqual({ code: 0, signal: null });
    // Each left its line before the process went.
    const lines = accessLines(gateway).filter((line) => line['path'] === '/v1/chat/completions');
    expect(lines).toHaveLength(101);
    expect(lines.every((line) => line['outcome'] === 'complete' && line['status_code'] === 200)).toBe(true);
    expect(gateway.process.stderr.join('\n')).not.toContain('error');
  }, 20_000);

  test('with nothing to do the process ends at once', async () => {
    await using gateway = await start({ drain_timeout: '20s' });
    expect((await gateway.request('/mirror/x', { headers: auth })).status).toBe(200);
    const startMs = performance.now();
    gateway.process.kill('SIGTERM');
    expect(await exitOf(gateway, 3_000)).toEqual({ code: 0, signal: null });
    expect(performance.now() - startMs).toBeLessThan(1_500);
    expect(await logLine(gateway, 'Stopping: requests under way may finish')).toMatchObject({ signal: 'SIGTERM' });
  });

  test('an idle connection that is kept alive holds nobody up', async () => {
    await using gateway = await start({ drain_timeout: '20s' });
    const idle = rawExchange(gateway.url, [rawRequest({ target: '/livez' })], { untilClosed: true, timeoutMs: 5_000 });
    await eventually(() => accessLines(gateway).length > 0);
    gateway.process.kill('SIGTERM');
    expect(await exitOf(gateway, 3_000)).toEqual({ code: 0, signal: null });
    expect((await idle).connection).not.toBe('open');
  });

  test('an upload under way is finished', async () => {
    await using gateway = await start({ drain_timeout: '10s' });
    const upload = rawExchange(
      gateway.url,
      [
        rawRequest({ method: 'POST', target: '/mirror/upload', headers: { ...auth, 'Transfer-Encoding': 'chunked' } }),
        '5\r\nfirst\r\n',
        { waitMs: 700 },
        '7\r\n second\r\n',
        '0\r\n\r\n',
      ],
      { timeoutMs: 5_000 },
    );
    await eventually(async () => (await simulator.requests('/mirror/upload')).length > 0);
    gateway.process.kill('SIGTERM');
    const reply = await upload;
    expect([reply.status, reply.body, reply.complete]).toEqual([200, 'first second', true]);
    expect(await exitOf(gateway, 3_000)).toEqual({ code: 0, signal: null });
  });

  test('what takes longer than drain_timeout is told so in band, in order, and the process ends in time', async () => {
    await using gateway = await start({ drain_timeout: '700ms' });
    const [endless, stalled] = await Promise.all([open(gateway, 'endless'), open(gateway, 'stalled')]);
    const silent = ask(gateway, 'silent', false);
    await eventually(async () => (await simulator.stats()).open >= 3, { what: 'all three upstream' });
    const startMs = performance.now();
    gateway.process.kill('SIGTERM');
    for (const { text } of [endless, stalled]) {
      const said = await text;
      const last = said.trimEnd().split('\n\n').at(-1) ?? '';
      expect(JSON.parse(last.replace(/^(event: error\n)?data: /, ''))).toMatchObject({ error: { code: 'draining' } });
      expect(said).not.toContain('[DONE]');
    }
    const refused = await silent;
    expect(refused.status).toBe(503);
    expect(refused.headers.get('x-should-retry')).toBe('true');
    expect(await refused.json()).toMatchObject({ error: { code: 'draining' } });
    expect(await exitOf(gateway, 3_000)).toEqual({ code: 0, signal: null });
    expect(performance.now() - startMs).toBeLessThan(3_000);
    // Upstream, nobody goes on generating.
    await eventually(async () => (await simulator.stats()).open === 0, { what: 'the upstream being let go' });
    const lines = accessLines(gateway).filter((line) => line['path'] === '/v1/chat/completions');
    expect(lines.map((line) => line['error'])).toEqual(['draining', 'draining', 'draining']);
  }, 15_000);

  test('a caller that does not read holds nobody up', async () => {
    await using gateway = await start({ drain_timeout: '500ms' });
    // Asks for far more than fits into the buffers between us, and takes none of it.
    const { hostname, port } = new URL(gateway.url);
    const socket = await Bun.connect({ hostname, port: Number(port), socket: { data: (peer) => peer.pause(), error() {} } });
    await simulator.fault('tokens=1000000', '/v1/chat');
    socket.write(rawRequest({ target: '/v1/chat/completions', headers: auth, body: body('short', true) }));
    await eventually(async () => (await simulator.stats()).open > 0);
    await simulator.fault('');
    gateway.process.kill('SIGTERM');
    expect(await exitOf(gateway, 5_000)).toEqual({ code: 0, signal: null });
    socket.end();
    const [line] = accessLines(gateway);
    expect(line?.['outcome']).not.toBe('complete');
    // It had not piled up here either: some 200 bytes a token.
    expect(line?.['bytes']).toBeLessThan(50_000_000);
  }, 15_000);

  test.skipIf(process.platform !== 'linux')('several workers each finish their streams', async () => {
    await using gateway = await start({ drain_timeout: '20s' }, {}, ['--workers', '2', '--port', String(freePort())]);
    const streams = await Promise.all(Array.from({ length: 20 }, () => open(gateway, 'short')));
    gateway.process.kill('SIGTERM');
    for (const { text } of streams) expect(await text).toEndWith('data: [DONE]\n\n');
    expect(await exitOf(gateway, 5_000)).toEqual({ code: 0, signal: null });
  });

  test.skipIf(!redisAvailable())('a Redis that does not answer holds nobody up', async () => {
    await using redis = await startRedis();
    await using gateway = await start({}, { state: { counters: redis.url, cache: redis.url }, limits: { mode: 'enforce' } });
    redis.pause();
    expect((await gateway.request('/mirror/x', { headers: auth })).status).toBe(200);
    gateway.process.kill('SIGTERM');
    expect(await exitOf(gateway, 3_000)).toEqual({ code: 0, signal: null });
    redis.resume();
  });
});

describe('a second signal', () => {
  for (const [first, second] of [
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
  ] as const) {
    test(`${second} after ${first} ends the process at once`, async () => {
      await using gateway = await start({ drain_timeout: '60s' });
      const endless = await open(gateway, 'endless');
      gateway.process.kill(first);
      await logLine(gateway, 'Stopping: requests under way may finish');
      const startMs = performance.now();
      gateway.process.kill(second);
      expect(await exitOf(gateway, 3_000)).toMatchObject({ code: 130 });
      expect(performance.now() - startMs).toBeLessThan(1_000);
      expect(await endless.text).not.toContain('[DONE]');
    });
  }
});
