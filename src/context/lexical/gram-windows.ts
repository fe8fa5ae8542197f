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

// Shared by all indexes of a thread: by number of word the first of its entries, and 0 where it has none; all 0 between calls.
const firstEntries = uint32Column();
/** By entry: a place in the query, and the entry that comes after it; the last one has 0. */
const entryPlaces = uint32Column();
const nextEntries = uint32Column();

/** What of the query a text has: places, and how often each is stated and asked. */
interface Profile {
  readonly places: readonly number[];
  readonly stated: readonly number[];
  readonly asked: readonly number[];
}

const NOTHING: Profile = { places: [], stated: [], asked: [] };

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
  readonly #units = new Map<number, Profile>();
  readonly #abouts = new Map<Int32Array, Profile>();
  /** Those that have entries. */
  readonly #words: number[] = [];
  /** By place: stated, asked, of the text at hand; all 0 between texts. */
  readonly #counts: Float64Array;
  /** By place: what the window at hand has of it; all 0 between windows. */
  readonly #window: Float64Array;
  /** By place: its idf, and what is constant beside it. */
  readonly #gains: Float64Array;
  readonly #meanLength: number;

  constructor(table: UnitTable, grams: readonly Wanted[]) {
    this.#table = table;
    this.#grams = grams;
    this.#counts = new Float64Array(grams.length * 2);
    this.#window = new Float64Array(grams.length);
    this.#gains = Float64Array.from(grams, ({ idf }) => idf * (KNOBS.grams.k1 + 1));
    this.#meanLength = meanWindowLength(table, LENGTH, KNOBS.grams.about * table.aboutGrams);
    this.#lookUp();
  }

  end(): void {
    for (const word of this.#words) firstEntries.values[word] = 0;
  }

  /** Of the window that starts at `first`. `windowLength`: without what stands beside the unit. */
  score(near: Windows, first: number, windowLength: number): number {
    const { k1, b, about: aboutWeight } = KNOBS.grams;
    const window = this.#window;
    const about = this.#table.unitAt(near[first + REACH]!)?.about;
    let length = windowLength;
    if (about !== undefined) {
      length += aboutWeight * about.grams;
      this.#add(this.#read(this.#abouts, about.words, about.words), aboutWeight, 0);
    }
    for (let step = 0; step < STEPS; step += 1) {
      const unit = near[first + step]!;
      const words = this.#table.unitAt(unit)?.words;
      if (words !== undefined) this.#add(this.#read(this.#units, unit, words), WEIGHTS[step]!.stated, WEIGHTS[step]!.asked);
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

  #add({ places, stated, asked }: Profile, statedWeight: number, askedWeight: number): void {
    for (let at = 0; at < places.length; at += 1) this.#window[places[at]!]! += statedWeight * stated[at]! + askedWeight * asked[at]!;
  }

  #read<Key>(profiles: Map<Key, Profile>, key: Key, words: Int32Array): Profile {
    let profile = profiles.get(key);
    if (profile === undefined) {
      profile = this.#profileOf(words);
      profiles.set(key, profile);
    }
    return profile;
  }

  #profileOf(words: Int32Array): Profile {
    const counts = this.#counts;
    const firsts = firstEntries.values;
    const nexts = nextEntries.values;
    const places: number[] = [];
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!;
      const asked = isInQuestion(word) ? 1 : 0;
      for (let entry = firsts[plainWord(word)]!; entry > 0; entry = nexts[entry]!) {
        const place = entryPlaces.values[entry]!;
        if (counts[2 * place] === 0 && counts[2 * place + 1] === 0) places.push(place);
        counts[2 * place + asked]! += 1;
      }
    }
    if (places.length === 0) return NOTHING;
    const profile = { places, stated: places.map((place) => counts[2 * place]!), asked: places.map((place) => counts[2 * place + 1]!) };
    for (const place of places) counts.fill(0, 2 * place, 2 * place + 2);
    return profile;
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
