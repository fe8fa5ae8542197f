/*
 * Admission: how many exchanges may be under way at once, and how many may wait for a place.
 *
 * A place is held until the exchange ends, so a stream holds one for as long as it runs. Whoever waits is let in oldest first, and
 * refused when the wait is over its deadline: a queue longer than people's patience does work for callers who have left.
 */

import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { duration } from '../../base/units.ts';
import { queueFact } from '../../pipeline/facts.ts';
import type { Policy } from '../../pipeline/policy.ts';
import type { Reply } from '../../pipeline/reply.ts';
import { Places } from './places.ts';

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

export interface Admission {
  readonly policy: Policy;
  /** Takes over new limits; who is under way or waits stays so. */
  configure(config: AdmissionConfig): void;
  /** Exchanges that hold a place now. */
  readonly running: number;
  /** Exchanges that have come so far, let in or not. */
  readonly begun: number;
  /** Exchanges that wait for one. */
  readonly waiting: number;
}

/** Limits how many model and service exchanges are under way; system routes (health, metrics) always pass. */
export function createAdmission(config: AdmissionConfig, deps: AdmitDeps): Admission {
  const places = new Places(config, deps.clock);
  const leave = (): void => places.leave();
  let begun = 0;
  return {
    policy: {
      name: 'admit',
      stage: 'admit',
      writes: [queueFact],
      layer: (route) => {
        if (route.kind === 'system') return undefined;
        return (next) => (request, exchange) => {
          begun += 1;
          if (places.tryEnter()) {
            exchange.onEnd(leave);
            return next(request, exchange);
          }
          const enterLater = async (): Promise<Reply> => {
            await places.enter(exchange.signal);
            exchange.set(queueFact, deps.clock.monotonic() - exchange.startedAtMs);
            exchange.onEnd(leave);
            return next(request, exchange);
          };
          return enterLater();
        };
      },
    },
    configure(next) {
      places.config = next;
    },
    get begun() {
      return begun;
    },
    get running() {
      return places.running;
    },
    get waiting() {
      return places.waiting;
    },
  };
}
