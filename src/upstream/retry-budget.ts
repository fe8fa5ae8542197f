/*
 * How many retries one upstream can take, after Finagle's and tower's retry budgets: a share of the requests of the last seconds, and a
 * steady trickle, so that a quiet gateway may retry as well. In an outage the upstream sees 1.1 times its load, not three times.
 *
 * Requests pay in and fade with a time constant of ten seconds, so the saved share is worth ten seconds at any rate of requests. The
 * trickle saves up ten seconds too.
 */

const MEMORY_MS = 10_000;

export interface RetryBudgetConfig {
  /** Retries in percent of requests. */
  readonly budget_percent: number;
  /** Retries per second on top. */
  readonly budget_per_second: number;
}

export interface RetryBudget {
  /** A request came: it earns its share of a retry. `nowMs` is of a monotonic clock, here and below. */
  deposit(nowMs: number): void;
  /** Whether a retry could be paid for; takes nothing. */
  affords(nowMs: number): boolean;
  /** Pays for one retry, or says that it can't. */
  withdraw(nowMs: number): boolean;
}

export function createRetryBudget(config: RetryBudgetConfig, startMs: number): RetryBudget {
  const perRequest = config.budget_percent / 100;
  const perMs = config.budget_per_second / 1_000;
  const trickleMax = perMs * MEMORY_MS;
  let share = 0;
  let trickle = trickleMax;
  let atMs = startMs;

  const settle = (nowMs: number): void => {
    const elapsedMs = nowMs - atMs;
    if (elapsedMs <= 0) return;
    atMs = nowMs;
    trickle = Math.min(trickleMax, trickle + elapsedMs * perMs);
    share *= Math.exp(-elapsedMs / MEMORY_MS);
  };

  return {
    deposit(nowMs) {
      settle(nowMs);
      share += perRequest;
    },
    affords(nowMs) {
      settle(nowMs);
      return share + trickle >= 1;
    },
    withdraw(nowMs) {
      settle(nowMs);
      if (share + trickle < 1) return false;
      // The share fades anyway, so it is spent first.
      const fromShare = Math.min(1, share);
      share -= fromShare;
      trickle -= 1 - fromShare;
      return true;
    },
  };
}
