import type { Clock } from '../base/clock.ts';
import type { Faults } from './faults.ts';
import type { Random } from './text.ts';

/** Says when each token is due. Tokens are asked about once each, in order. */
export interface Pace {
  /** Tokens are spread over time: each is written by itself. */
  readonly paced: boolean;
  /** Milliseconds until the next token is due; 0 when it is late already. */
  nextWaitMs(): number;
}

/**
 * Tokens are due on a schedule counted from the start, so a late timer delays one token and not all that follow; the rate holds.
 * `random` is asked only when there is jitter.
 */
export function createPace(faults: Faults, random: Random, clock: Clock): Pace {
  const intervalMs = tokenIntervalMs(faults);
  const jitter = faults.jitter ?? 0;
  const firstMs = varied(faults.firstTokenMs ?? 0, jitter, random);
  let dueMs = clock.monotonic() + firstMs - intervalMs;
  if (intervalMs === 0 && firstMs === 0) return { paced: false, nextWaitMs: () => 0 };

  let isFirst = true;
  return {
    paced: intervalMs > 0,
    nextWaitMs() {
      dueMs += isFirst ? intervalMs : varied(intervalMs, jitter, random);
      isFirst = false;
      const waitMs = dueMs - clock.monotonic();
      // Timers are no finer than a millisecond: what is nearly due, is due.
      return waitMs < 0.5 ? 0 : waitMs;
    },
  };
}

/** Time until an answer of `tokenCount` tokens is whole, in milliseconds. What has no tokens is not generated, and there at once. */
export function wholeWaitMs(faults: Faults, tokenCount: number, random: Random): number {
  if (tokenCount === 0) return 0;
  const meanMs = (faults.firstTokenMs ?? 0) + Math.max(0, tokenCount - 1) * tokenIntervalMs(faults);
  return varied(meanMs, faults.jitter ?? 0, random);
}

function tokenIntervalMs(faults: Faults): number {
  const rate = faults.tokensPerSecond ?? 0;
  return rate === 0 ? 0 : 1_000 / rate;
}

function varied(meanMs: number, jitter: number, random: Random): number {
  return jitter === 0 ? meanMs : meanMs * (1 + jitter * (2 * random() - 1));
}
