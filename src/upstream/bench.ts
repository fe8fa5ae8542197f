/*
 * Targets that are asked last for a while: the upstream refused their credential, or asked us to wait. A benched target is never left out,
 * for it may be all there is, and a bench may be wrong.
 */

import type { Candidate } from './upstream.ts';

const BENCHED_MAX = 10_000;

export interface Bench {
  /** Candidates in the order to try them: those on the bench last. The same array when none is. */
  order<Named extends Pick<Candidate, 'name'>>(candidates: readonly Named[], nowMs: number): readonly Named[];
  /** Puts a candidate on the bench until `untilMs` of the monotonic clock. */
  put(name: string, untilMs: number): void;
}

export function createBench(): Bench {
  const until = new Map<string, number>();

  const isBenched = (name: string, nowMs: number): boolean => {
    const untilMs = until.get(name);
    if (untilMs === undefined) return false;
    if (untilMs > nowMs) return true;
    until.delete(name);
    return false;
  };

  return {
    order(candidates, nowMs) {
      if (until.size === 0) return candidates;
      const benched = candidates.filter(({ name }) => isBenched(name, nowMs));
      if (benched.length === 0) return candidates;
      return [...candidates.filter((candidate) => !benched.includes(candidate)), ...benched];
    },
    put(name, untilMs) {
      if (until.size >= BENCHED_MAX) until.clear();
      until.set(name, Math.max(untilMs, until.get(name) ?? 0));
    },
  };
}
