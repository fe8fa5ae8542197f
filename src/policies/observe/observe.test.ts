import { afterEach, describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import { Exchange, type Outcome } from '../../pipeline/exchange.ts';
import { cacheFact, errorFact, principalFact, queueFact, upstreamFact, usageFact } from '../../pipeline/facts.ts';
import { compose, type Handler } from '../../pipeline/policy.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import type { RouteInfo } from '../../pipeline/route.ts';
import { traceHeaders } from '../../pipeline/trace-fact.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import type { Span } from '../../telemetry/otlp.ts';
import { createTraceIds } from '../../telemetry/trace.ts';
import { createObserver, type ObserveDeps } from './observe.ts';

const route: RouteInfo = { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'openai-chat', operation: 'chat' };
const made: Metrics[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics[Symbol.dispose]();
});

function createBench(options: { sampleRatio?: number; costOf?: ObserveDeps['costOf'] } = {}) {
  const clock = createManualClock();
  let text = '';
  const log = createLog(
    { level: 'info', format: 'json', access: true },
    { output: { write: async (batch) => void (text += batch) }, clock, terminal: false },
  );
  const metrics = createMetrics(
    { series_max: 100 },
    { clock, version: '0', droppedLogLines: () => 0, readProcess: () => ({ residentBytes: 1, cpuSeconds: 1 }) },
  );
  made.push(metrics);
  metrics.allowNames({ models: ['llama'], targets: ['ollama/llama'] });
  const spans: Span[] = [];
  const exporter = { export: (span: Span) => void spans.push(span), close: async () => {}, counts: { exported: 0, dropped: 0, failed: 0 } };
  const observer = createObserver({
    log,
    metrics,
    traceIds: createTraceIds(Uint32Array.of(7, 7, 7, 7)),
    sampleRatio: options.sampleRatio ?? 1,
    spans: exporter,
    costOf: options.costOf ?? (() => undefined),
  });
  const lines = async () => {
    await log.flush(1_000);
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  };
  const start = (terminal: Handler, headers: Record<string, string> = {}) => {
    const exchange = new Exchange({ id: 'c-1', route, signal: new AbortController().signal, address: '192.0.2.9', clock });
    const request: GatewayRequest = {
      method: 'POST',
      path: '/v1/chat/completions',
      search: '?key=sk-hidden-from-logs',
      headers: new Headers(headers),
      body: { kind: 'none' },
    };
    const reply = compose([observer.policy], route, terminal)(request, exchange);
    return { exchange, reply };
  };
  return { clock, metrics, spans, observer, lines, start };
}

const complete = (status: number): Outcome => ({ kind: 'complete', status, bytesSent: 10 });
const answer: Handler = async () => ({ status: 200, headers: {}, body: 'ok' });

describe('an exchange', () => {
  test('leaves one line with all that became known of it', async () => {
    const { clock, start, lines } = createBench();
    const { exchange, reply } = start(answer);
    exchange.set(principalFact, { id: 'key:dev', tenant: 'acme', tier: 'developer', admin: false, kind: 'key' });
    exchange.set(upstreamFact, {
      target: 'ollama/llama',
      provider: 'ollama',
      model: 'llama:latest',
      attempts: [{ target: 'ollama/llama', endpoint: 'localhost:11434', outcome: 'ok', status: 200, durationMs: 40 }],
      firstTokenMs: 45,
    });
    exchange.set(usageFact, { inputTokens: 11, outputTokens: 22 });
    exchange.set(cacheFact, 'miss');
    exchange.set(queueFact, 3);
    await reply;
    clock.advance(100.5);
    exchange.end({ kind: 'complete', status: 200, bytesSent: 4_321 });
    exchange.end(complete(500));
    expect(await lines()).toEqual([
      {
        timestamp: new Date(clock.now()).toISOString(),
        level: 'INFO',
        message: 'Request completed',
        correlation_id: 'c-1',
        trace_id: exchange.replyHeaders['x-gatehouse-trace-id'],
        method: 'POST',
        path: '/v1/chat/completions',
        status_code: 200,
        duration_ms: 100.5,
        route: '/v1/chat/completions',
        outcome: 'complete',
        bytes: 4_321,
        address: '192.0.2.9',
        principal: 'key:dev',
        tenant: 'acme',
        provider: 'ollama',
        target: 'ollama/llama',
        model: 'llama:latest',
        attempts: 1,
        first_token_ms: 45,
        cache: 'miss',
        queue_ms: 3,
        input_tokens: 11,
        output_tokens: 22,
      },
    ]);
  });

  for (const { name, outcome, error, want } of [
    {
      name: 'that was refused',
      outcome: complete(429),
      error: new GatewayError('rate_limited', 'x'),
      want: { level: 'WARN', status_code: 429, error: 'rate_limited' },
    },
    {
      name: 'whose caller left',
      outcome: { kind: 'client_closed', status: 499, bytesSent: 0 } as const,
      error: undefined,
      want: { outcome: 'client_closed', status_code: 499 },
    },
    {
      name: 'whose stream was cut',
      outcome: { kind: 'cut', status: 200, error: 'upstream_stream_interrupted', bytesSent: 5 } as const,
      error: undefined,
      want: { level: 'ERROR', outcome: 'cut', error: 'upstream_stream_interrupted' },
    },
  ]) {
    test(`${name} is logged and counted once`, async () => {
      const { start, lines, metrics } = createBench();
      const { exchange, reply } = start(answer);
      if (error !== undefined) exchange.set(errorFact, error);
      await reply;
      exchange.end(outcome);
      const written = await lines();
      expect(written.length).toBe(1);
      expect(written[0]).toMatchObject(want);
      expect(metrics.json().requests).toMatchObject({ total: 1, errors: 1, open: 0 });
    });
  }

  test('is counted with its tokens under the name that is configured', async () => {
    const { start, metrics } = createBench();
    const { exchange, reply } = start(answer);
    exchange.set(upstreamFact, { target: 'ollama/llama', provider: 'ollama', model: 'whatever-it-says', attempts: [] });
    exchange.set(usageFact, { inputTokens: 11 });
    await reply;
    exchange.end(complete(200));
    expect(metrics.text()).toContain('gateway_tokens_total{direction="input",model="llama"} 11\n');
  });

  test('is an open stream from its reply to its end', async () => {
    const { start, metrics } = createBench();
    const { exchange, reply } = start(async () => ({ status: 200, headers: {}, body: (async function* () {})() }));
    expect(metrics.requestsOpen.value).toBe(1);
    await reply;
    expect(metrics.streamsOpen.value).toBe(1);
    exchange.end(complete(200));
    expect(metrics.streamsOpen.value).toBe(0);
    expect(metrics.requestsOpen.value).toBe(0);
  });

  test('that ended before its stream could begin is no open stream', async () => {
    const { start, metrics } = createBench();
    const { exchange, reply } = start(async () => ({ status: 200, headers: {}, body: (async function* () {})() }));
    exchange.end({ kind: 'client_closed', status: 499, bytesSent: 0 });
    await reply;
    expect(metrics.streamsOpen.value).toBe(0);
  });

  test('says what the gateway itself cost', async () => {
    const { start, clock } = createBench();
    const { exchange, reply } = start(async (_request, running) => {
      clock.advance(50);
      running.set(upstreamFact, {
        target: 'a',
        provider: 'a',
        attempts: [{ target: 'a', endpoint: 'x', outcome: 'ok', durationMs: 48.5 }],
      });
      return { status: 200, headers: {}, body: null };
    });
    await reply;
    expect(exchange.replyHeaders['x-gatehouse-overhead-ms']).toBe('1.5');
  });

  test('goes on in the trace of its caller, and tells the upstream', async () => {
    const { start } = createBench();
    const { exchange, reply } = start(answer, {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=1',
    });
    await reply;
    expect(exchange.replyHeaders['x-gatehouse-trace-id']).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(traceHeaders(exchange)).toEqual({
      'x-correlation-id': 'c-1',
      traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/),
      tracestate: 'a=1',
    });
  });
});

describe('spans', () => {
  test('are one for the request and one for each attempt, with the names for generative AI', async () => {
    const { start, spans, clock } = createBench();
    const { exchange, reply } = start(answer);
    exchange.set(upstreamFact, {
      target: 'ollama/llama',
      provider: 'ollama',
      model: 'llama:latest',
      attempts: [
        { target: 'openai/gpt', endpoint: 'api:443', outcome: 'upstream_timeout', startedMs: exchange.startedAtMs + 1, durationMs: 9 },
        {
          target: 'ollama/llama',
          endpoint: 'localhost:11434',
          outcome: 'ok',
          status: 200,
          startedMs: exchange.startedAtMs + 10,
          durationMs: 40,
        },
      ],
    });
    exchange.set(usageFact, { inputTokens: 11, outputTokens: 22 });
    await reply;
    clock.advance(100);
    exchange.end(complete(200));
    const [server, failed, answered] = spans;
    expect(spans.length).toBe(3);
    expect(server).toMatchObject({
      name: 'POST /v1/chat/completions',
      kind: 'server',
      failed: false,
      endMs: clock.now(),
      startMs: clock.now() - 100,
    });
    expect(server?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'ollama',
      'gen_ai.usage.input_tokens': 11,
      'url.path': '/v1/chat/completions',
    });
    expect(failed).toMatchObject({
      name: 'chat openai/gpt',
      kind: 'client',
      failed: true,
      parentSpanId: server?.spanId,
      startMs: clock.now() - 99,
      endMs: clock.now() - 90,
    });
    expect(answered).toMatchObject({ name: 'chat ollama/llama', failed: false, traceId: server?.traceId });
    expect(answered?.attributes).toMatchObject({ 'gen_ai.request.model': 'llama', 'gen_ai.response.model': 'llama:latest' });
    expect(JSON.stringify(spans)).not.toContain('hidden-from-logs');
  });

  test('are not made of what is not sampled', async () => {
    const { start, spans } = createBench({ sampleRatio: 0 });
    const { exchange, reply } = start(answer);
    await reply;
    exchange.end(complete(200));
    expect(spans).toEqual([]);
  });
});

describe('the cost of an exchange', () => {
  const upstream = { target: 'ollama/llama', provider: 'ollama', model: 'llama:latest', attempts: [], firstTokenMs: 1 };
  const usage = { inputTokens: 11, outputTokens: 22 };

  test('is asked for once, with what is known, and told in head, log and metric', async () => {
    const asked: unknown[] = [];
    const { start, lines, metrics, clock } = createBench({ costOf: (...args) => (asked.push(args), 1_500) });
    const { exchange, reply } = start(async (_request, under) => {
      under.set(upstreamFact, upstream);
      under.set(usageFact, usage);
      return { status: 200, headers: {}, body: 'ok' };
    });
    await reply;
    exchange.end(complete(200));
    expect(asked).toEqual([[upstream, usage, clock.now()]]);
    expect(exchange.replyHeaders['x-gatehouse-cost-usd']).toBe('0.0000015');
    expect(await lines()).toMatchObject([{ cost_usd: 0.0000015 }]);
    expect(metrics.text()).toContain('gateway_cost_usd_total{model="llama"} 0.0000015\n');
  });

  test('of a stream is told at its end', async () => {
    const { start, lines } = createBench({ costOf: () => 7 });
    const { exchange, reply } = start(async (_request, under) => {
      under.set(upstreamFact, upstream);
      return { status: 200, headers: {}, body: (async function* () {})() };
    });
    await reply;
    exchange.set(usageFact, usage);
    exchange.end(complete(200));
    expect(exchange.replyHeaders).not.toHaveProperty('x-gatehouse-cost-usd');
    expect(await lines()).toMatchObject([{ cost_usd: 0.000000007 }]);
  });

  test('that is unknown is told nowhere', async () => {
    const { start, lines, metrics } = createBench({ costOf: () => undefined });
    const { exchange, reply } = start(answer);
    exchange.set(upstreamFact, upstream);
    exchange.set(usageFact, usage);
    await reply;
    exchange.end(complete(200));
    expect(exchange.replyHeaders).not.toHaveProperty('x-gatehouse-cost-usd');
    expect((await lines())[0]).not.toHaveProperty('cost_usd');
    expect(metrics.text()).not.toContain('gateway_cost_usd_total{');
  });
});

test('what the edge refused leaves one line and is counted as unmatched', async () => {
  const { observer, lines, metrics, clock } = createBench();
  observer.refused(
    {
      correlationId: 'c-2',
      method: 'BREW',
      path: '/nowhere',
      address: '192.0.2.9',
      status: 404,
      error: 'route_unknown',
      durationMs: 0.2,
      bytesSent: 99,
    },
    { nowMs: clock.now(), monotonicMs: clock.monotonic() },
  );
  expect(await lines()).toMatchObject([{ correlation_id: 'c-2', route: 'unmatched', status_code: 404, error: 'route_unknown', bytes: 99 }]);
  expect(metrics.text()).toContain('http_requests_total{method="other",endpoint="unmatched",status="404"} 1\n');
});
