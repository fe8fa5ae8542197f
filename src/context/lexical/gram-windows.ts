/*
 * Scores windows by runs of four characters, read from the words of the units. It costs more than looking up terms, and is done for the best few dozen
 * alone. Which words have which runs of the query is looked up once; what was read of a unit is kept until the end, for it comes again.
 */

import { REACH, STEPS, type Windows } from './groups.ts';
import { KNOBS } from './knobs.ts';
import { uint32Column } from './number-column.ts';
import type { Wanted } from './query.ts';
import { ASKED_GRAMS, isInQuestion, plainWord, STATED_GRAMS, type UnitTable } from './unit-table.ts';
import { meanWindowLength, WEIGHTS, windowLengths } from './window-weights.ts';

const LENGTH = { statedAt: STATED_GRAMS, askedAt: ASKED_GRAMS };

/** Words looked up for one query; the rarest runs of characters come first. What stands in still more words decides nothing. */
const WORDS_MAX = 200_000;

// Shared by all indexes of a thread: a search is one synchronous call. What is found by number of word or unit is all 0 between calls.
/** By number of word: the first of its entries; 0 where it has none. */
const firstEntries = uint32Column();
/** By entry: a place in the query, and the entry that comes after it; the last one has 0. */
const entryPlaces = uint32Column();
const nextEntries = uint32Column();
/** By number of unit: where its profile starts; 0 where it was not read. */
const profileStarts = uint32Column();
/**
 * What of the query texts have, one after another: how many places follow, and for each of these the place, how often it is stated and how often asked.
 * NO_PROFILE has none.
 */
const profiles = uint32Column();

const NO_PROFILE = 1;
const PROFILE_STEP = 3;

/** One score per window. */
export function gramScores(table: UnitTable, grams: readonly Wanted[], near: Windows): Float64Array {
  const reader = new GramReader(table, grams);
  try {
    const lengths = windowLengths(table, near, LENGTH);
    for (let window = 0; window < lengths.length; window += 1) lengths[window] = reader.score(near, window * STEPS, lengths[window]!);
    return lengths;
  } finally {
    reader.end();
  }
}

class GramReader {
  readonly #table: UnitTable;
  readonly #grams: readonly Wanted[];
  /** Where the profiles of what stands beside units start. */
  readonly #abouts = new Map<Int32Array, number>();
  /** Those that have entries; those that were read. */
  readonly #words: number[] = [];
  readonly #units: number[] = [];
  /** By place: stated, asked, of the text at hand; all 0 between texts. */
  readonly #counts: Uint32Array;
  /** Places that the text at hand has. */
  readonly #places: Uint32Array;
  /** By place: what the window at hand has of it; all 0 between windows. */
  readonly #window: Float64Array;
  /** By place: its idf, and what is constant beside it. */
  readonly #gains: Float64Array;
  readonly #meanLength: number;
  #profilesEnd = NO_PROFILE + 1;

  constructor(table: UnitTable, grams: readonly Wanted[]) {
    this.#table = table;
    this.#grams = grams;
    this.#counts = new Uint32Array(grams.length * 2);
    this.#places = new Uint32Array(grams.length);
    this.#window = new Float64Array(grams.length);
    this.#gains = Float64Array.from(grams, ({ idf }) => idf * (KNOBS.grams.k1 + 1));
    this.#meanLength = meanWindowLength(table, LENGTH, KNOBS.grams.about * table.aboutGrams);
    profileStarts.ensure(table.length);
    this.#lookUp();
  }

  end(): void {
    for (const word of this.#words) firstEntries.values[word] = 0;
    for (const unit of this.#units) profileStarts.values[unit] = 0;
  }

  /** Of the window that starts at `first`. `windowLength`: without what stands beside the unit. */
  score(near: Windows, first: number, windowLength: number): number {
    const { k1, b, about: aboutWeight } = KNOBS.grams;
    const window = this.#window;
    const about = this.#table.unitAt(near[first + REACH]!)?.about;
    let length = windowLength;
    if (about !== undefined) {
      length += aboutWeight * about.grams;
      this.#add(this.#aboutProfile(about.words), aboutWeight, 0);
    }
    for (let step = 0; step < STEPS; step += 1) {
      const unit = near[first + step]!;
      if (unit >= 0) this.#add(this.#unitProfile(unit), WEIGHTS[step]!.stated, WEIGHTS[step]!.asked);
    }
    const norm = k1 * (1 - b + (b * length) / this.#meanLength);
    const gains = this.#gains;
    let score = 0;
    for (let place = 0; place < window.length; place += 1) {
      const count = window[place]!;
      if (count === 0) continue;
      score += (gains[place]! * count) / (count + norm);
      window[place] = 0;
    }
    return score;
  }

  #add(profile: number, statedWeight: number, askedWeight: number): void {
    const values = profiles.values;
    const window = this.#window;
    const end = profile + 1 + PROFILE_STEP * values[profile]!;
    for (let at = profile + 1; at < end; at += PROFILE_STEP)
      window[values[at]!]! += statedWeight * values[at + 1]! + askedWeight * values[at + 2]!;
  }

  #aboutProfile(words: Int32Array): number {
    let profile = this.#abouts.get(words);
    if (profile === undefined) this.#abouts.set(words, (profile = this.#profileOf(words)));
    return profile;
  }

  #unitProfile(unit: number): number {
    const known = profileStarts.values[unit]!;
    if (known > 0) return known;
    const words = this.#table.unitAt(unit)?.words;
    const profile = words === undefined ? NO_PROFILE : this.#profileOf(words);
    profileStarts.values[unit] = profile;
    this.#units.push(unit);
    return profile;
  }

  /** Returns where it starts. */
  #profileOf(words: Int32Array): number {
    const counts = this.#counts;
    const places = this.#places;
    const firsts = firstEntries.values;
    const nexts = nextEntries.values;
    const placesOf = entryPlaces.values;
    let found = 0;
    for (let at = 0; at < words.length; at += 1) {
      const inText = words[at]!;
      const first = firsts[plainWord(inText)]!;
      if (first === 0) continue;
      const asked = isInQuestion(inText) ? 1 : 0;
      for (let entry = first; entry > 0; entry = nexts[entry]!) {
        const place = placesOf[entry]!;
        if (counts[2 * place] === 0 && counts[2 * place + 1] === 0) {
          places[found] = place;
          found += 1;
        }
        counts[2 * place + asked]! += 1;
      }
    }
    return found === 0 ? NO_PROFILE : this.#keep(found);
  }

  /** The counts of the text at hand, which has so many places. */
  #keep(found: number): number {
    const counts = this.#counts;
    const start = this.#profilesEnd;
    this.#profilesEnd = start + 1 + PROFILE_STEP * found;
    profiles.ensure(this.#profilesEnd);
    const values = profiles.values;
    values[start] = found;
    for (let index = 0, at = start + 1; index < found; index += 1, at += PROFILE_STEP) {
      const place = this.#places[index]!;
      values[at] = place;
      values[at + 1] = counts[2 * place]!;
      values[at + 2] = counts[2 * place + 1]!;
      counts[2 * place] = 0;
      counts[2 * place + 1] = 0;
    }
    return start;
  }

  #lookUp(): void {
    const { vocabulary } = this.#table;
    firstEntries.ensure(vocabulary.words.length);
    let entry = 0;
    for (let place = 0; place < this.#grams.length; place += 1) {
      const words = vocabulary.wordsWith(this.#grams[place]!.number);
      if (entry > 0 && entry + words.length > WORDS_MAX) continue;
      for (const column of [entryPlaces, nextEntries]) column.ensure(entry + words.length + 1);
      for (let at = 0; at < words.length; at += 1) {
        const word = words[at]!;
        const first = firstEntries.values[word]!;
        if (first === 0) this.#words.push(word);
        entry += 1;
        entryPlaces.values[entry] = place;
        nextEntries.values[entry] = first;
        firstEntries.values[word] = entry;
      }
    }
  }
}
