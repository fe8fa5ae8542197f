/*
 * What a request leaves behind: one line in the log with what one wants to know of it and nothing that is secret, and its spans at an
 * OpenTelemetry collector.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { accessLine, accessLines, logLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { leaveAfter, rawRequest } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-telemetry-00000000';
const UPSTREAM_KEY = 'sk-upstream-000000000';
const auth = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** Takes what the exporter sends, over HTTP as a collector would. */
function startCollector() {
  const spans: Span[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const body = (await request.json()) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      for (const resource of body.resourceSpans) for (const scope of resource.scopeSpans) spans.push(...scope.spans);
      return Response.json({});
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, spans, stop: () => server.stop(true) };
}

let collector: ReturnType<typeof startCollector>;
let simulator: SimulatorProcess;
let gateway: GatewayProcess;
beforeAll(async () => {
  collector = startCollector();
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'caller', key: KEY, tenant: 'acme' }] },
      limits: { mode: 'off' },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, api_key: UPSTREAM_KEY } },
      models: {
        'sim-1': { targets: [{ provider: 'simulator' }] },
        spare: {
          targets: [
            { provider: 'simulator', model: 'broken!status=503' },
            { provider: 'simulator', model: 'sim-2', priority: 1 },
          ],
        },
        slow: { targets: [{ provider: 'simulator', model: 'sim-1!tokens=1000,tokens-per-second=50' }] },
      },
      services: { echo: { urls: [simulator.url], routes: ['/anything/*'] } },
      telemetry: { service_name: 'front-door', traces: { otlp_endpoint: collector.url } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
  await collector?.stop();
});

async function ask(id: string, more: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  const reply = await gateway.request('/v1/chat/completions', {
    method: 'POST',
    headers: { ...auth, 'x-correlation-id': id, ...headers },
    body: JSON.stringify({ model: 'sim-1', messages: [{ role: 'user', content: 'echo: my private words' }], ...more }),
  });
  await reply.clone().text();
  return reply;
}

const attributesOf = (span: Span) => Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
const spansOf = (traceId: string, count: number) =>
  eventually(
    () => {
      const found = collector.spans.filter((span) => span.traceId === traceId);
      return found.length >= count ? found : undefined;
    },
    { what: `${count} spans of ${traceId}`, timeoutMs: 10_000 },
  );

describe('the access log', () => {
  test('has one line for a chat, with the fields of the older gateway and ours', async () => {
    const reply = await ask('log-chat');
    const line = await accessLine(gateway, 'log-chat');
    expect(line).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'INFO',
      message: 'Request completed',
      correlation_id: 'log-chat',
      method: 'POST',
      path: '/v1/chat/completions',
      status_code: 200,
      duration_ms: expect.any(Number),
      route: '/v1/chat/completions',
      outcome: 'complete',
      bytes: (await reply.arrayBuffer()).byteLength,
      address: '127.0.0.1',
      trace_id: reply.headers.get('x-gatehouse-trace-id'),
      principal: 'key:caller',
      tenant: 'acme',
      provider: 'simulator',
      target: 'simulator/sim-1',
      model: 'sim-1',
      attempts: 1,
      first_token_ms: expect.any(Number),
      input_tokens: expect.any(Number),
      output_tokens: 3,
    });
  });

  test('counts the tokens and bytes of a stream, though the caller asked for no usage', async () => {
    const reply = await ask('log-stream', { stream: true });
    const text = await reply.text();
    expect(text).not.toContain('"usage":{');
    expect(await accessLine(gateway, 'log-stream')).toMatchObject({
      outcome: 'complete',
      output_tokens: 3,
      bytes: Buffer.byteLength(text),
    });
  });

  test('tells of attempts and of who answered in the end', async () => {
    await ask('log-fallback', { model: 'spare' });
    expect(await accessLine(gateway, 'log-fallback')).toMatchObject({
      status_code: 200,
      target: 'simulator/sim-2',
      model: 'sim-2',
      attempts: 2,
    });
  });

  test('tells of a caller who left', async () => {
    const body = JSON.stringify({ model: 'slow', stream: true, messages: [{ role: 'user', content: 'Hi' }] });
    const headers = { ...auth, 'X-Correlation-ID': 'log-gone' };
    await leaveAfter(gateway.url, rawRequest({ target: '/v1/chat/completions', headers, body }), 1_500);
    expect(await accessLine(gateway, 'log-gone')).toMatchObject({ outcome: 'client_closed', level: 'INFO' });
    await eventually(async () => (await simulator.stats()).open === 0, { what: 'the upstream being let go' });
  });

  for (const { name, path, headers = {}, want } of [
    { name: 'an unknown route', path: '/nothing', want: { status_code: 404, error: 'route_unknown', route: 'unmatched', level: 'INFO' } },
    { name: 'a caller without a key', path: '/anything/x', want: { status_code: 401, error: 'key_missing', level: 'WARN' } },
    {
      name: 'a service',
      path: '/anything/x',
      headers: auth,
      want: { status_code: 200, target: 'echo', route: '/anything/*', attempts: 1 },
    },
    { name: 'a system route', path: '/livez', want: { status_code: 200, route: '/livez' } },
  ]) {
    test(`has one line for ${name}`, async () => {
      const id = `log-${name.replaceAll(' ', '-')}`;
      await (await gateway.request(path, { headers: { ...headers, 'x-correlation-id': id } })).text();
      expect(await accessLine(gateway, id)).toMatchObject(want);
    });
  }

  test('makes an id for whoever sends none, or none that could stand in a line', async () => {
    for (const sent of [undefined, 'two words', 'x'.repeat(200), '{"a":1}']) {
      const reply = await gateway.request('/livez', { headers: sent === undefined ? {} : { 'x-correlation-id': sent } });
      const id = reply.headers.get('x-correlation-id') ?? '';
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      await accessLine(gateway, id);
    }
    const named = await gateway.request('/livez', { headers: { 'x-request-id': 'from-x-request-id' } });
    expect(named.headers.get('x-correlation-id')).toBe('from-x-request-id');
  });

  test('has no secret and nobody’s words in it, wherever they were put', async () => {
    await gateway.request(`/anything/x?api_key=${KEY}`, { headers: { ...auth, 'x-correlation-id': 'log-secret' } });
    await gateway.request(`/anything/${KEY}`, { headers: auth });
    await gateway.request('/livez', { headers: { 'x-correlation-id': KEY } });
    await ask('log-words');
    await accessLine(gateway, 'log-words');
    const all = gateway.process.stdout.join('\n');
    for (const secret of [KEY, UPSTREAM_KEY, 'private words']) expect(all).not.toContain(secret);
    // Each is one line of JSON.
    for (const line of gateway.process.stdout) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  test('can be left out, and the log silenced', async () => {
    await using quiet = await startGateway({
      config: { auth: { keys: [{ name: 'a', key: KEY }] }, telemetry: { log: { access: false } } },
    });
    await quiet.request('/livez');
    await quiet.writeConfig('nonsense: 1');
    await logLine(quiet, 'Configuration refused; the one before stays in force');
    expect(accessLines(quiet)).toEqual([]);
  });
});

describe('traces', () => {
  test('a request and its attempts arrive at the collector, as children of the caller’s span', async () => {
    const traceId = 'abcdefabcdefabcdefabcdefabcdef01';
    const reply = await ask('trace-1', { model: 'spare' }, { traceparent: `00-${traceId}-1234567890abcdef-01` });
    expect(reply.headers.get('x-gatehouse-trace-id')).toBe(traceId);
    const spans = await spansOf(traceId, 3);
    const server = spans.find((span) => span.kind === 2);
    const clients = spans.filter((span) => span.kind === 3);
    expect(spans).toHaveLength(3);
    expect(server).toMatchObject({ name: 'POST /v1/chat/completions', parentSpanId: '1234567890abcdef' });
    expect(clients.map((span) => [span.name, span.parentSpanId])).toEqual([
      ['chat simulator/broken!status=503', server?.spanId],
      ['chat simulator/sim-2', server?.spanId],
    ]);
    if (server === undefined) throw new Error('there is no server span');
    expect(attributesOf(server)).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v1/chat/completions',
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'simulator',
      'gen_ai.response.model': 'sim-2',
      'gatehouse.correlation_id': 'trace-1',
      'gatehouse.principal': 'key:caller',
    });
    const [seen] = (await simulator.requests('/v1/chat')).slice(-1);
    // The upstream's own spans belong below ours.
    expect(seen?.headers['traceparent']).toStartWith(`00-${traceId}-`);
    expect(JSON.stringify(spans)).not.toContain('private words');
  });

  test('a caller that does not want its trace kept is obeyed, and what is no traceparent is passed over', async () => {
    const unsampled = '11111111111111111111111111111111';
    await ask('trace-2', {}, { traceparent: `00-${unsampled}-1234567890abcdef-00` });
    const fresh = await ask('trace-3', {}, { traceparent: 'nonsense' });
    const traceId = fresh.headers.get('x-gatehouse-trace-id') ?? '';
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(await spansOf(traceId, 2)).toHaveLength(2);
    expect(collector.spans.filter((span) => span.traceId === unsampled)).toEqual([]);
  });

  test('what was not sent yet when the gateway ends is sent before it goes', async () => {
    await using last = await startGateway({
      config: { auth: { keys: [{ name: 'a', key: KEY }] }, telemetry: { traces: { otlp_endpoint: collector.url } } },
    });
    const traceId = '22222222222222222222222222222222';
    await last.request('/livez', { headers: { traceparent: `00-${traceId}-1234567890abcdef-01` } });
    last.process.kill('SIGTERM');
    expect(await last.process.exited).toEqual({ code: 0, signal: null });
    expect(await spansOf(traceId, 1)).toHaveLength(1);
  });

  test('a collector that is gone fails no request, and does not hold up the end', async () => {
    await using alone = await startGateway({
      config: { auth: { keys: [{ name: 'a', key: KEY }] }, telemetry: { traces: { otlp_endpoint: 'http://127.0.0.1:9' } } },
    });
    for (let count = 0; count < 20; count += 1) expect((await alone.request('/livez')).status).toBe(200);
    const startMs = performance.now();
    alone.process.kill('SIGTERM');
    expect(await alone.process.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - startMs).toBeLessThan(4_000);
  });
});
