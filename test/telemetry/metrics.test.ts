import { afterEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { createManualClock } from '../../src/base/manual-clock.ts';
import { METRICS, type MetricRow } from '../../src/telemetry/metric-table.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { parseExposition } from './prometheus-text.ts';

const made: Metrics[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics[Symbol.dispose]();
});

function createTestMetrics(seriesMax = 2_000) {
  const clock = createManualClock();
  const metrics = createMetrics(
    { series_max: seriesMax },
    { clock, version: '1.2.3', droppedLogLines: () => 7, readProcess: () => ({ residentBytes: 50_000_000, cpuSeconds: 1.5 }) },
  );
  made.push(metrics);
  metrics.allowNames({ models: ['llama'], targets: ['ollama/llama', 'pricing'] });
  const ended = (endpoint: string, end: { method?: string; status?: number; durationMs?: number; error?: string; cut?: boolean } = {}) =>
    metrics.endpoint(endpoint, true).ended(end.method ?? 'GET', {
      status: end.status ?? 200,
      durationMs: end.durationMs ?? 5,
      nowMs: clock.monotonic(),
      error: end.error,
      cut: end.cut ?? false,
    });
  const read = (name: string, labels: Record<string, string> = {}) => {
    const samples = parseExposition(metrics.text()).flatMap((metric) => metric.samples);
    return samples.find(
      (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )?.value;
  };
  return { clock, metrics, ended, read };
}

describe('the exposition', () => {
  test('is well formed with nothing counted, and with everything counted', () => {
    const { metrics, ended } = createTestMetrics();
    expect(parseExposition(metrics.text()).map(({ name }) => name)).toEqual(Object.keys(METRICS));
    ended('/a"b\\c\nd', { status: 503, error: 'overloaded' });
    metrics.tokens('llama', { inputTokens: 5, outputTokens: 6 });
    metrics.cost('llama', 1_500_000);
    metrics.firstToken('llama', 250);
    metrics.attempt('ollama/llama', 'upstream_timeout');
    metrics.connection('reused');
    metrics.retry('ollama/llama');
    metrics.fallback('pricing');
    metrics.breakerChange('pricing', 'open');
    metrics.breakers(() => [{ name: 'pricing', state: 'open' }]);
    metrics.spans(() => ({ exported: 3, dropped: 0, failed: 1 }));
    metrics.cacheResult('hit');
    metrics.queued(12);
    metrics.rateLimited('tier:standard');
    metrics.storeFault('counters', 'timeout');
    metrics.screened('xss', 'reported');
    metrics.contextRetrieved('memory', 3);
    metrics.contextTold('document', 2);
    metrics.contextLeftOut('knowledge', 'timeout');
    metrics.memorySaved('stored');
    metrics.contextWarm(() => true);
    metrics.configReload('applied');
    metrics.healthAnswered(1);
    const parsed = parseExposition(metrics.text());
    const empty = parsed.filter(({ samples }) => samples.length === 0).map(({ name }) => name);
    expect(empty).toEqual(['gateway_auth_failures_total']);
    for (const { name, type, help } of parsed) expect(METRICS[name as keyof typeof METRICS]).toMatchObject({ type, help });
  });

  test('counts a request once, under both of the names that the older gateways gave it', () => {
    const { ended, read } = createTestMetrics();
    ended('/health', { method: 'GET', status: 200, durationMs: 20 });
    ended('/health', { method: 'GET', status: 200, durationMs: 2_000 });
    for (const prefix of ['http', 'gateway']) {
      expect(read(`${prefix}_requests_total`, { method: 'GET', endpoint: '/health', status: '200' })).toBe(2);
      expect(read(`${prefix}_request_duration_seconds_count`, { endpoint: '/health' })).toBe(2);
      expect(read(`${prefix}_request_duration_seconds_sum`, { endpoint: '/health' })).toBeCloseTo(2.02);
      expect(read(`${prefix}_request_duration_seconds_bucket`, { endpoint: '/health', le: '0.025' })).toBe(1);
      expect(read(`${prefix}_request_duration_seconds_bucket`, { endpoint: '/health', le: '1' })).toBe(1);
      expect(read(`${prefix}_request_duration_seconds_bucket`, { endpoint: '/health', le: '2.5' })).toBe(2);
    }
  });

  for (const { name, end, code } of [
    { name: 'an error of ours', end: { status: 429, error: 'rate_limited' }, code: 'rate_limited' },
    { name: "an upstream's own error, passed through", end: { status: 404 }, code: 'passed_through' },
    { name: 'a cut stream', end: { status: 200, cut: true, error: 'upstream_stream_interrupted' }, code: 'upstream_stream_interrupted' },
  ]) {
    test(`counts ${name} as an error`, () => {
      const { ended, read } = createTestMetrics();
      ended('/x', end);
      expect(read('http_request_errors_total', { endpoint: '/x', code })).toBe(1);
    });
  }

  test('tells the state of breakers as it is at the moment of looking', () => {
    const { metrics, read } = createTestMetrics();
    let state: 'closed' | 'half-open' | 'open' = 'closed';
    metrics.breakers(() => [{ name: 'pricing', state }]);
    expect(read('circuit_breaker_state', { service: 'pricing' })).toBe(0);
    state = 'open';
    expect(read('circuit_breaker_state', { service: 'pricing' })).toBe(2);
    state = 'half-open';
    expect(read('circuit_breaker_state', { service: 'pricing' })).toBe(1);
  });

  test('measures how late the event loop is', () => {
    const { clock, read } = createTestMetrics();
    clock.advance(1_000);
    expect(read('gateway_event_loop_delay_seconds_count')).toBe(4);
  });

  test('has the figures of the process and of the log', () => {
    const { read } = createTestMetrics();
    expect(read('process_resident_memory_bytes')).toBe(50_000_000);
    expect(read('process_cpu_seconds_total')).toBe(1.5);
    expect(read('gateway_log_lines_dropped_total')).toBe(7);
    expect(read('gateway_build_info', { version: '1.2.3' })).toBe(1);
  });
});

describe('labels', () => {
  test('of models are configured names, or one of few that an upstream answered for, or other', () => {
    const { metrics, read } = createTestMetrics();
    for (const model of ['llama', 'x'.repeat(10_000)]) metrics.tokens(model, { inputTokens: 1 });
    for (let index = 0; index < 1_000; index += 1) metrics.tokens(`invented-${index}`, { inputTokens: 1 });
    metrics.tokens('llama', { inputTokens: 1 });
    expect(read('gateway_tokens_total', { direction: 'input', model: 'llama' })).toBe(2);
    expect(read('gateway_tokens_total', { direction: 'input', model: 'invented-0' })).toBe(1);
    expect(read('gateway_tokens_total', { direction: 'input', model: 'other' })).toBe(801);
  });

  test('of models include what the configured targets are called at their providers', () => {
    const { metrics, read } = createTestMetrics();
    metrics.allowNames({ models: ['fast'], targets: ['openai/gpt-4o-mini'] });
    for (let index = 0; index < 200; index += 1) metrics.tokens(`invented-${index}`, { inputTokens: 1 });
    metrics.tokens('gpt-4o-mini', { inputTokens: 5 });
    expect(read('gateway_tokens_total', { direction: 'input', model: 'gpt-4o-mini' })).toBe(5);
  });

  test("of targets are configured names, or the provider's, or other", () => {
    const { metrics, read } = createTestMetrics();
    metrics.allowNames({ models: [], targets: ['ollama/llama', 'ollama/*', 'pricing'] });
    for (const target of ['ollama/llama', 'ollama/invented', 'ollama/', 'evil/1', 'evil', '/*', '']) metrics.attempt(target, 'ok');
    expect(read('gateway_upstream_attempts_total', { target: 'ollama/llama' })).toBe(1);
    expect(read('gateway_upstream_attempts_total', { target: 'ollama/*' })).toBe(2);
    expect(read('gateway_upstream_attempts_total', { target: 'other' })).toBe(4);
  });

  test('of methods are the known ones, or other', () => {
    const { ended, read } = createTestMetrics();
    for (let index = 0; index < 100; index += 1) ended('/x', { method: `M${index}` });
    expect(read('http_requests_total', { method: 'other', endpoint: '/x' })).toBe(100);
  });

  test('never grow beyond the bound, and nothing is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.integer({ min: 100, max: 599 })), { minLength: 200, maxLength: 400 }), (requests) => {
        const { metrics, ended } = createTestMetrics(50);
        for (const [endpoint, status] of requests) ended(endpoint, { status });
        for (const { name, samples } of parseExposition(metrics.text())) {
          const series = new Set(samples.map(({ labels }) => JSON.stringify({ ...labels, le: '' })));
          expect(series.size).toBeLessThanOrEqual(50);
          if (name === 'http_requests_total') expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(requests.length);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('the JSON form', () => {
  test('has latencies, throughput and error rate of the last minute, and totals', () => {
    const { clock, metrics, ended } = createTestMetrics();
    clock.advance(120_000);
    for (let durationMs = 1; durationMs <= 100; durationMs += 1) ended('/x', { durationMs, status: durationMs > 90 ? 500 : 200 });
    ended('/x', { status: 401, error: 'key_invalid', durationMs: 1 });
    metrics.cacheResult('hit');
    metrics.cacheResult('coalesced');
    metrics.cacheResult('miss');
    metrics.cacheResult('bypass');
    metrics.tokens('llama', { inputTokens: 10, outputTokens: 20 });
    metrics.breakerChange('pricing', 'open');
    metrics.breakers(() => [{ name: 'pricing', state: 'open' }]);
    const json = metrics.json();
    const near = (value: number, want: number) => expect(Math.abs(value - want) / want).toBeLessThan(0.03);
    near(json.latency.p50_ms, 50);
    near(json.latency.p95_ms, 95);
    near(json.latency.p99_ms, 99);
    expect(json.throughput).toEqual({ requests_per_second: 1.68, requests: 101 });
    expect(json.error_rate).toBeCloseTo(11 / 101, 3);
    expect(json.requests).toMatchObject({ total: 101, errors: 11, by_status: { 200: 90, 401: 1, 500: 10 } });
    expect(json.cache).toEqual({ hits: 2, misses: 1, hit_rate: 0.6667 });
    expect(json.circuit_breaker).toEqual({ state_changes: 1, states: { pricing: 'open' } });
    expect(json.auth_failures).toBe(1);
    expect(json.tokens).toEqual({ input: 10, output: 20 });
  });

  test('forgets what is older than a minute, but for totals', () => {
    const { clock, metrics, ended } = createTestMetrics();
    ended('/x', { status: 500 });
    clock.advance(61_000);
    expect(metrics.json()).toMatchObject({
      throughput: { requests: 0, requests_per_second: 0 },
      error_rate: 0,
      requests: { total: 1, errors: 1 },
    });
    clock.advance(10_000);
    expect(metrics.json().latency).toMatchObject({ p99_ms: 0 });
  });

  test('gives a rate over what has passed of the first minute', () => {
    const { clock, metrics, ended } = createTestMetrics();
    for (let index = 0; index < 20; index += 1) ended('/x');
    clock.advance(10_000);
    expect(metrics.json().throughput.requests_per_second).toBe(2);
  });

  test('leaves health probes and scrapes out of its latencies', () => {
    const { clock, metrics } = createTestMetrics();
    metrics.endpoint('/health', false).ended('GET', { status: 200, durationMs: 1, nowMs: clock.monotonic(), error: undefined, cut: false });
    expect(metrics.json()).toMatchObject({ throughput: { requests: 0 }, requests: { total: 1 } });
  });
});

test('docs/reference/metrics.md describes exactly the metrics that there are', async () => {
  const text = await Bun.file(join(import.meta.dir, '../../docs/reference/metrics.md')).text();
  const rows = [...text.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)].map(([, name, type, labels, help]) => ({
    name,
    type,
    labels,
    help,
  }));
  const want = Object.entries(METRICS).map(([name, row]: [string, MetricRow]) => ({
    name,
    type: row.type,
    labels: row.labels.map((label) => `\`${label}\``).join(', '),
    help: row.help,
  }));
  expect(rows).toEqual(want);
});
