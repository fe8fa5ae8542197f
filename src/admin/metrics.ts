import { z } from 'zod';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { RouteDocs } from '../pipeline/route-docs.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { MetricsReport } from '../telemetry/metrics-report.ts';
import { METRICS_CONTENT_TYPE } from '../telemetry/metrics-text.ts';
import type { MetricsConfig } from '../telemetry/telemetry-config.ts';
import { jsonReply } from './json-reply.ts';

export interface MetricsRouteDeps {
  readonly metrics: Metrics;
  /** What the other workers of this gateway counted; never rejects. */
  readonly others: () => Promise<readonly MetricsReport[]>;
}

/** `/metrics` for Prometheus, or as JSON for whoever asks for that; `/api/metrics` always as JSON. */
export function createMetricsRoutes(config: MetricsConfig, deps: MetricsRouteDeps): Route[] {
  if (!config.enabled) return [];
  const json: Handler = async () => jsonReply(200, deps.metrics.json(await deps.others()));
  const text: Handler = async (request, exchange) => {
    if (wantsJson(request.headers.get('accept'))) return json(request, exchange);
    const body = deps.metrics.text(await deps.others());
    return { status: 200, headers: { 'content-type': METRICS_CONTENT_TYPE, 'cache-control': 'no-store' }, body };
  };
  return [route('/metrics', text, TEXT_DOCS), route('/api/metrics', json, JSON_DOCS)];
}

function route(pattern: string, handler: Handler, docs: RouteDocs): Route {
  return { pattern, methods: ['GET'], kind: 'system', access: 'metrics', dialect: 'service', handler, docs };
}

/** Prometheus names several kinds of text; whoever names JSON and none of them wants JSON. */
function wantsJson(accept: string | null): boolean {
  if (accept === null) return false;
  const types = accept.toLowerCase();
  return types.includes('application/json') && !types.includes('text/plain') && !types.includes('openmetrics');
}

const share = z.number().min(0).max(1);
const count = z.number().min(0);

const metricsReply = z
  .looseObject({
    timestamp: z.string(),
    uptime_seconds: count,
    window_seconds: count.describe('How far back `latency`, `throughput` and `error_rate` look.'),
    latency: z.looseObject({ p50_ms: count, p95_ms: count, p99_ms: count, average_ms: count, max_ms: count }),
    throughput: z.looseObject({ requests_per_second: count, requests: count }),
    error_rate: share.describe('Share of requests that ended with 400 or more, or were cut.'),
    requests: z.looseObject({ total: count, errors: count, open: count, streams_open: count, by_status: z.record(z.string(), count) }),
    cache: z.looseObject({ hits: count, misses: count, hit_rate: share }),
    circuit_breaker: z.looseObject({ state_changes: count, states: z.record(z.string(), z.string()) }),
    auth_failures: count,
    rate_limited: count,
    tokens: z.looseObject({ input: count, output: count }),
    upstream: z.looseObject({ attempts: count, retries: count, fallbacks: count }),
  })
  .meta({ id: 'Metrics', description: 'What the gateway measures, in short.' });

const JSON_DOCS: RouteDocs = {
  tag: 'Observability',
  summary: 'Metrics as JSON',
  description: 'Latency percentiles, throughput, error rate, cache hits, tokens and more, for people and dashboards without Prometheus.',
  replies: [{ status: 200, description: 'The figures now.', content: { 'application/json': { schema: metricsReply } } }],
};

const TEXT_DOCS: RouteDocs = {
  tag: 'Observability',
  summary: 'Metrics for Prometheus',
  description: 'The Prometheus text format; JSON for callers with `Accept: application/json`.',
  replies: [
    {
      status: 200,
      description: 'The figures now.',
      content: { 'text/plain': { schema: z.string() }, 'application/json': { schema: metricsReply } },
    },
  ],
};
