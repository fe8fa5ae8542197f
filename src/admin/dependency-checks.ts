/*
 * What the gateway leans on without sending callers' requests there. Each is asked for its health on its own time, as endpoints are, so that
 * an answer about health waits for nobody.
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type HealthCheck, startHealthCheck } from '../upstream/health/health-checks.ts';
import type { Transport } from '../upstream/transport/transport.ts';
import type { PoolConfig, UpstreamConfig } from '../upstream/upstream-config.ts';
import type { HealthReading, HealthSource } from './health.ts';

export interface Dependency {
  /** As `/health` tells it, under `checks`. */
  readonly name: string;
  /** Base URL; a path in it is kept. */
  readonly url: string;
  /** Below that, beginning with a slash. */
  readonly healthPath: string;
}

export interface DependencyChecks extends Disposable {
  readonly source: HealthSource;
}

export interface DependencyDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

const POOL: PoolConfig = { connect_timeout: 3_000, keep_alive: 60_000, idle_max: 1, connections_max: 1 };

/** Checks until it is disposed, as often as `settings.health` says. Throws a TypeError about a bad URL. */
export function createDependencyChecks(
  dependencies: readonly Dependency[],
  settings: UpstreamConfig,
  { transport, clock, random, logger }: DependencyDeps,
): DependencyChecks {
  const closers = new DisposableStack();
  const checks = dependencies.map(({ name, url, healthPath }) => {
    const options = { pool: POOL, allowPrivate: settings.allow_private, proxy: settings.proxy };
    const connector = closers.use(transport.connector(url, options));
    const path = `${new URL(url).pathname.replace(/\/+$/, '')}${healthPath}`;
    const onChange = (healthy: boolean): void =>
      healthy
        ? logger.info('A dependency is healthy again', { dependency: name })
        : logger.warn('A dependency is unhealthy', { dependency: name });
    const check = closers.use(startHealthCheck({ ...settings.health, path, accept: 'below_500' }, connector, { clock, random, onChange }));
    return { name, check };
  });
  return {
    source: () => checks.map(({ name, check }) => reading(name, check)),
    [Symbol.dispose]: () => closers.dispose(),
  };
}

function reading(name: string, { last }: HealthCheck): HealthReading {
  return { name, kind: 'check', status: last === undefined ? 'unknown' : last.ok ? 'healthy' : 'unhealthy' };
}
