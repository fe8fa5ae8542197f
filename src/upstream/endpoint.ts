/*
 * One address of a provider or service, and all that is known of it: breaker, requests under way, latency, health.
 *
 * A request takes a slot with `acquire` and gives it back with exactly one `release`, which also says how it went:
 *
 *   ok         it answered: the breaker and the latency learn from it
 *   failed     its fault: the breaker counts it, and the latency is punished so that others are preferred at once
 *   cancelled  nobody's fault, or nothing learned (the caller left, 429, a refused credential): only the slot comes back
 */

import { type Breaker, type BreakerConfig, type BreakerNews, createBreaker, type Grant } from '../base/breaker.ts';
import type { Clock } from '../base/clock.ts';
import { createPeakEwma, type PeakEwma } from '../base/ewma.ts';
import type { Loaded } from './balance/balancer.ts';
import type { Connector } from './transport/transport.ts';
import type { Settlement } from './upstream.ts';
import type { UpstreamConfig } from './upstream-config.ts';
import type { UpstreamEvents } from './upstream-events.ts';

/** Finagle's default: what was slow ten seconds ago counts for a third. */
const LATENCY_TAU_MS = 10_000;
/** A failure counts as at least so slow, for a refusal comes fast and would look attractive. */
const FAILURE_LATENCY_MS = 1_000;

export interface EndpointDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: UpstreamEvents;
}

/** Milliseconds. */
export interface Timing {
  /** To the hand-over of the reply, or to the end of the attempt that failed. */
  readonly latencyMs: number;
  /** Of the monotonic clock. */
  readonly nowMs: number;
}

export interface EndpointConfig {
  readonly connector: Connector;
  readonly settings: UpstreamConfig;
}

export class Endpoint implements Loaded, Disposable {
  readonly connector: Connector;
  readonly breaker: Breaker;
  /** The breaker's name; changes when the group grows or shrinks to one. */
  name: string;
  /** False while active checks find it ill. */
  healthy = true;
  /** The breaker is not closed. */
  tripped = false;
  readonly #latency: PeakEwma = createPeakEwma({ tauMs: LATENCY_TAU_MS });
  readonly #breaks: boolean;
  readonly #connectionsMax: number;
  #inFlight = 0;
  #retired = false;

  constructor(name: string, { connector, settings }: EndpointConfig, deps: EndpointDeps) {
    this.name = name;
    this.connector = connector;
    this.#breaks = settings.breaker.enabled;
    this.#connectionsMax = settings.pool.connections_max;
    this.breaker = createBreaker(breakerConfig(settings), {
      clock: deps.clock,
      random: deps.random,
      onChange: (from, to) => {
        this.tripped = to !== 'closed';
        deps.events.onBreakerChange(this.name, from, to);
      },
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  latencyMs(nowMs: number): number {
    return this.#latency.value(nowMs);
  }

  get full(): boolean {
    return this.#inFlight >= this.#connectionsMax;
  }

  /** Takes a slot, unless the breaker refuses. */
  acquire(): Grant {
    const grant = this.#breaks ? this.breaker.tryAcquire() : 'pass';
    if (grant !== 'refuse') this.#inFlight += 1;
    return grant;
  }

  /** Gives the slot back. */
  release(grant: Grant, result: Settlement, { latencyMs, nowMs }: Timing): void {
    this.#inFlight -= 1;
    if (this.#retired) this.connector[Symbol.dispose]();
    if (this.#breaks) this.#tellBreaker(grant, result);
    if (result === 'ok') this.#latency.observe(latencyMs, nowMs);
    else if (result === 'failed') this.#latency.observe(Math.max(latencyMs, FAILURE_LATENCY_MS), nowMs);
  }

  /** Takes a hint from another process; whether it changed anything. */
  learn(news: BreakerNews): boolean {
    if (!this.#breaks) return false;
    const { state } = this.breaker.snapshot();
    this.breaker.learn(news);
    return this.breaker.snapshot().state !== state;
  }

  #tellBreaker(grant: Grant, result: Settlement): void {
    if (result === 'ok') this.breaker.success(grant);
    else if (result === 'failed') this.breaker.failure(grant);
    else this.breaker.cancel(grant);
  }

  /** Takes it out of service: requests under way finish, and each closes its connection. */
  [Symbol.dispose](): void {
    this.#retired = true;
    this.connector[Symbol.dispose]();
  }
}

function breakerConfig({ breaker }: UpstreamConfig): BreakerConfig {
  return {
    failuresMax: breaker.failure_threshold,
    window: { size: breaker.window_size, minimumCalls: breaker.minimum_calls, failureRate: breaker.failure_rate },
    openMs: Math.min(breaker.first_timeout, breaker.timeout),
    openMsMax: breaker.timeout,
    successesToClose: breaker.success_threshold,
  };
}
