/** `/api/metrics`: the figures that the StillMe and AI platform gateways gave as JSON, and ours. */

import type { BreakerReading } from './metrics.ts';
import type { MetricsView } from './metrics-report.ts';
import type { RecentReading } from './recent.ts';

export interface MetricsJson {
  readonly timestamp: string;
  readonly uptime_seconds: number;
  /** Seconds that `latency`, `throughput` and `error_rate` look back. */
  readonly window_seconds: number;
  readonly latency: {
    readonly p50_ms: number;
    readonly p95_ms: number;
    readonly p99_ms: number;
    readonly average_ms: number;
    readonly max_ms: number;
  };
  readonly throughput: { readonly requests_per_second: number; readonly requests: number };
  /** Share of the window's requests that ended with 400 or more or were cut, 0 to 1. */
  readonly error_rate: number;
  readonly requests: {
    readonly total: number;
    readonly errors: number;
    readonly open: number;
    readonly streams_open: number;
    readonly by_status: Readonly<Record<string, number>>;
  };
  readonly cache: { readonly hits: number; readonly misses: number; readonly hit_rate: number };
  readonly circuit_breaker: { readonly state_changes: number; readonly states: Readonly<Record<string, string>> };
  readonly auth_failures: number;
  readonly rate_limited: number;
  readonly tokens: { readonly input: number; readonly output: number };
  readonly upstream: { readonly attempts: number; readonly retries: number; readonly fallbacks: number };
}

export interface MetricsJsonInput {
  readonly recent: RecentReading;
  readonly nowMs: number;
  readonly uptimeMs: number;
  readonly breakers: Iterable<BreakerReading>;
}

export function metricsJson(registry: MetricsView, input: MetricsJsonInput): MetricsJson {
  const { recent } = input;
  return {
    timestamp: new Date(input.nowMs).toISOString(),
    uptime_seconds: rounded(input.uptimeMs / 1_000),
    window_seconds: rounded(recent.windowSeconds),
    latency: {
      p50_ms: rounded(recent.p50Ms),
      p95_ms: rounded(recent.p95Ms),
      p99_ms: rounded(recent.p99Ms),
      average_ms: rounded(recent.averageMs),
      max_ms: rounded(recent.maxMs),
    },
    throughput: { requests_per_second: rounded(recent.requestsPerSecond), requests: recent.requests },
    error_rate: share(recent.errors, recent.requests),
    requests: requestTotals(registry),
    cache: cacheTotals(registry),
    circuit_breaker: {
      state_changes: registry.total('gateway_breaker_changes_total'),
      states: Object.fromEntries(Array.from(input.breakers, ({ name, state }) => [name, state])),
    },
    auth_failures: registry.total('gateway_auth_failures_total'),
    rate_limited: registry.total('rate_limit_exceeded_total'),
    tokens: { input: registry.total('gateway_tokens_total', 0, 'input'), output: registry.total('gateway_tokens_total', 0, 'output') },
    upstream: {
      attempts: registry.total('gateway_upstream_attempts_total'),
      retries: registry.total('gateway_retries_total'),
      fallbacks: registry.total('gateway_fallbacks_total'),
    },
  };
}

function requestTotals(registry: MetricsView): MetricsJson['requests'] {
  const byStatus: Record<string, number> = {};
  for (const { name, series } of registry.families()) {
    if (name !== 'http_requests_total') continue;
    for (const one of series) {
      const status = one.labels[2] ?? '';
      if ('cell' in one) byStatus[status] = (byStatus[status] ?? 0) + one.cell.value;
    }
  }
  return {
    total: registry.total('http_requests_total'),
    errors: registry.total('http_request_errors_total'),
    open: registry.total('gateway_requests_open'),
    streams_open: registry.total('gateway_streams_open'),
    by_status: byStatus,
  };
}

/** An answer shared with an identical request under way costs as little as a stored one: it is a hit. `bypass` is neither. */
function cacheTotals(registry: MetricsView): MetricsJson['cache'] {
  const of = (result: string): number => registry.total('gateway_cache_results_total', 0, result);
  const hits = of('hit') + of('coalesced');
  const misses = of('miss');
  return { hits, misses, hit_rate: share(hits, hits + misses) };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
