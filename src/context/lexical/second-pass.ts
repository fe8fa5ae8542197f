/*
 * The second of two passes: scores the window around each unit that the first one chose, by terms and by grams, from the words that are kept
 * in their order. So no window, no pair of neighbours and no run of characters needs an index of its own.
 */

import { KNOBS } from './knobs.ts';
import type { Query } from './query.ts';
import { ASKED_GRAMS, ASKED_TERMS, isInQuestion, LENGTHS, plainWord, STATED_GRAMS, STATED_TERMS, type UnitTable } from './unit-table.ts';

export const REACH = 2;

/** What of the query stands in one unit: places in the query, with how often they are stated and asked. */
interface Profile {
  readonly places: Uint16Array;
  readonly stated: Float32Array;
  readonly asked: Float32Array;
}

export interface WindowScore {
  readonly terms: number;
  readonly grams: number;
}

export class SecondPass {
  readonly #table: UnitTable;
  readonly #termCount: number;
  readonly #idfs: Float64Array;
  /** Places in the query by number of term and of gram; grams come after the terms. */
  readonly #termPlaces = new Map<number, number>();
  readonly #gramPlaces = new Map<number, number>();
  readonly #profiles = new Map<number, Profile>();
  readonly #abouts = new Map<Uint32Array, Profile>();
  /** By word: its places in the query. */
  readonly #placesOf = new Map<number, readonly number[]>();
  readonly #stated: Float32Array;
  readonly #asked: Float32Array;
  readonly #window: Float32Array;
  readonly #aboutWindow: Float32Array;
  readonly #near = new Int32Array(2 * REACH + 1);
  readonly #means: { readonly terms: number; readonly grams: number };

  constructor(table: UnitTable, { terms, grams }: Query) {
    this.#table = table;
    this.#termCount = terms.length;
    for (const { number } of terms) this.#termPlaces.set(number, this.#termPlaces.size);
    for (const { number } of grams) this.#gramPlaces.set(number, terms.length + this.#gramPlaces.size);
    this.#idfs = Float64Array.from([...terms, ...grams], ({ idf }) => idf);
    const size = this.#idfs.length;
    this.#stated = new Float32Array(size);
    this.#asked = new Float32Array(size);
    this.#window = new Float32Array(size);
    this.#aboutWindow = new Float32Array(size);
    this.#means = meanLengths(table);
  }

  /** Numbers of the units next to one, −1 where there is none, by distance −REACH … REACH. Valid until the next call. */
  near(unit: number): Int32Array {
    this.#table.groups.neighbours(unit, REACH, this.#near);
    return this.#near;
  }

  score(unit: number): WindowScore {
    const window = this.#window.fill(0);
    let termsLength = 0;
    let gramsLength = 0;
    const lengths = this.#table.lengths.values;
    for (const [step, other] of this.near(unit).entries()) {
      if (other < 0) continue;
      const { stated, asked } = WEIGHTS[step] ?? NO_WEIGHT;
      const { places, stated: statedCounts, asked: askedCounts } = this.#profileOf(other);
      for (let at = 0; at < places.length; at += 1) window[places[at]!]! += stated * statedCounts[at]! + asked * askedCounts[at]!;
      const base = other * LENGTHS;
      termsLength += stated * lengths[base + STATED_TERMS]! + asked * lengths[base + ASKED_TERMS]!;
      gramsLength += stated * lengths[base + STATED_GRAMS]! + asked * lengths[base + ASKED_GRAMS]!;
    }
    const about = this.#table.unitAt(unit)?.about;
    if (about !== undefined) {
      const { places, stated } = this.#aboutOf(about.words);
      for (let at = 0; at < places.length; at += 1) {
        window[places[at]!]! += stated[at]! * (places[at]! < this.#termCount ? KNOBS.window.about : KNOBS.grams.about);
      }
      termsLength += KNOBS.window.about * about.terms;
      gramsLength += KNOBS.grams.about * about.grams;
    }
    return {
      terms: this.#bm25(0, this.#termCount, normOf(KNOBS.window, termsLength / this.#means.terms)),
      grams: this.#bm25(this.#termCount, window.length, normOf(KNOBS.grams, gramsLength / this.#means.grams)),
    };
  }

  #bm25(start: number, end: number, { k1, norm }: { readonly k1: number; readonly norm: number }): number {
    let score = 0;
    for (let place = start; place < end; place += 1) {
      const count = this.#window[place]!;
      if (count > 0) score += (this.#idfs[place]! * (k1 + 1) * count) / (count + norm);
    }
    return score;
  }

  #profileOf(unit: number): Profile {
    let profile = this.#profiles.get(unit);
    if (profile === undefined) {
      profile = this.#profiled(this.#table.unitAt(unit)?.words ?? new Uint32Array());
      this.#profiles.set(unit, profile);
    }
    return profile;
  }

  #aboutOf(words: Uint32Array): Profile {
    let profile = this.#abouts.get(words);
    if (profile === undefined) {
      profile = this.#profiled(words);
      this.#abouts.set(words, profile);
    }
    return profile;
  }

  #profiled(words: Uint32Array): Profile {
    const touched: number[] = [];
    for (const word of words) {
      const counts = isInQuestion(word) ? this.#asked : this.#stated;
      for (const place of this.#placesOfWord(plainWord(word))) {
        if (this.#stated[place] === 0 && this.#asked[place] === 0) touched.push(place);
        counts[place]! += 1;
      }
    }
    const profile = {
      places: Uint16Array.from(touched),
      stated: Float32Array.from(touched, (place) => this.#stated[place]!),
      asked: Float32Array.from(touched, (place) => this.#asked[place]!),
    };
    for (const place of touched) {
      this.#stated[place] = 0;
      this.#asked[place] = 0;
    }
    return profile;
  }

  #placesOfWord(word: number): readonly number[] {
    let places = this.#placesOf.get(word);
    if (places !== undefined) return places;
    places = this.#foundPlaces(word);
    this.#placesOf.set(word, places);
    return places;
  }

  #foundPlaces(word: number): readonly number[] {
    const parts = this.#table.vocabulary.partsOf(word);
    const gramsStart = 1 + (parts[0] ?? 0);
    const places: number[] = [];
    for (let at = 1; at < parts.length; at += 1) {
      const place = (at < gramsStart ? this.#termPlaces : this.#gramPlaces).get(parts[at] ?? 0);
      if (place !== undefined) places.push(place);
    }
    return places.length === 0 ? NOWHERE : places;
  }
}

const NOWHERE: readonly number[] = [];
const NO_WEIGHT = { stated: 0, asked: 0 };

/** By distance −REACH … REACH: how much counts what a unit there states and asks. */
const WEIGHTS = Array.from({ length: 2 * REACH + 1 }, (_, step) => {
  const { before, after, answered, asked } = KNOBS.window;
  const distance = step - REACH;
  if (distance === 0) return { stated: 1, asked: KNOBS.questionOwn };
  if (distance > 0) return { stated: after[distance - 1] ?? 0, asked: (after[distance - 1] ?? 0) * asked };
  const weight = before[-distance - 1] ?? 0;
  return { stated: weight, asked: distance === -1 ? weight * answered : weight };
});

/** How long windows are on average, from sums alone: as if all groups were equally large. */
function meanLengths(table: UnitTable): { terms: number; grams: number } {
  const { size, totals } = table;
  const members = size / Math.max(1, table.groups.size);
  let stated = 0;
  let asked = 0;
  for (const [step, weights] of WEIGHTS.entries()) {
    const share = Math.max(0, members - Math.abs(step - REACH)) / Math.max(1, members);
    stated += share * weights.stated;
    asked += share * weights.asked;
  }
  const mean = (statedAt: number, askedAt: number, about: number) =>
    Math.max(1, (stated * (totals[statedAt] ?? 0) + asked * (totals[askedAt] ?? 0) + about) / Math.max(1, size));
  return {
    terms: mean(STATED_TERMS, ASKED_TERMS, KNOBS.window.about * table.aboutTerms),
    grams: mean(STATED_GRAMS, ASKED_GRAMS, KNOBS.grams.about * table.aboutGrams),
  };
}

function normOf({ k1, b }: { readonly k1: number; readonly b: number }, relativeLength: number): { k1: number; norm: number } {
  return { k1, norm: k1 * (1 - b + b * relativeLength) };
}
