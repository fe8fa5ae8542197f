import { z } from 'zod';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';

const milliseconds = z.number().min(0);

const health = z
  .looseObject({
    status: z
      .enum(['healthy', 'degraded', 'unhealthy'])
      .describe('Degraded: something is down, and requests are still served. Unhealthy: every upstream is down.'),
    ok: z.boolean().describe('False only when unhealthy.'),
    service: z.string(),
    version: z.string(),
    uptime_ms: milliseconds,
    timestamp: z.string(),
    checks: z
      .record(z.string(), z.string())
      .describe('What the gateway leans on and can do without: `ok`, `degraded`, `unavailable` or `unknown`.'),
    services: z
      .record(
        z.string(),
        z.looseObject({
          status: z.enum(['healthy', 'degraded', 'unhealthy', 'unknown']),
          status_code: z.int().optional().describe('HTTP status of the last probe.'),
          response_time_ms: milliseconds.optional(),
        }),
      )
      .describe('Model targets and services. `unknown`: not asked yet.'),
    gateway: z.looseObject({
      uptime_seconds: z.number().min(0),
      environment: z.string(),
      response_time_ms: milliseconds,
      draining: z.boolean().describe('It was told to stop, and lets requests under way finish.'),
    }),
  })
  .meta({ id: 'Health', description: 'State of the gateway and of what it depends on. All of it was known before it was asked for.' });

const example = {
  status: 'healthy',
  ok: true,
  service: 'gatehouse',
  version: '1.0.0',
  uptime_ms: 12_345,
  timestamp: '2026-01-01T00:00:00.000Z',
  checks: { redis: 'ok' },
  services: { 'pricing-service': { status: 'healthy', status_code: 200, response_time_ms: 1.4 } },
  gateway: { uptime_seconds: 12, environment: 'production', response_time_ms: 0.1, draining: false },
};

function docs(summary: string, description: string, unready: string | undefined): RouteDocs {
  const content = jsonContent(health, example);
  return {
    tag: 'Health',
    summary,
    description,
    replies: [
      { status: 200, description: 'Requests are served.', content },
      ...(unready === undefined ? [] : [{ status: 503, description: unready, content: jsonContent(health) }]),
    ],
  };
}

export const HEALTH_DOCS = docs(
  'Health',
  'Whether requests can be served, with every model target, service and store by name. Answers at once: probes run on their own time.',
  'Every upstream is down.',
);

export const READY_DOCS = docs(
  'Readiness',
  'Whether to send requests here: as `/health`, and not while the gateway is stopping. For load balancers.',
  'Every upstream is down, or the gateway is stopping.',
);

export const LIVE_DOCS = docs(
  'Liveness',
  'Whether the process answers at all. A restart would not bring an upstream back, so upstreams do not count here.',
  undefined,
);
