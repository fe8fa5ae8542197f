/*
 * Scores windows by runs of four characters, read from the words of the units. It costs more than looking up terms, and is done for the best few dozen
 * alone; what was read of a unit or a word is kept until the end, for it comes again.
 */

import { KNOBS } from './knobs.ts';
import { uint32Column } from './number-column.ts';
import { blockOf, offsetIn } from './number-runs.ts';
import type { Wanted } from './query.ts';
import { ASKED_GRAMS, isInQuestion, plainWord, STATED_GRAMS, type UnitTable } from './unit-table.ts';
import { meanWindowLength, REACH, STEPS, WEIGHTS, windowLength } from './window-weights.ts';

const LENGTH = { statedAt: STATED_GRAMS, askedAt: ASKED_GRAMS };

/** An empty run of places. */
const NOWHERE = 1;

// Shared by all indexes of a thread, and all 0 between calls: by number of gram its place in the query and 1; by number of word where its places start.
const gramPlaces = uint32Column();
const wordStarts = uint32Column();
/** Runs of places and 1, each ended by a 0. */
const wordPlaces = uint32Column();

/** What of the query a text has: places, and how often each is stated and asked. */
interface Profile {
  readonly places: readonly number[];
  readonly stated: readonly number[];
  readonly asked: readonly number[];
}

const NOTHING: Profile = { places: [], stated: [], asked: [] };

/** One score per window; `windows`: the units of each, −1 where there is none. */
export function gramScores(table: UnitTable, grams: readonly Wanted[], windows: readonly Int32Array[]): Float64Array {
  const reader = new GramReader(table, grams);
  try {
    return Float64Array.from(windows, (near) => reader.score(near));
  } finally {
    reader.end();
  }
}

class GramReader {
  readonly #table: UnitTable;
  readonly #grams: readonly Wanted[];
  readonly #units = new Map<number, Profile>();
  readonly #abouts = new Map<Int32Array, Profile>();
  readonly #words: number[] = [];
  #placesEnd = NOWHERE + 1;
  /** By place: stated, asked, of the text at hand; all 0 between texts. */
  readonly #counts: Float64Array;
  readonly #window: Float64Array;
  readonly #meanLength: number;

  constructor(table: UnitTable, grams: readonly Wanted[]) {
    this.#table = table;
    this.#grams = grams;
    this.#counts = new Float64Array(grams.length * 2);
    this.#window = new Float64Array(grams.length);
    this.#meanLength = meanWindowLength(table, LENGTH, KNOBS.grams.about * table.aboutGrams);
    gramPlaces.ensure(table.vocabulary.gramsLength);
    wordStarts.ensure(table.vocabulary.words.length);
    for (const [place, { number }] of grams.entries()) gramPlaces.values[number] = place + 1;
  }

  end(): void {
    for (const { number } of this.#grams) gramPlaces.values[number] = 0;
    for (const word of this.#words) wordStarts.values[word] = 0;
  }

  score(near: Int32Array): number {
    const { k1, b, about: aboutWeight } = KNOBS.grams;
    const window = this.#window.fill(0);
    const about = this.#table.unitAt(near[REACH]!)?.about;
    let length = windowLength(this.#table, near, LENGTH);
    if (about !== undefined) {
      length += aboutWeight * about.grams;
      this.#add(this.#read(this.#abouts, about.words, about.words), aboutWeight, 0);
    }
    for (let step = 0; step < STEPS; step += 1) {
      const words = this.#table.unitAt(near[step]!)?.words;
      if (words !== undefined) this.#add(this.#read(this.#units, near[step]!, words), WEIGHTS[step]!.stated, WEIGHTS[step]!.asked);
    }
    const norm = k1 * (1 - b + (b * length) / this.#meanLength);
    let score = 0;
    for (let place = 0; place < window.length; place += 1) {
      const count = window[place]!;
      if (count > 0) score += (this.#grams[place]!.idf * (k1 + 1) * count) / (count + norm);
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
    const places: number[] = [];
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!;
      const known = wordStarts.values[plainWord(word)]!;
      const asked = isInQuestion(word) ? 1 : 0;
      for (let next = known > 0 ? known : this.#learn(plainWord(word)); wordPlaces.values[next]! > 0; next += 1) {
        const place = wordPlaces.values[next]! - 1;
        if (counts[2 * place] === 0 && counts[2 * place + 1] === 0) places.push(place);
        counts[2 * place + asked]! += 1;
      }
    }
    if (places.length === 0) return NOTHING;
    const profile = { places, stated: places.map((place) => counts[2 * place]!), asked: places.map((place) => counts[2 * place + 1]!) };
    for (const place of places) counts.fill(0, 2 * place, 2 * place + 2);
    return profile;
  }

  /** Keeps where the grams of a word stand in the query; returns where that begins. Most words have none of them. */
  #learn(word: number): number {
    const { gramStarts, runs } = this.#table.vocabulary;
    const gramsStart = gramStarts.values[word]!;
    const block = runs.blocks[blockOf(gramsStart)]!;
    const first = offsetIn(gramsStart) + 1;
    const count = block[first - 1]!;
    wordPlaces.ensure(this.#placesEnd + count + 1);
    let end = this.#placesEnd;
    for (let at = first; at < first + count; at += 1) {
      const place = gramPlaces.values[block[at]!]!;
      if (place === 0) continue;
      wordPlaces.values[end] = place;
      end += 1;
    }
    wordPlaces.values[end] = 0;
    const start = end === this.#placesEnd ? NOWHERE : this.#placesEnd;
    if (start !== NOWHERE) this.#placesEnd = end + 1;
    wordStarts.values[word] = start;
    this.#words.push(word);
    return start;
  }
}
