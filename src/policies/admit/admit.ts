/*
 * Admission: how many exchanges may be under way at once, and how many may wait for a place.
 *
 * A place is held until the exchange ends, so a stream holds one for as long as it runs. Whoever waits is let in oldest first, and
 * refused when the wait is over its deadline: a queue longer than people's patience does work for callers who have left.
 */

import { z } from 'zod';
import { onAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import { duration } from '../../base/units.ts';
import { queueFact } from '../../pipeline/facts.ts';
import type { Policy } from '../../pipeline/policy.ts';

export const admissionConfig = z.strictObject({
  concurrent_max: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Requests under way at once, streams included; further ones wait. 1 to 1,000,000.'),
  queue_max: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1_000)
    .describe('Requests that may wait for a place; further ones are refused at once with 503. 0 to 1,000,000.'),
  queue_timeout: duration({ min: 1, max: 600_000 }).default(5_000).describe('Longest wait for a place, then 503. 1ms to 10m.'),
});
export type AdmissionConfig = z.output<typeof admissionConfig>;

export interface AdmitDeps {
  readonly clock: Clock;
}

interface Waiter {
  enter(): void;
}

export interface Admission {
  readonly policy: Policy;
  /** Takes over new limits; who is under way or waits stays so. */
  configure(config: AdmissionConfig): void;
  /** Exchanges that hold a place now. */
  readonly running: number;
  /** Exchanges that wait for one. */
  readonly waiting: number;
}

/** Limits how many model and service exchanges are under way; system routes (health, metrics) always pass. */
export function createAdmission(initial: AdmissionConfig, deps: AdmitDeps): Admission {
  let config = initial;
  let running = 0;
  // A Map keeps order and removes in O(1) whoever gives up waiting.
  const waiters = new Map<number, Waiter>();
  let lastTicket = 0;

  const leave = (): void => {
    const next = waiters.entries().next();
    if (next.done) {
      running -= 1;
      return;
    }
    // The place passes from one exchange to the next: `running` stays as it is.
    const [ticket, waiter] = next.value;
    waiters.delete(ticket);
    waiter.enter();
  };

  const wait = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(leftWaiting());
        return;
      }
      const ticket = ++lastTicket;
      const done = (): void => {
        waiters.delete(ticket);
        timer[Symbol.dispose]();
        listener[Symbol.dispose]();
      };
      const timer = deps.clock.after(config.queue_timeout, () => {
        done();
        reject(overloaded(`no place became free within ${config.queue_timeout} ms`));
      });
      const listener = onAbort(signal, () => {
        done();
        reject(leftWaiting());
      });
      waiters.set(ticket, {
        enter: () => {
          done();
          resolve();
        },
      });
    });

  const policy: Policy = {
    name: 'admit',
    stage: 'admit',
    writes: [queueFact],
    layer: (route) => {
      if (route.kind === 'system') return undefined;
      return (next) => async (request, exchange) => {
        if (running < config.concurrent_max) {
          running += 1;
        } else {
          if (waiters.size >= config.queue_max) throw overloaded(`${running} requests are under way and ${waiters.size} wait`);
          await wait(exchange.signal);
          exchange.set(queueFact, deps.clock.monotonic() - exchange.startedAtMs);
        }
        exchange.onEnd(leave);
        return next(request, exchange);
      };
    },
  };

  return {
    policy,
    configure(next) {
      config = next;
    },
    get running() {
      return running;
    },
    get waiting() {
      return waiters.size;
    },
  };
}

function leftWaiting(): GatewayError {
  return new GatewayError('client_closed', 'the client closed the connection while it waited for a place');
}

function overloaded(why: string): GatewayError {
  return new GatewayError('overloaded', `The gateway is at its limit: ${why}`, { retryAfterMs: 1_000 });
}
