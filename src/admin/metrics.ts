import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { LoadRouteDocs } from '../pipeline/route-docs.ts';
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
  return [
    route('/metrics', text, async () => (await import('./metrics-docs.ts')).TEXT_DOCS),
    route('/api/metrics', json, async () => (await import('./metrics-docs.ts')).JSON_DOCS),
  ];
}

function route(pattern: string, handler: Handler, docs: LoadRouteDocs): Route {
  return { pattern, methods: ['GET'], kind: 'system', access: 'metrics', dialect: 'service', handler, docs };
}

/** Prometheus names several kinds of text; whoever names JSON and none of them wants JSON. */
function wantsJson(accept: string | null): boolean {
  if (accept === null) return false;
  const types = accept.toLowerCase();
  return types.includes('application/json') && !types.includes('text/plain') && !types.includes('openmetrics');
}
