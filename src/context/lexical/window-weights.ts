/* How much each unit near another counts in its window, and how long windows are. */

import { KNOBS } from './knobs.ts';
import type { UnitTable } from './unit-table.ts';

/** A window has the units at the distances −REACH … REACH in the group. */
export const REACH = 2;
export const STEPS = 2 * REACH + 1;

/** By distance + REACH: what a word counts that is stated there, and one that is asked. */
export const WEIGHTS: readonly { readonly stated: number; readonly asked: number }[] = Array.from({ length: STEPS }, (_, step) => {
  const { before, after, answered, asked } = KNOBS.window;
  const distance = step - REACH;
  if (distance === 0) return { stated: 1, asked: KNOBS.questionOwn };
  if (distance > 0) return { stated: after[distance - 1] ?? 0, asked: (after[distance - 1] ?? 0) * asked };
  const weight = before[-distance - 1] ?? 0;
  return { stated: weight, asked: distance === -1 ? weight * answered : weight };
});

export interface WindowLength {
  /** Where the lengths of a unit stand in their column. */
  readonly statedAt: number;
  readonly askedAt: number;
}

/** The length of a window, without what stands beside the unit. */
export function windowLength(table: UnitTable, near: Int32Array, { statedAt, askedAt }: WindowLength): number {
  const lengths = table.lengths.values;
  let length = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const unit = near[step]!;
    if (unit < 0) continue;
    const { stated, asked } = WEIGHTS[step]!;
    length += stated * lengths[table.lengthsAt(unit) + statedAt]! + asked * lengths[table.lengthsAt(unit) + askedAt]!;
  }
  return length;
}

/** How long windows are on average, from sums alone: as if all groups were equally large. `about`: of all units. */
export function meanWindowLength(table: UnitTable, { statedAt, askedAt }: WindowLength, about: number): number {
  const { size, totals } = table;
  const members = size / Math.max(1, table.groups.size);
  let sum = about;
  for (const [step, { stated, asked }] of WEIGHTS.entries()) {
    const share = Math.max(0, members - Math.abs(step - REACH)) / Math.max(1, members);
    sum += share * (stated * (totals[statedAt] ?? 0) + asked * (totals[askedAt] ?? 0));
  }
  return Math.max(1, sum / Math.max(1, size));
}
