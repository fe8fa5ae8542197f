/* How much each unit near another counts in its window, and how long windows are. */

import { REACH, STEPS, type Windows } from './groups.ts';
import { KNOBS } from './knobs.ts';
import { LENGTHS, type UnitTable } from './unit-table.ts';

/** By distance + REACH: what a word counts that is stated there, and one that is asked. */
export const WEIGHTS: readonly { readonly stated: number; readonly asked: number }[] = Array.from({ length: STEPS }, (_, step) => {
  const { before, after, answered, asked } = KNOBS.window;
  const distance = step - REACH;
  if (distance === 0) return { stated: 1, asked: KNOBS.questionOwn };
  if (distance > 0) return { stated: after[distance - 1] ?? 0, asked: (after[distance - 1] ?? 0) * asked };
  const weight = before[-distance - 1] ?? 0;
  return { stated: weight, asked: distance === -1 ? weight * answered : weight };
});

const STATED = Float64Array.from(WEIGHTS, ({ stated }) => stated);
const ASKED = Float64Array.from(WEIGHTS, ({ asked }) => asked);

export interface WindowLength {
  /** Where the lengths of a unit stand in their column. */
  readonly statedAt: number;
  readonly askedAt: number;
}

/** The length of each window, without what stands beside its unit. */
export function windowLengths(table: UnitTable, near: Windows, { statedAt, askedAt }: WindowLength): Float64Array {
  const lengths = table.lengths.values;
  const found = new Float64Array(near.length / STEPS);
  for (let at = 0, window = 0; at < near.length; window += 1) {
    let length = 0;
    for (let step = 0; step < STEPS; step += 1, at += 1) {
      const unit = near[at]!;
      if (unit >= 0) length += STATED[step]! * lengths[unit * LENGTHS + statedAt]! + ASKED[step]! * lengths[unit * LENGTHS + askedAt]!;
    }
    found[window] = length;
  }
  return found;
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
