/*
 * Active health checks: asks an endpoint's health path again and again, and keeps the last answer, so that whoever wants to know never
 * waits. Checks of different endpoints are spread: each waits a random part of the first interval, and up to a tenth more or less later.
 */

import { type Abortable, withDeadline } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Connector } from '../transport/transport.ts';
import type { HealthConfig } from '../upstream-config.ts';

/** A health answer is a few bytes; more is read to keep the connection, and no more than this. */
const BODY_BYTES_MAX = 65_536;

/** The first check comes soon, for until then nothing is known: within this share of the interval. */
const FIRST_SHARE = 0.2;

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

export type ActiveHealthConfig = HealthConfig & { readonly path: string };

export interface HealthCheckDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** Called when the verdict changes; it begins as healthy. */
  readonly onChange: (healthy: boolean) => void;
}

/** Checks until it is disposed. `path` is taken from the root of the address, whatever the base URL's own path. */
export function startHealthCheck(config: ActiveHealthConfig, connector: Connector, deps: HealthCheckDeps): HealthCheck {
  const { clock, random } = deps;
  const url = new URL(config.path, connector.baseUrl).href;
  const judge = createVerdict(config, deps.onChange);
  const stopping = new AbortController();
  let last: HealthResult | undefined;
  let timer: Disposable | undefined;

  const schedule = (delayMs: number): void => {
    timer = clock.after(delayMs, () => void check());
  };
  const check = async (): Promise<void> => {
    const startMs = clock.monotonic();
    const statusCode = await ask(url, connector, { clock, timeoutMs: config.timeout, signal: stopping.signal });
    if (stopping.signal.aborted) return;
    const ok = statusCode !== undefined && statusCode >= 200 && statusCode < (config.accept === '2xx' ? 300 : 500);
    last = { ok, ...(statusCode === undefined ? {} : { statusCode }), responseTimeMs: clock.monotonic() - startMs, checkedAt: clock.now() };
    judge(ok);
    schedule(config.interval * (0.9 + 0.2 * random()));
  };
  schedule(config.interval * FIRST_SHARE * random());

  return {
    get last() {
      return last;
    },
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      stopping.abort();
    },
  };
}

/** Turns single results into a verdict that changes only after some in a row. */
function createVerdict(config: HealthConfig, onChange: (healthy: boolean) => void): (ok: boolean) => void {
  let healthy = true;
  let streak = 0;
  return (ok) => {
    streak = ok === healthy ? 0 : streak + 1;
    if (streak < (healthy ? config.unhealthy_after : config.healthy_after)) return;
    streak = 0;
    healthy = ok;
    onChange(healthy);
  };
}

interface AskDeps {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: Abortable;
}

/** The status of the answer; undefined when there was none, or none in time. */
async function ask(url: string, connector: Connector, { clock, timeoutMs, signal }: AskDeps): Promise<number | undefined> {
  const config = { deadlineMs: timeoutMs, clock, reason: () => new Error(`no answer within ${timeoutMs} ms`) };
  using deadline = withDeadline(signal, config);
  try {
    const reply = await connector.send({ url, method: 'GET', headers: {}, body: null }, deadline.signal);
    await reply.bytes(BODY_BYTES_MAX);
    return reply.status;
  } catch {
    // No answer, a cut one, or one without end: to whoever asks for health it is all the same.
    return undefined;
  }
}
