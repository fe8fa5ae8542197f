/*
 * How much a memory's age takes from it: a bounded factor, never a filter. Unbounded decay halves recall of anything that is older than a few
 * half-lives (docs/decisions/0015-recall.md); a floor keeps what is old within reach, and ranks what is new before it.
 *
 * Each time at which a memory was made or used leaves a trace that halves every half-life. Traces add up as chances do, 1 - Π(1 - trace):
 * one trace alone is the plain curve of the setting, each more lifts the memory, and nothing lifts it over 1. (The sum of traces is ACT-R's
 * base-level activation, Anderson & Schooler 1991; with exponential traces, for a half-life is what people can set.)
 */

import type { Decay, Memory } from '../memory.ts';
import { DAY_MS } from './time/calendar.ts';

export interface DecaySetting {
  /** What the oldest memory keeps; 0 to 1. 1: no decay. */
  readonly floor: number;
  /** Age at which half of the rest is lost, in milliseconds. */
  readonly halfLifeMs: number;
  /**
   * Whether it chooses among those that fit best, and leaves the order of the rest alone. What decay costs of recall it costs in the middle of the
   * list; what it is there for, that of two which fit the newer comes first, is decided at its top.
   */
  readonly isForBest: boolean;
}

const SETTINGS: Readonly<Record<Decay, DecaySetting>> = {
  off: { floor: 1, halfLifeMs: 1, isForBest: false },
  mild: { floor: 0.8, halfLifeMs: 30 * DAY_MS, isForBest: true },
  strong: { floor: 0.3, halfLifeMs: 7 * DAY_MS, isForBest: false },
};

/** How far importance moves the factor, from its least to its most. */
const IMPORTANCE_RANGE = 0.1;

export function decaySetting(decay: Decay, halfLifeMs: number | undefined): DecaySetting {
  const setting = SETTINGS[decay];
  return halfLifeMs === undefined ? setting : { ...setting, halfLifeMs };
}

/** Between the floor and 1. Falls with age, rises with each touch. What lies in the future counts as new. */
export function decayFactor(memory: Pick<Memory, 'eventMs' | 'touchesMs'>, nowMs: number, { floor, halfLifeMs }: DecaySetting): number {
  if (floor >= 1) return 1;
  let lost = 1 - trace(memory.eventMs, nowMs, halfLifeMs);
  for (const touchMs of memory.touchesMs) lost *= 1 - trace(touchMs, nowMs, halfLifeMs);
  return floor + (1 - floor) * (1 - lost);
}

/** Around 1: a little more for what matters much, a little less for what matters little. */
export function importanceFactor({ importance }: Pick<Memory, 'importance'>): number {
  return 1 + IMPORTANCE_RANGE * (Math.min(1, Math.max(0, importance)) - 0.5);
}

function trace(atMs: number, nowMs: number, halfLifeMs: number): number {
  return 2 ** (-Math.max(0, nowMs - atMs) / halfLifeMs);
}
