import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { departed, type MetricsReport, mergedView, metricsReportSchema } from './metrics-report.ts';

const clock = createManualClock();
function start(residentBytes = 100): Metrics {
  return createMetrics(
    { series_max: 100 },
    { clock, version: '1', droppedLogLines: () => 2, readProcess: () => ({ residentBytes, cpuSeconds: 3 }) },
  );
}
const request = (metrics: Metrics, status: number, durationMs: number) =>
  metrics.endpoint('/x', true).ended('GET', { status, durationMs, nowMs: clock.monotonic(), error: undefined, cut: false });
/** As it arrives in another process. */
const sent = (metrics: Metrics): MetricsReport => metricsReportSchema.parse(JSON.parse(JSON.stringify(metrics.report())));
const line = (text: string, beginning: string) => text.split('\n').find((candidate) => candidate.startsWith(beginning));

describe('the metrics of several processes', () => {
  test('add up, and states show the worst', () => {
    using first = start(100);
    using second = start(50);
    using third = start(25);
    for (const [index, metrics] of [first, second, third].entries()) {
      for (let count = 0; count <= index; count += 1) request(metrics, 200, 10);
      metrics.requestsOpen.value += 1;
      metrics.breakers(() => [
        { name: 'a', state: index === 1 ? 'open' : 'closed' },
        { name: `only-${index}`, state: 'half-open' },
      ]);
    }
    request(second, 500, 100);
    const text = first.text([sent(second), sent(third)]);
    expect(line(text, 'http_requests_total{method="GET",endpoint="/x",status="200"}')).toEndWith(' 6');
    expect(line(text, 'http_requests_total{method="GET",endpoint="/x",status="500"}')).toEndWith(' 1');
    expect(line(text, 'gateway_requests_total{method="GET",endpoint="/x",status="200"}')).toEndWith(' 6');
    expect(line(text, 'http_request_duration_seconds_count{method="GET",endpoint="/x"}')).toEndWith(' 7');
    expect(line(text, 'http_request_duration_seconds_bucket{method="GET",endpoint="/x",le="0.05"}')).toEndWith(' 6');
    expect(line(text, 'gateway_requests_open')).toBe('gateway_requests_open 3');
    expect(line(text, 'process_resident_memory_bytes')).toBe('process_resident_memory_bytes 175');
    expect(line(text, 'process_cpu_seconds_total')).toBe('process_cpu_seconds_total 9');
    expect(line(text, 'gateway_build_info')).toBe('gateway_build_info{version="1"} 1');
    expect(line(text, 'circuit_breaker_state{service="a"}')).toEndWith(' 2');
    expect(line(text, 'circuit_breaker_state{service="only-2"}')).toEndWith(' 1');
    expect(first.json([sent(second), sent(third)])).toMatchObject({
      requests: { total: 7, open: 3, by_status: { 200: 6, 500: 1 } },
      throughput: { requests: 7 },
      error_rate: 0.1429,
      circuit_breaker: { states: { a: 'open', 'only-0': 'half-open', 'only-2': 'half-open' } },
    });
    const { latency } = first.json([sent(second), sent(third)]);
    expect(latency.p50_ms).toBeWithin(9.7, 10.3);
    expect(latency.p99_ms).toBeWithin(97, 103);
  });

  test('of one process are what they are without the others', () => {
    using one = start();
    request(one, 200, 10);
    expect(one.text([])).toBe(one.text());
    expect(mergedView([sent(one)]).families()).toEqual(mergedView([one.report()]).families());
  });

  test('that have ended keep what was counted, and nothing of what was', () => {
    using first = start();
    using second = start();
    request(second, 200, 10);
    second.requestsOpen.value = 5;
    const gone = metricsReportSchema.parse(JSON.parse(JSON.stringify(departed([sent(second), departed([sent(second)])]))));
    const text = first.text([gone]);
    expect(line(text, 'http_requests_total{method="GET",endpoint="/x",status="200"}')).toEndWith(' 2');
    expect(line(text, 'http_request_duration_seconds_sum{method="GET",endpoint="/x"}')).toEndWith(' 0.02');
    expect(line(text, 'gateway_requests_open')).toBe('gateway_requests_open 0');
    expect(line(text, 'process_resident_memory_bytes')).toBe('process_resident_memory_bytes 100');
    expect(first.json([gone]).throughput.requests).toBe(0);
  });

  test('of another kind, or with other buckets, are passed over', () => {
    using one = start();
    request(one, 200, 10);
    const odd = { metrics: { nonsense: [{ labels: [], value: 1 }], gateway_queue_seconds: [{ labels: [], counts: [1, 2], sum: 9 }] } };
    const view = mergedView([one.report(), odd]);
    expect(view.families().map(({ name }) => name)).not.toContain('nonsense');
    expect(view.total('http_requests_total')).toBe(1);
  });
});
