/*
 * Active health checks: asks an endpoint's health path again and again, and keeps the last answer, so that whoever wants to know never
 * waits. Checks of different endpoints are spread: each waits a random part of the first interval, and up to a tenth more or less later.
 */

import type { Clock } from '../../base/clock.ts';
import type { Connector } from '../transport/transport.ts';
import type { HealthConfig } from '../upstream-config.ts';

/** A health answer is a few bytes; more is read to keep the connection, and no more than this. */
const BODY_BYTES_MAX = 65_536;

export interface HealthResult {
  readonly ok: boolean;
  /** Absent when there was no answer. */
  readonly statusCode?: number;
  readonly responseTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly checkedAt: number;
}

export interface HealthCheck extends Disposable {
  /** Of the last check; undefined before the first. */
  readonly last: HealthResult | undefined;
}

export interface HealthCheckDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** Called when the verdict changes; it begins as healthy. */
  readonly onChange: (healthy: boolean) => void;
}

/** Checks until it is disposed. `path` is taken from the root of the address, whatever the base URL's own path. */
export function startHealthCheck(config: HealthConfig & { readonly path: string }, connector: Connector, deps: HealthCheckDeps): HealthCheck {
  const { clock, random, onChange } = deps;
  const url = new URL(config.path, connector.baseUrl).href;
  let last: HealthResult | undefined;
  let healthy = true;
  let streak = 0;
  let timer: Disposable | undefined;
  let underway: AbortController | undefined;
  let stopped = false;

  const record = (result: HealthResult): void => {
    last = result;
    if (result.ok === healthy) {
      streak = 0;
      return;
    }
    streak += 1;
    if (streak < (healthy ? config.unhealthy_after : config.healthy_after)) return;
    streak = 0;
    healthy = result.ok;
    onChange(healthy);
  };

  const check = async (): Promise<void> => {
    const controller = new AbortController();
    underway = controller;
    const startMs = clock.monotonic();
    const deadline = clock.after(config.timeout, () => controller.abort(new Error(`no answer within ${config.timeout} ms`)));
    let statusCode: number | undefined;
    try {
      const reply = await connector.send({ url, method: 'GET', headers: {}, body: null }, controller.signal);
      statusCode = reply.status;
      await reply.bytes(BODY_BYTES_MAX);
    } catch {
      // No answer, a cut one, or one that never ends: that is the result.
      statusCode = undefined;
      controller.abort();
    }
    deadline[Symbol.dispose]();
    underway = undefined;
    if (stopped) return;
    const ok = statusCode !== undefined && statusCode >= 200 && statusCode < 300;
    record({ ok, ...(statusCode === undefined ? {} : { statusCode }), responseTimeMs: clock.monotonic() - startMs, checkedAt: clock.now() });
    schedule(config.interval * (0.9 + 0.2 * random()));
  };

  const schedule = (delayMs: number): void => {
    timer = clock.after(delayMs, () => void check());
  };
  schedule(config.interval * random() * FIRST_SHARE);

  return {
    get last() {
      return last;
    },
    [Symbol.dispose]() {
      stopped = true;
      timer?.[Symbol.dispose]();
      underway?.abort(new Error('the health check has ended'));
    },
  };
}

/** The first check comes soon, for until then nothing is known. */
const FIRST_SHARE = 0.2;
