import { z } from 'zod';
import type { RouteDocs } from '../pipeline/route-docs.ts';

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

export const JSON_DOCS: RouteDocs = {
  tag: 'Observability',
  summary: 'Metrics as JSON',
  description: 'Latency percentiles, throughput, error rate, cache hits, tokens and more, for people and dashboards without Prometheus.',
  replies: [{ status: 200, description: 'The figures now.', content: { 'application/json': { schema: metricsReply } } }],
};

export const TEXT_DOCS: RouteDocs = {
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
