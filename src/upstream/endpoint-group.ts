/*
 * The interchangeable endpoints of one provider, target or service. It chooses one for an attempt:
 *
 *   1. one whose breaker is due for a probe, if this request may be that probe: so recovery is noticed by real requests, whatever the
 *      balancer prefers. Only requests that may run twice volunteer, as long as another endpoint is well;
 *   2. by the balancer, among those that are healthy, closed, below their connections_max, and not tried by this request;
 *   3. when active checks find all of them ill, the checks are not believed (panic): they are tried anyway. An open breaker always is believed,
 *      for it saw real requests fail.
 */

import type { Grant } from '../base/breaker.ts';
import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { Balancer } from './balance/balancer.ts';
import { createLeastLoaded } from './balance/least-loaded.ts';
import { createPeakEwmaBalancer } from './balance/peak-ewma.ts';
import { createRoundRobin } from './balance/round-robin.ts';
import type { Endpoint } from './endpoint.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import type { BalanceKind, UpstreamConfig } from './upstream-config.ts';

export interface EndpointGroupConfig {
  /** Unique: the label of the group, and the name of its breaker when it has one endpoint. */
  readonly name: string;
  /** Base URLs, at least one, each once. */
  readonly urls: readonly string[];
  readonly settings: UpstreamConfig;
}

/** A place at an endpoint; must be given back with `endpoint.release(grant, …)`, exactly once. */
export interface Slot {
  readonly endpoint: Endpoint;
  readonly grant: Grant;
}

export interface EndpointGroupDeps {
  readonly clock: Clock;
  readonly random: () => number;
}

export class EndpointGroup {
  readonly name: string;
  readonly settings: UpstreamConfig;
  readonly endpoints: readonly Endpoint[];
  readonly budget: RetryBudget;
  readonly #balancer: Balancer;
  readonly #clock: Clock;

  constructor(config: EndpointGroupConfig, endpoints: readonly Endpoint[], deps: EndpointGroupDeps) {
    this.name = config.name;
    this.settings = config.settings;
    this.endpoints = endpoints;
    this.budget = createRetryBudget(config.settings.retries, deps.clock.monotonic());
    this.#balancer = createBalancer(config.settings.balance, deps.random);
    this.#clock = deps.clock;
  }

  /** Takes a slot of an endpoint that is not among `tried`; `breaker_open` or `overloaded`, returned and not thrown, when there is none. */
  acquire(tried: readonly Endpoint[], mayProbe: boolean): Slot | GatewayError {
    const [only] = this.endpoints;
    if (this.endpoints.length === 1 && only !== undefined) return (only.full ? undefined : slotOf(only)) ?? this.#refusal(tried);
    if (mayProbe) {
      for (const endpoint of this.endpoints) {
        const slot = endpoint.tripped && fits(endpoint, tried) ? slotOf(endpoint) : undefined;
        if (slot !== undefined) return slot;
      }
    }
    return (
      this.#balanced((endpoint) => endpoint.healthy && !endpoint.tripped && fits(endpoint, tried)) ??
      // Panic: better an endpoint that may be ill than none; and a probe, where there is nothing else.
      this.#balanced((endpoint) => fits(endpoint, tried)) ??
      this.#refusal(tried)
    );
  }

  /** Whether an attempt could go to an endpoint that was not tried. A guess: its breaker may refuse all the same. */
  hasOther(tried: readonly Endpoint[]): boolean {
    return this.endpoints.length > 1 && this.endpoints.some((endpoint) => !endpoint.tripped && endpoint.healthy && fits(endpoint, tried));
  }

  #balanced(isEligible: (endpoint: Endpoint) => boolean): Slot | undefined {
    let eligible = this.endpoints.filter(isEligible);
    while (isNotEmpty(eligible)) {
      const chosen = this.#balancer.pick(eligible, this.#clock.monotonic());
      const slot = slotOf(chosen);
      if (slot !== undefined) return slot;
      eligible = eligible.filter((endpoint) => endpoint !== chosen);
    }
    return undefined;
  }

  #refusal(tried: readonly Endpoint[]): GatewayError {
    const left = this.endpoints.filter((endpoint) => !tried.includes(endpoint));
    const full = left.find((endpoint) => endpoint.full);
    if (full !== undefined) return new GatewayError('overloaded', `'${this.name}' has no free connection.`, { retryAfterMs: 1_000 });
    const waits = left.map((endpoint) => endpoint.breaker.snapshot().retryAfterMs);
    const name = left.length === 1 ? (left[0]?.name ?? this.name) : this.name;
    return new GatewayError('breaker_open', `Circuit breaker '${name}' is OPEN`, { retryAfterMs: Math.max(1, Math.min(...waits)) });
  }
}

function slotOf(endpoint: Endpoint): Slot | undefined {
  const grant = endpoint.acquire();
  return grant === 'refuse' ? undefined : { endpoint, grant };
}

function fits(endpoint: Endpoint, tried: readonly Endpoint[]): boolean {
  return !endpoint.full && !tried.includes(endpoint);
}

function isNotEmpty<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0;
}

function createBalancer(kind: BalanceKind, random: () => number): Balancer {
  switch (kind) {
    case 'round_robin':
      return createRoundRobin();
    case 'least_loaded':
      return createLeastLoaded(random);
    case 'peak_ewma':
      return createPeakEwmaBalancer(random);
  }
}
