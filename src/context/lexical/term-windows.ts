/*
 * Scores the windows of a few hundred units by the terms of a query. How often each term stands in each of the units that are in these windows is taken from
 * the posting lists: so windows need no index of their own, and no text is read.
 */

import { REACH, STEPS, type Windows } from './groups.ts';
import { KNOBS } from './knobs.ts';
import { uint32Column } from './number-column.ts';
import { countsOf, countsTable, unitOf } from './posting-list.ts';
import type { Wanted } from './query.ts';
import { ASKED_TERMS, STATED_TERMS, type UnitTable } from './unit-table.ts';
import { meanWindowLength, WEIGHTS, windowLengths } from './window-weights.ts';

const LENGTH = { statedAt: STATED_TERMS, askedAt: ASKED_TERMS };

/** By step: what the counts of a posting add to a window. */
const GAINS = WEIGHTS.map((weights, step) =>
  countsTable(
    ({ stated, asked, about }) => stated * weights.stated + asked * weights.asked + (step === REACH ? about * KNOBS.window.about : 0),
  ),
);

/** Where a list is walked through rather than searched in: so many of its entries cost as much as one search. */
const WALK_PER_SEARCH = 6;

/** By number of unit: its row and 1; all 0 between calls. Shared by all indexes of a thread. */
const rows = uint32Column();

/** One score per window. */
export function termScores(table: UnitTable, terms: readonly Wanted[], near: Windows): Float64Array {
  const units = rowsOf(table, near);
  const counts = countsIn(table, terms, units);
  const scores = windowScores({ table, terms, near, ...counts });
  for (const unit of units) rows.values[unit] = 0;
  return scores;
}

interface Counts {
  /** Packed counts by row and term. */
  readonly packed: Uint8Array;
  /** By row: whether any of them is there. */
  readonly isAny: Uint8Array;
}

/** Units ascend. */
function countsIn(table: UnitTable, terms: readonly Wanted[], units: Uint32Array): Counts {
  const width = terms.length;
  const packed = new Uint8Array(units.length * width);
  const isAny = new Uint8Array(units.length);
  const rowOf = rows.values;
  for (let place = 0; place < width; place += 1) {
    const list = table.postingsOf(terms[place]!.number);
    if (list === undefined) continue;
    const { entries, length } = list;
    const found = (row: number, entry: number): void => {
      packed[row * width + place] = countsOf(entry);
      isAny[row] = 1;
    };
    if (length > units.length * WALK_PER_SEARCH) {
      let at = 0;
      for (let next = 0; next < units.length; next += 1) {
        const unit = units[next]!;
        at = list.placeOf(unit, at);
        if (at >= length) break;
        if (unitOf(entries[at]!) === unit) found(rowOf[unit]! - 1, entries[at]!);
      }
      continue;
    }
    for (let at = 0; at < length; at += 1) {
      const row = rowOf[unitOf(entries[at]!)]!;
      if (row > 0) found(row - 1, entries[at]!);
    }
  }
  return { packed, isAny };
}

interface WindowsAtHand extends Counts {
  readonly table: UnitTable;
  readonly terms: readonly Wanted[];
  readonly near: Windows;
}

function windowScores({ table, terms, near, packed, isAny }: WindowsAtHand): Float64Array {
  const { k1, b, about } = KNOBS.window;
  const width = terms.length;
  const gains = Float64Array.from(terms, ({ idf }) => idf * (k1 + 1));
  const lengths = windowLengths(table, near, LENGTH);
  const meanLength = meanWindowLength(table, LENGTH, KNOBS.window.about * table.aboutTerms);
  const rowOf = rows.values;
  const scores = new Float64Array(lengths.length);
  /** Of the window at hand; all 0 between windows. */
  const sums = new Float64Array(width);
  for (let window = 0; window < scores.length; window += 1) {
    const first = window * STEPS;
    let isFound = false;
    for (let step = 0; step < STEPS; step += 1) {
      const unit = near[first + step]!;
      if (unit < 0) continue;
      const row = rowOf[unit]! - 1;
      if (isAny[row] === 0) continue;
      isFound = true;
      const gained = GAINS[step]!;
      for (let place = 0, at = row * width; place < width; place += 1, at += 1) sums[place]! += gained[packed[at]!]!;
    }
    if (!isFound) continue;
    const length = lengths[window]! + about * (table.unitAt(near[first + REACH]!)?.about.terms ?? 0);
    const norm = k1 * (1 - b + (b * length) / meanLength);
    let score = 0;
    for (let place = 0; place < width; place += 1) {
      const count = sums[place]!;
      if (count === 0) continue;
      score += (gains[place]! * count) / (count + norm);
      sums[place] = 0;
    }
    scores[window] = score;
  }
  return scores;
}

/** Gives each unit of the windows a row; returns the units, ascending. */
function rowsOf(table: UnitTable, near: Windows): Uint32Array {
  rows.ensure(table.length);
  const rowOf = rows.values;
  const units: number[] = [];
  for (let at = 0; at < near.length; at += 1) {
    const unit = near[at]!;
    if (unit < 0 || rowOf[unit]! > 0) continue;
    units.push(unit);
    rowOf[unit] = units.length;
  }
  return Uint32Array.from(units).sort();
}
