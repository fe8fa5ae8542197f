/*
 * Health, as the five older gateways told it, in one document. Everything in it was known before it was asked for: probes run on
 * their own time, so an answer waits for nobody.
 *
 *   healthy    all that is configured works, as far as is known
 *   degraded   something is down, and requests are still served
 *   unhealthy  nothing can be served: every upstream is down
 */

import type { Clock } from '../base/clock.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { LoadRouteDocs } from '../pipeline/route-docs.ts';
import { jsonReply } from './json-reply.ts';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

export interface HealthReading {
  readonly name: string;
  /** `upstream`: a provider or service that serves requests; `check`: something we lean on, and can do without. */
  readonly kind: 'upstream' | 'check';
  /** `unknown`: not probed yet, which counts as working. */
  readonly status: HealthStatus | 'unknown';
  /** HTTP status of the last probe. */
  readonly statusCode?: number;
  /** Milliseconds that the last probe took. */
  readonly responseTimeMs?: number;
}

/** Whoever knows the state of something. Must answer at once, from what is known. */
export type HealthSource = () => Iterable<HealthReading>;

export interface HealthDeps {
  readonly clock: Clock;
  readonly sources: readonly HealthSource[];
  readonly serviceName: string;
  readonly version: string;
  readonly environment: string;
  /** True from the moment the gateway was told to stop. */
  readonly isDraining: () => boolean;
  /** Told the time that each answer took, in milliseconds. */
  readonly onAnswer: (durationMs: number) => void;
}

export function createHealthRoutes(deps: HealthDeps): Route[] {
  const startedAtMs = deps.clock.monotonic();
  const answer: Answer = (verdict, exchangeStartedMs, isReady) => {
    const responseTimeMs = deps.clock.monotonic() - exchangeStartedMs;
    deps.onAnswer(responseTimeMs);
    return jsonReply(isReady ? 200 : 503, healthJson(verdict, { deps, uptimeMs: deps.clock.monotonic() - startedAtMs, responseTimeMs }));
  };

  const health: Handler = async (_request, exchange) => {
    const verdict = judge(deps.sources);
    return answer(verdict, exchange.startedAtMs, verdict.status !== 'unhealthy');
  };
  const ready: Handler = async (_request, exchange) => {
    const verdict = judge(deps.sources);
    return answer(verdict, exchange.startedAtMs, verdict.status !== 'unhealthy' && !deps.isDraining());
  };
  // Whether the process answers at all: restarting it would not bring an upstream back.
  const live: Handler = async (_request, exchange) => answer({ status: 'healthy', readings: [] }, exchange.startedAtMs, true);

  const healthDocs = async () => (await import('./health-docs.ts')).HEALTH_DOCS;
  return [
    route('/health', health, healthDocs),
    route('/healthz', health, healthDocs),
    route('/readyz', ready, async () => (await import('./health-docs.ts')).READY_DOCS),
    route('/livez', live, async () => (await import('./health-docs.ts')).LIVE_DOCS),
  ];
}

type Answer = (verdict: Verdict, exchangeStartedMs: number, isReady: boolean) => ReturnType<typeof jsonReply>;

function route(pattern: string, handler: Handler, docs: LoadRouteDocs): Route {
  return { pattern, methods: ['GET'], kind: 'system', access: 'public', dialect: 'service', handler, docs };
}

export interface Verdict {
  readonly status: HealthStatus;
  readonly readings: readonly HealthReading[];
}

/** What the readings of all sources mean together. */
export function judge(sources: readonly HealthSource[]): Verdict {
  const readings = sources.flatMap((read) => [...read()]);
  const upstreams = readings.filter(({ kind }) => kind === 'upstream');
  if (upstreams.length > 0 && upstreams.every(({ status }) => status === 'unhealthy')) return { status: 'unhealthy', readings };
  const impaired = readings.some(({ status }) => status === 'unhealthy' || status === 'degraded');
  return { status: impaired ? 'degraded' : 'healthy', readings };
}

const CHECK_WORD: Readonly<Record<HealthReading['status'], string>> = {
  healthy: 'ok',
  degraded: 'degraded',
  unhealthy: 'unavailable',
  unknown: 'unknown',
};

function healthJson(verdict: Verdict, input: { deps: HealthDeps; uptimeMs: number; responseTimeMs: number }): object {
  const { deps, uptimeMs, responseTimeMs } = input;
  const checks = verdict.readings.filter(({ kind }) => kind === 'check').map(({ name, status }) => [name, CHECK_WORD[status]] as const);
  const services = verdict.readings
    .filter(({ kind }) => kind === 'upstream')
    .map((reading) => [reading.name, serviceJson(reading)] as const);
  return {
    status: verdict.status,
    ok: verdict.status !== 'unhealthy',
    service: deps.serviceName,
    version: deps.version,
    uptime_ms: Math.round(uptimeMs),
    timestamp: new Date(deps.clock.now()).toISOString(),
    checks: Object.fromEntries(checks),
    services: Object.fromEntries(services),
    gateway: {
      uptime_seconds: Math.round(uptimeMs / 1_000),
      environment: deps.environment,
      response_time_ms: hundredths(responseTimeMs),
      draining: deps.isDraining(),
    },
  };
}

function serviceJson(reading: HealthReading): object {
  const { status, statusCode, responseTimeMs } = reading;
  return { status, status_code: statusCode, response_time_ms: responseTimeMs === undefined ? undefined : hundredths(responseTimeMs) };
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
