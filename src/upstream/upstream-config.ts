/*
 * How upstreams are treated: section `upstream` holds the defaults, and every provider and service may say otherwise, value by value
 * (`upstreamOverrides`). `withOverrides` lays the one over the other; it is done once per configuration.
 */

import { z } from 'zod';
import { duration } from '../base/units.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const retries = {
  attempts_max: z
    .int()
    .min(1)
    .max(10)
    .describe(
      'Attempts at one target or service within one request, 1 to 10; 1: never again. A refused connection to one of several addresses does not count.',
    ),
  base_delay: duration({ min: 0, max: MINUTE_MS }).describe(
    'Longest wait before the first retry; it doubles from retry to retry, and the wait is random up to it.',
  ),
  delay_max: duration({ min: 0, max: 5 * MINUTE_MS }).describe(
    'Longest wait before any retry. A Retry-After beyond it is not waited for: the next target is asked.',
  ),
  budget_percent: z
    .number()
    .min(0)
    .max(100)
    .describe('Retries allowed in percent of requests, so that an outage is not answered with a multiple of the load; 0 to 100.'),
  budget_per_second: z
    .number()
    .min(0)
    .max(10_000)
    .describe('Retries allowed per second on top of that, so that a quiet gateway may retry too.'),
};

const breaker = {
  enabled: z.boolean().describe('Stop calling an address that keeps failing, for a while.'),
  failure_threshold: z.int().min(1).max(1_000).describe('Failures in a row that open the circuit breaker of an address.'),
  success_threshold: z.int().min(1).max(100).describe('Successful probes in a row that close it again.'),
  timeout: duration({ min: 10, max: HOUR_MS }).describe('Longest time it stays open before one request is let through as a probe.'),
  first_timeout: duration({ min: 10, max: HOUR_MS }).describe(
    'How long it stays open the first time. After a failed probe it is a random time from this up to twice as long as before, at most `timeout`. Equal to `timeout`: always that.',
  ),
  window_size: z.int().min(1).max(10_000).describe('Recent calls that `failure_rate` is computed over.'),
  failure_rate: z.number().gt(0).max(1).describe('Share of failures among the recent calls that opens it as well, above 0 up to 1.'),
  minimum_calls: z.int().min(1).max(10_000).describe('Recent calls that must be known before `failure_rate` counts.'),
};

const pool = {
  connect_timeout: duration({ min: 10, max: MINUTE_MS }).describe(
    'How long it may take to connect to an address, before the next one is asked; plain http only: over https and through a proxy it counts into the attempt.',
  ),
  keep_alive: duration({ min: 0, max: 3 * HOUR_MS }).describe(
    'How long an idle connection is kept; 0: a new one for every request. Over https rounded up to the steps of 4 s of the runtime.',
  ),
  idle_max: z
    .int()
    .min(1)
    .max(10_000)
    .describe('Idle connections kept per address, 1 to 10,000. Over https the whole process keeps at most 64.'),
  connections_max: z
    .int()
    .min(1)
    .max(65_535)
    .describe(
      'Requests under way at one address at a time, and so connections to it. Beyond that another address or target is asked, or the caller is told 503.',
    ),
};

const health = {
  path: z
    .string()
    .regex(/^\/[^\s#]*$/, 'must be a path that begins with `/`')
    .describe('What to GET for an active health check, from the root of the address; `accept` says what counts. Unset: no active checks.'),
  interval: duration({ min: 100, max: HOUR_MS }).describe(
    'Time between two checks of one address; each is shifted by up to a tenth of it, so that they spread.',
  ),
  timeout: duration({ min: 10, max: MINUTE_MS }).describe('How long one check may take.'),
  accept: z
    .enum(['2xx', 'below_500'])
    .describe('What counts as healthy: a 2xx, or any answer below 500, for a server that may have no such page or may want a key for it.'),
  unhealthy_after: z.int().min(1).max(100).describe('Failed checks in a row after which an address is unhealthy.'),
  healthy_after: z.int().min(1).max(100).describe('Successful checks in a row after which it is healthy again.'),
};

const shared = {
  first_token_timeout: duration({ min: 10, max: HOUR_MS }).describe(
    'How long one attempt may take to the first token of a stream, before the next target is asked.',
  ),
  idle_timeout: duration({ min: 10, max: HOUR_MS }).describe('Longest silence within a stream.'),
  total_timeout: duration({ min: 10, max: 24 * HOUR_MS }).describe(
    'Everything a model call may take: attempts, waits and the reply. While another target could be asked, a whole reply may take half of what is left.',
  ),
  service_timeout: duration({ min: 10, max: HOUR_MS }).describe(
    'How long a service may take to begin its reply, attempts and waits included.',
  ),
  balance: z
    .enum(['round_robin', 'least_loaded', 'peak_ewma'])
    .describe(
      'How one of several addresses is chosen: in turn; the one with the fewest requests under way; or the better of two random ones by latency and load.',
    ),
  ping_interval: duration({ min: 0, max: HOUR_MS }).describe(
    'Silence after which a quiet stream gets a ping, for clients and proxies that give up on silence; 0: none.',
  ),
  credentials_bench: duration({ min: 0, max: HOUR_MS }).describe(
    'How long a target whose credential the upstream refused (401, 403) is asked last.',
  ),
  rate_limit_bench: duration({ min: 0, max: HOUR_MS }).describe(
    'Longest time for which a target that answered 429 with a Retry-After is asked last. Model targets only: the 429 of a service may be about one caller.',
  ),
  allow_private: z
    .boolean()
    .describe(
      'Allow link-local and metadata addresses, and public names that resolve to private addresses. A private address or service name written out in the URL needs no permission.',
    ),
};

const optionalRetries = z.strictObject(retries).partial();
const optionalBreaker = z.strictObject(breaker).partial();
const optionalPool = z.strictObject(pool).partial();
const healthConfig = z.strictObject({
  path: health.path.optional(),
  interval: health.interval.prefault('10s').describe(describe(health.interval)),
  timeout: health.timeout.prefault('2s').describe(describe(health.timeout)),
  accept: health.accept.default('2xx').describe(describe(health.accept)),
  unhealthy_after: health.unhealthy_after.default(3).describe(describe(health.unhealthy_after)),
  healthy_after: health.healthy_after.default(2).describe(describe(health.healthy_after)),
});

/** Section `upstream`: the defaults for every provider and service. */
export const upstreamConfig = z.strictObject({
  first_token_timeout: shared.first_token_timeout.prefault('10s').describe(describe(shared.first_token_timeout)),
  idle_timeout: shared.idle_timeout.prefault('10s').describe(describe(shared.idle_timeout)),
  total_timeout: shared.total_timeout.prefault('600s').describe(describe(shared.total_timeout)),
  service_timeout: shared.service_timeout.prefault('30s').describe(describe(shared.service_timeout)),
  retries: z
    .strictObject({
      attempts_max: retries.attempts_max.default(2).describe(describe(retries.attempts_max)),
      base_delay: retries.base_delay.prefault('100ms').describe(describe(retries.base_delay)),
      delay_max: retries.delay_max.prefault('5s').describe(describe(retries.delay_max)),
      budget_percent: retries.budget_percent.default(10).describe(describe(retries.budget_percent)),
      budget_per_second: retries.budget_per_second.default(3).describe(describe(retries.budget_per_second)),
    })
    .prefault({})
    .describe('Trying again.'),
  breaker: z
    .strictObject({
      enabled: breaker.enabled.default(true).describe(describe(breaker.enabled)),
      failure_threshold: breaker.failure_threshold.default(5).describe(describe(breaker.failure_threshold)),
      success_threshold: breaker.success_threshold.default(2).describe(describe(breaker.success_threshold)),
      timeout: breaker.timeout.prefault('10s').describe(describe(breaker.timeout)),
      first_timeout: breaker.first_timeout.prefault('1s').describe(describe(breaker.first_timeout)),
      window_size: breaker.window_size.default(100).describe(describe(breaker.window_size)),
      failure_rate: breaker.failure_rate.default(0.5).describe(describe(breaker.failure_rate)),
      minimum_calls: breaker.minimum_calls.default(20).describe(describe(breaker.minimum_calls)),
    })
    .prefault({})
    .describe('Circuit breakers: one per address.'),
  balance: shared.balance.default('peak_ewma').describe(describe(shared.balance)),
  health: healthConfig.prefault({}).describe('Active health checks.'),
  pool: z
    .strictObject({
      connect_timeout: pool.connect_timeout.prefault('3s').describe(describe(pool.connect_timeout)),
      keep_alive: pool.keep_alive.prefault('60s').describe(describe(pool.keep_alive)),
      idle_max: pool.idle_max.default(256).describe(describe(pool.idle_max)),
      connections_max: pool.connections_max.default(10_000).describe(describe(pool.connections_max)),
    })
    .prefault({})
    .describe('Connections to one address.'),
  ping_interval: shared.ping_interval.prefault('10s').describe(describe(shared.ping_interval)),
  credentials_bench: shared.credentials_bench.prefault('60s').describe(describe(shared.credentials_bench)),
  rate_limit_bench: shared.rate_limit_bench.prefault('60s').describe(describe(shared.rate_limit_bench)),
  allow_private: shared.allow_private.default(false).describe(describe(shared.allow_private)),
  proxy: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Forward proxy for every upstream connection. It resolves the names, so the checks of resolved addresses are then its business. Unset: direct, whatever the environment says.',
    ),
});

export type UpstreamConfig = z.infer<typeof upstreamConfig>;
export type RetriesConfig = UpstreamConfig['retries'];
export type HealthConfig = UpstreamConfig['health'];
export type PoolConfig = UpstreamConfig['pool'];
export type BalanceKind = UpstreamConfig['balance'];

/** What one provider or service may say otherwise; what it leaves out is as in section `upstream`. Spread into its own object. */
export const upstreamOverrides = {
  first_token_timeout: shared.first_token_timeout.optional(),
  idle_timeout: shared.idle_timeout.optional(),
  total_timeout: shared.total_timeout.optional(),
  retries: optionalRetries.optional().describe('Trying again, where it differs from `upstream.retries`.'),
  breaker: optionalBreaker.optional().describe('Circuit breakers, where they differ from `upstream.breaker`.'),
  balance: shared.balance.optional(),
  health: z.strictObject(health).partial().optional().describe('Active health checks, where they differ from `upstream.health`.'),
  pool: optionalPool.optional().describe('Connections, where they differ from `upstream.pool`.'),
  credentials_bench: shared.credentials_bench.optional(),
  rate_limit_bench: shared.rate_limit_bench.optional(),
  allow_private: shared.allow_private.optional(),
} as const;

const upstreamOverridesObject = z.strictObject(upstreamOverrides);
export type UpstreamOverrides = z.infer<typeof upstreamOverridesObject>;

/** The settings of one provider or service: the defaults, with what it says otherwise laid over them. Other keys of `own` are left out. */
export function withOverrides(defaults: UpstreamConfig, own: UpstreamOverrides): UpstreamConfig {
  return {
    ...defaults,
    first_token_timeout: own.first_token_timeout ?? defaults.first_token_timeout,
    idle_timeout: own.idle_timeout ?? defaults.idle_timeout,
    total_timeout: own.total_timeout ?? defaults.total_timeout,
    retries: overlay(defaults.retries, own.retries),
    breaker: overlay(defaults.breaker, own.breaker),
    balance: own.balance ?? defaults.balance,
    health: overlay(defaults.health, own.health),
    pool: overlay(defaults.pool, own.pool),
    credentials_bench: own.credentials_bench ?? defaults.credentials_bench,
    rate_limit_bench: own.rate_limit_bench ?? defaults.rate_limit_bench,
    allow_private: own.allow_private ?? defaults.allow_private,
  };
}

function overlay<T extends object>(defaults: T, own: { readonly [K in keyof T]?: T[K] | undefined } | undefined): T {
  if (own === undefined) return defaults;
  const set = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(set) };
}

/** A default wraps the schema, and the wrapper needs the description again. */
function describe(schema: z.ZodType): string {
  return schema.description ?? '';
}
