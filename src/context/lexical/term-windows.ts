/*
 * Scores the windows of a few hundred units by the terms of a query. How often each term stands in each of the units that are in these windows is taken from
 * the posting lists: so windows need no index of their own, and no text is read.
 */

import { KNOBS } from './knobs.ts';
import { uint32Column } from './number-column.ts';
import { countsOf, countsTable, type PostingList, unitOf } from './posting-list.ts';
import type { Wanted } from './query.ts';
import { ASKED_TERMS, STATED_TERMS, type UnitTable } from './unit-table.ts';
import { meanWindowLength, REACH, STEPS, WEIGHTS, windowLength } from './window-weights.ts';

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

export class TermWindows {
  readonly #table: UnitTable;
  readonly #terms: readonly Wanted[];
  readonly #near: readonly Int32Array[];
  /** Packed counts by row and term. */
  readonly #counts: Uint8Array;
  readonly #meanLength: number;

  /** `near`: for each window the units in it, −1 where there is none. */
  constructor(table: UnitTable, terms: readonly Wanted[], near: readonly Int32Array[]) {
    this.#table = table;
    this.#terms = terms;
    this.#near = near;
    this.#meanLength = meanWindowLength(table, LENGTH, KNOBS.window.about * table.aboutTerms);
    const units = rowsOf(table, near);
    this.#counts = new Uint8Array(units.length * terms.length);
    for (const [place, { number }] of terms.entries()) {
      const list = table.postingsOf(number);
      if (list !== undefined) this.#gather(list, units, place);
    }
  }

  /** One score per window. */
  scores(): Float64Array {
    const scores = Float64Array.from(this.#near, (near) => this.#score(near));
    for (const near of this.#near) for (const unit of near) if (unit >= 0) rows.values[unit] = 0;
    return scores;
  }

  /** Units ascend. */
  #gather(list: PostingList, units: Uint32Array, place: number): void {
    const width = this.#terms.length;
    const { entries, length } = list;
    if (length > units.length * WALK_PER_SEARCH) {
      let at = 0;
      for (const unit of units) {
        at = list.placeOf(unit, at);
        if (at >= length) return;
        if (unitOf(entries[at]!) === unit) this.#counts[(rows.values[unit]! - 1) * width + place] = countsOf(entries[at]!);
      }
      return;
    }
    for (let at = 0; at < length; at += 1) {
      const row = rows.values[unitOf(entries[at]!)]!;
      if (row > 0) this.#counts[(row - 1) * width + place] = countsOf(entries[at]!);
    }
  }

  #score(near: Int32Array): number {
    const { k1, b, about } = KNOBS.window;
    const width = this.#terms.length;
    const length = windowLength(this.#table, near, LENGTH) + about * (this.#table.unitAt(near[REACH]!)?.about.terms ?? 0);
    const norm = k1 * (1 - b + (b * length) / this.#meanLength);
    let score = 0;
    for (let place = 0; place < width; place += 1) {
      let count = 0;
      for (let step = 0; step < STEPS; step += 1) {
        const unit = near[step]!;
        if (unit >= 0) count += GAINS[step]![this.#counts[(rows.values[unit]! - 1) * width + place]!]!;
      }
      if (count > 0) score += (this.#terms[place]!.idf * (k1 + 1) * count) / (count + norm);
    }
    return score;
  }
}

/** Gives each unit of the windows a row; returns the units, ascending. */
function rowsOf(table: UnitTable, near: readonly Int32Array[]): Uint32Array {
  rows.ensure(table.length);
  const units: number[] = [];
  for (const window of near) {
    for (const unit of window) {
      if (unit < 0 || rows.values[unit]! > 0) continue;
      units.push(unit);
      rows.values[unit] = units.length;
    }
  }
  return Uint32Array.from(units).sort();
}
