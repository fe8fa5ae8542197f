import { type BreakerConfig, type BreakerSnapshot, createBreaker } from '../base/breaker.ts';
import type { Clock } from '../base/clock.ts';

/*
 * Stands before every call to a remote store. A slow store is worse than a dead one, so each call has a deadline, and a breaker makes
 * the calls after a few failures cost nothing at all. The caller gets an answer in every case: the store's, or the fallback's.
 *
 * A command that was given up on is not cancelled, for there is no safe way to take it back from a shared connection. Its reply is
 * awaited by nobody and dropped, and the connection itself is dropped when the breaker opens. `callsMax` bounds how many may wait.
 */

export interface GuardConfig {
  /** Longest wait for one call. */
  readonly deadlineMs: number;
  /** Calls that may be under way, those that were given up on included. */
  readonly callsMax: number;
  readonly breaker: BreakerConfig;
}

/** A minute of outage must not cost more than ten seconds after it: hence openMsMax. */
export const GUARD_DEFAULTS: GuardConfig = {
  deadlineMs: 50,
  callsMax: 10_000,
  breaker: {
    failuresMax: 5,
    window: { size: 100, minimumCalls: 20, failureRate: 0.5 },
    openMs: 1_000,
    openMsMax: 10_000,
    successesToClose: 2,
  },
};

/** Why the fallback answers: `open` and `busy` without having called, `timeout` and `error` after it. */
export type StoreFault = 'open' | 'busy' | 'timeout' | 'error';

export interface Guard {
  /** The outcome of `call` if it comes in time, else that of `fallback`, which must not fail. At once, without a promise, when the call is not made. */
  run<T>(call: () => T | Promise<T>, fallback: (fault: StoreFault) => T): T | Promise<T>;
  snapshot(): BreakerSnapshot;
}

export interface GuardDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called whenever the breaker opens: drop the connection here. */
  readonly onOpen?: () => void;
}

export function createGuard(config: GuardConfig, deps: GuardDeps): Guard {
  const { clock, random, onOpen } = deps;
  const breaker = createBreaker(config.breaker, {
    clock,
    random,
    onChange(_, to) {
      if (to === 'open') onOpen?.();
    },
  });
  let callsUnderWay = 0;

  return {
    run<T>(call: () => T | Promise<T>, fallback: (fault: StoreFault) => T): T | Promise<T> {
      if (callsUnderWay >= config.callsMax) return fallback('busy');
      const grant = breaker.tryAcquire();
      if (grant === 'refuse') return fallback('open');
      return new Promise<T>((resolve, reject) => {
        let isOver = false;
        const giveUp = (fault: StoreFault): void => {
          isOver = true;
          breaker.failure(grant);
          try {
            resolve(fallback(fault));
          } catch (error) {
            reject(error);
          }
        };
        const timer = clock.after(config.deadlineMs, () => giveUp('timeout'));
        callsUnderWay += 1;
        // An async function, so that a call which throws at once fails like any other.
        (async () => call())().then(
          (value) => {
            callsUnderWay -= 1;
            if (isOver) return;
            timer[Symbol.dispose]();
            isOver = true;
            breaker.success(grant);
            resolve(value);
          },
          () => {
            callsUnderWay -= 1;
            if (isOver) return;
            timer[Symbol.dispose]();
            giveUp('error');
          },
        );
      });
    },
    snapshot: () => breaker.snapshot(),
  };
}
