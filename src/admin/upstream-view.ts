/** What the upstream layer and the stores know of themselves, in the words of health answers, metrics and logs. */

import type { PostgresWatch } from '../stores/postgres/postgres-watch.ts';
import type { Stores } from '../stores/stores.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { EndpointHealth, EndpointRegistry } from '../upstream/registry.ts';
import type { UpstreamEvents } from '../upstream/upstream-events.ts';
import type { HealthReading, HealthSource } from './health.ts';

/** Counts and logs what happens upstream. */
export function createUpstreamEvents(deps: { readonly metrics: Metrics; readonly logger: Logger }): UpstreamEvents {
  const { metrics, logger } = deps;
  return {
    onConnection: (kind) => metrics.connection(kind),
    onAttempt: (_group, record) => metrics.attempt(record.target, record.outcome),
    onRetry: (group) => metrics.retry(group),
    onFallback(from, to, reason) {
      metrics.fallback(to);
      logger.debug('Turning to the next candidate', { from, to, reason });
    },
    onBreakerChange(name, from, to) {
      metrics.breakerChange(name, to);
      if (to === 'open') logger.warn('A circuit breaker opened', { breaker: name, from });
      else logger.info('A circuit breaker changed', { breaker: name, from, to });
    },
    onHealthChange(name, healthy) {
      if (healthy) logger.info('An endpoint is healthy again', { endpoint: name });
      else logger.warn('An endpoint is unhealthy', { endpoint: name });
    },
  };
}

/**
 * One reading per target or service: it works while one of its endpoints does. `spare`: groups that few requests take, or none; they are
 * told once something is known of them, and until then they are no sign that anything works.
 */
export function createUpstreamHealth(registry: Pick<EndpointRegistry, 'health'>, spare: ReadonlySet<string>): HealthSource {
  return () =>
    Array.from(
      Map.groupBy(registry.health(), ({ group }) => group),
      ([group, endpoints]) => groupReading(group, endpoints),
    ).filter(({ name, status }) => status !== 'unknown' || !spare.has(name));
}

function groupReading(name: string, endpoints: readonly EndpointHealth[]): HealthReading {
  const ill = endpoints.filter(({ status }) => status === 'unhealthy');
  const status = ill.length === endpoints.length ? 'unhealthy' : ill.length > 0 ? 'degraded' : known(endpoints);
  // Of several endpoints, the one that somebody has to look at.
  const shown = ill[0] ?? endpoints[0];
  return {
    name,
    kind: 'upstream',
    status,
    ...(shown?.statusCode === undefined ? {} : { statusCode: shown.statusCode }),
    ...(shown?.responseTimeMs === undefined ? {} : { responseTimeMs: shown.responseTimeMs }),
  };
}

function known(endpoints: readonly EndpointHealth[]): 'healthy' | 'unknown' {
  return endpoints.some(({ status }) => status === 'healthy') ? 'healthy' : 'unknown';
}

/** `redis` as the older gateways had it, and what each store that uses it makes of it. Nothing where all is in memory. */
export function createStoreHealth(stores: Pick<Stores, 'remotes'>): HealthSource {
  return () => {
    const readings = stores.remotes.map(({ name, isUp, guard }): HealthReading => {
      const { state, failureCount } = guard.snapshot();
      // A Redis that hangs keeps its connection: then the last call, or the replica's own signature, has found out.
      const works = isUp() && state === 'closed' && failureCount === 0;
      return { name, kind: 'check', status: works ? 'healthy' : 'unhealthy' };
    });
    if (readings.length === 0) return [];
    const redis = readings.every(({ status }) => status === 'healthy') ? 'healthy' : 'unhealthy';
    return [{ name: 'redis', kind: 'check', status: redis }, ...readings];
  };
}

/** Nothing where records are kept elsewhere. */
export function createPostgresHealth(postgres: Pick<PostgresWatch, 'isUp'> | undefined): HealthSource {
  return () => {
    if (postgres === undefined) return [];
    const { isUp } = postgres;
    return [{ name: 'postgres', kind: 'check', status: isUp === undefined ? 'unknown' : isUp ? 'healthy' : 'unhealthy' }];
  };
}
