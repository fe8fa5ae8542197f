/*
 * Scores the window around a unit: what it says, what its neighbours in the group say, and what stands beside it. All of it is read from the words of units,
 * which are kept in their order; so no window needs an index of its own. What was read of a unit is kept until the search ends, for it is
 * in the windows of its neighbours too.
 */

import { type Bm25, KNOBS } from './knobs.ts';
import { float32Column, type NumberColumn, uint32Column } from './number-column.ts';
import type { Wanted } from './query.ts';
import { LENGTHS, type UnitTable } from './unit-table.ts';

export const REACH = 2;

/** By distance −REACH … REACH: how much counts what a unit there states and asks. */
const WEIGHTS = Array.from({ length: 2 * REACH + 1 }, (_, step) => {
  const { before, after, answered, asked } = KNOBS.window;
  const distance = step - REACH;
  if (distance === 0) return { stated: 1, asked: KNOBS.questionOwn };
  if (distance > 0) return { stated: after[distance - 1] ?? 0, asked: (after[distance - 1] ?? 0) * asked };
  const weight = before[-distance - 1] ?? 0;
  return { stated: weight, asked: distance === -1 ? weight * answered : weight };
});

/** What a scorer counts: terms or grams. */
export interface Feature {
  readonly bm25: Bm25 & { readonly about: number };
  /** Where the lengths of a unit stand in their column. */
  readonly statedAt: number;
  readonly askedAt: number;
  aboutLengthOf(about: { readonly terms: number; readonly grams: number }): number;
  aboutTotalOf(table: UnitTable): number;
  /** Counts those features of the words that are wanted. */
  visit(table: UnitTable, words: Uint32Array, into: Counts): void;
  /** Numbers of features are below it. */
  lengthIn(table: UnitTable): number;
}

/** Counts of one text at hand. */
export interface Counts {
  /** By number of a feature: its place in the query and 1, or 0 where it is not wanted. */
  readonly places: Uint32Array;
  /** By place: stated, asked. */
  readonly counts: Float32Array;
  readonly memo: WordMemo;
}

/** Where the features of a word stand in the query, once it was worked out. */
export interface WordMemo {
  /** By number of word: where its places begin, or 0 where it is not known yet. */
  readonly starts: NumberColumn<Uint32Array>;
  /** Runs of places and 1, each ended by a 0. */
  readonly places: NumberColumn<Uint32Array>;
  /** Those that are known. */
  readonly words: number[];
  end: number;
}

/** An empty run. */
export const NOWHERE = 1;

export class WindowScorer {
  readonly #feature: Feature;
  /** All 0 between searches. */
  readonly #places = uint32Column();
  /** By number of unit: where its record starts and 1, or 0 where it was not read yet. */
  readonly #starts = uint32Column();
  /** Records: how many, then for each a place, stated, asked. */
  readonly #records = float32Column();
  readonly #read: number[] = [];
  readonly #abouts = new Map<Uint32Array, number>();
  readonly #memo: WordMemo = { starts: uint32Column(), places: uint32Column(), words: [], end: NOWHERE + 1 };
  #recordsEnd = 0;
  #wanted: readonly Wanted[] = [];
  #idfs = new Float64Array();
  #window = new Float32Array();
  #counts = new Float32Array();
  #meanLength = 1;
  #table: UnitTable | undefined;

  constructor(feature: Feature) {
    this.#feature = feature;
  }

  begin(table: UnitTable, wanted: readonly Wanted[]): void {
    this.#table = table;
    this.#wanted = wanted;
    this.#places.ensure(this.#feature.lengthIn(table));
    this.#starts.ensure(table.length);
    this.#memo.starts.ensure(table.vocabulary.words.length);
    for (const [place, { number }] of wanted.entries()) this.#places.values[number] = place + 1;
    this.#idfs = Float64Array.from(wanted, ({ idf }) => idf);
    this.#window = new Float32Array(wanted.length);
    this.#counts = new Float32Array(wanted.length * 2);
    this.#meanLength = meanLengthOf(table, this.#feature);
  }

  end(): void {
    for (const { number } of this.#wanted) this.#places.values[number] = 0;
    for (const unit of this.#read) this.#starts.values[unit] = 0;
    this.#read.length = 0;
    for (const word of this.#memo.words) this.#memo.starts.values[word] = 0;
    this.#memo.words.length = 0;
    this.#memo.end = NOWHERE + 1;
    this.#abouts.clear();
    this.#recordsEnd = 0;
    this.#table = undefined;
  }

  /** `near`: numbers of the units at the distances −REACH … REACH, −1 where there is none. */
  score(unit: number, near: Int32Array): number {
    const table = this.#table;
    const about = table?.unitAt(unit)?.about;
    if (table === undefined || about === undefined) return 0;
    const { bm25, statedAt, askedAt } = this.#feature;
    this.#window.fill(0);
    let length = bm25.about * this.#feature.aboutLengthOf(about);
    this.#add(this.#aboutRecord(table, about.words), bm25.about, 0);
    const lengths = table.lengths.values;
    for (let step = 0; step < near.length; step += 1) {
      const other = near[step]!;
      if (other < 0) continue;
      const { stated, asked } = WEIGHTS[step]!;
      this.#add(this.#unitRecord(table, other), stated, asked);
      length += stated * lengths[other * LENGTHS + statedAt]! + asked * lengths[other * LENGTHS + askedAt]!;
    }
    return this.#bm25(length);
  }

  #bm25(length: number): number {
    const { k1, b } = this.#feature.bm25;
    const norm = k1 * (1 - b + (b * length) / this.#meanLength);
    const window = this.#window;
    let score = 0;
    for (let place = 0; place < window.length; place += 1) {
      const count = window[place]!;
      if (count > 0) score += (this.#idfs[place]! * (k1 + 1) * count) / (count + norm);
    }
    return score;
  }

  #add(start: number, stated: number, asked: number): void {
    const records = this.#records.values;
    const window = this.#window;
    const end = start + 1 + 3 * records[start]!;
    for (let at = start + 1; at < end; at += 3) window[records[at]!]! += stated * records[at + 1]! + asked * records[at + 2]!;
  }

  #unitRecord(table: UnitTable, unit: number): number {
    const known = this.#starts.values[unit]!;
    if (known > 0) return known - 1;
    const start = this.#record(table, table.unitAt(unit)?.words ?? NO_WORDS);
    this.#starts.values[unit] = start + 1;
    this.#read.push(unit);
    return start;
  }

  #aboutRecord(table: UnitTable, words: Uint32Array): number {
    let start = this.#abouts.get(words);
    if (start === undefined) {
      start = this.#record(table, words);
      this.#abouts.set(words, start);
    }
    return start;
  }

  #record(table: UnitTable, words: Uint32Array): number {
    const counts = this.#counts;
    this.#feature.visit(table, words, { places: this.#places.values, counts, memo: this.#memo });
    const start = this.#recordsEnd;
    this.#records.ensure(start + 1 + 3 * this.#wanted.length);
    const records = this.#records.values;
    let at = start + 1;
    for (let place = 0; place < counts.length; place += 2) {
      if (counts[place] === 0 && counts[place + 1] === 0) continue;
      records[at] = place / 2;
      records[at + 1] = counts[place]!;
      records[at + 2] = counts[place + 1]!;
      at += 3;
    }
    counts.fill(0);
    records[start] = (at - start - 1) / 3;
    this.#recordsEnd = at;
    return start;
  }
}

const NO_WORDS = new Uint32Array();

/** How long windows are on average, from sums alone: as if all groups were equally large. */
function meanLengthOf(table: UnitTable, feature: Feature): number {
  const { size, totals } = table;
  const members = size / Math.max(1, table.groups.size);
  let stated = 0;
  let asked = 0;
  for (const [step, weights] of WEIGHTS.entries()) {
    const share = Math.max(0, members - Math.abs(step - REACH)) / Math.max(1, members);
    stated += share * weights.stated;
    asked += share * weights.asked;
  }
  const own = stated * (totals[feature.statedAt] ?? 0) + asked * (totals[feature.askedAt] ?? 0);
  return Math.max(1, (own + feature.bm25.about * feature.aboutTotalOf(table)) / Math.max(1, size));
}
