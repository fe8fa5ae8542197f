/*
 * The units of one index, and what is kept of each: its words as numbers in their order, what stands beside it, its place in its group.
 * From the same words come the posting lists. Nothing is left behind by a unit that is removed.
 */

import { visitWords } from './analysis.ts';
import { Groups } from './groups.ts';
import { KNOBS } from './knobs.ts';
import type { LexicalUnit } from './lexical-index.ts';
import { float32Column, uint32Column } from './number-column.ts';
import { blockOf, offsetIn } from './number-runs.ts';
import { PostingList, packedCounts, UNITS_MAX } from './posting-list.ts';
import { ShardedMap } from './sharded-map.ts';
import { Vocabulary } from './vocabulary.ts';

const UNIT_BYTES = 400;
const LIST_BYTES = 120;
/** Ten bits: more of the same word in one unit are not counted. */
const COUNT_MAX = 1_023;

/** So many lengths has a unit in their column; their places in it. */
export const LENGTHS = 4;
export const STATED_TERMS = 0;
export const ASKED_TERMS = 1;
export const STATED_GRAMS = 2;
export const ASKED_GRAMS = 3;

/** What several units may have beside them: kept once. */
interface About {
  readonly text: string;
  readonly words: Int32Array;
  readonly terms: number;
  readonly grams: number;
  holders: number;
}

interface Unit {
  readonly id: string;
  /** The how manieth to be added: the order of those that are equally good. */
  readonly order: number;
  /** Those in questions as `-1 - number`. */
  readonly words: Int32Array;
  readonly about: About;
}

export class UnitTable {
  readonly vocabulary = new Vocabulary();
  readonly groups = new Groups();
  /** By number of unit: its length as BM25 sees it, its own and beside it. */
  readonly ownLengths = float32Column();
  /** LENGTHS numbers per unit: terms and grams, stated and asked. */
  readonly lengths = float32Column();
  /** Sums of all units; whole numbers. */
  readonly totals = new Float64Array(LENGTHS);
  aboutTerms = 0;
  aboutGrams = 0;
  readonly #units: (Unit | undefined)[] = [];
  readonly #numbers = new ShardedMap<number>();
  readonly #free: number[] = [];
  readonly #abouts = new ShardedMap<About>();
  readonly #postings: (PostingList | undefined)[] = [];
  /** By term: how often it is stated in the unit at hand, asked and beside it, 10 bits each; 0 between calls. */
  readonly #counts = uint32Column();
  readonly #touched = uint32Column();
  /** The lengths of the unit that was counted last. */
  readonly #counted = new Float64Array(LENGTHS);
  #added = 0;
  #wordsBytes = 0;
  #listsBytes = 0;

  get size(): number {
    return this.#numbers.size;
  }

  /** Numbers of units are below it. */
  get length(): number {
    return this.#units.length;
  }

  /** The sum of all own lengths. */
  get ownTotal(): number {
    return ownLengthOf(this.totals, this.aboutTerms);
  }

  get bytes(): number {
    const columns = this.ownLengths.bytes + this.lengths.bytes + this.#counts.bytes + this.#touched.bytes;
    const units = this.size * UNIT_BYTES + this.#wordsBytes;
    return this.vocabulary.bytes + this.groups.bytes + columns + units + this.#listsBytes;
  }

  unitAt(number: number): Unit | undefined {
    return this.#units[number];
  }

  postingsOf(term: number): PostingList | undefined {
    return this.#postings[term];
  }

  put(added: LexicalUnit): void {
    this.remove(added.id);
    const number = this.#free.pop() ?? this.#units.length;
    if (number >= UNITS_MAX) throw new RangeError(`an index holds at most ${UNITS_MAX} units`);
    const unit = { id: added.id, order: this.#added, words: this.#wordsOf(added.text), about: this.#aboutOf(added.about) };
    this.#added += 1;
    this.#units[number] = unit;
    this.#numbers.set(unit.id, number);
    this.#wordsBytes += unit.words.byteLength + unit.id.length;
    const touched = this.#count(unit, 1);
    this.#measure(number, unit.about);
    this.groups.add(added.group, { number, position: added.position, order: unit.order, length: this.ownLengths.values[number] ?? 0 });
    this.#post(number, touched);
  }

  remove(id: string): boolean {
    const number = this.#numbers.get(id);
    const unit = number === undefined ? undefined : this.#units[number];
    if (number === undefined || unit === undefined) return false;
    this.#unpost(number, unit);
    this.groups.remove(number, this.ownLengths.values[number] ?? 0);
    this.#sum(number, unit.about, -1);
    for (let at = 0; at < unit.words.length; at += 1) this.vocabulary.drop(plainWord(unit.words[at]!));
    this.#leaveAbout(unit.about);
    this.#wordsBytes -= unit.words.byteLength + unit.id.length;
    this.#units[number] = undefined;
    this.#numbers.delete(id);
    this.#free.push(number);
    return true;
  }

  #wordsOf(text: string): Int32Array {
    const words: number[] = [];
    let sentenceStart = 0;
    visitWords(text, {
      word: (found) => words.push(this.vocabulary.take(found)),
      sentence: (isQuestion) => {
        if (isQuestion) for (let at = sentenceStart; at < words.length; at += 1) words[at] = -1 - (words[at] ?? 0);
        sentenceStart = words.length;
      },
    });
    return new Int32Array(words);
  }

  #aboutOf(text: string): About {
    const known = this.#abouts.get(text);
    if (known !== undefined) {
      known.holders += 1;
      return known;
    }
    const words = this.#wordsOf(text).map(plainWord);
    let terms = 0;
    let grams = 0;
    for (const word of words) {
      terms += this.vocabulary.termCountOf(word);
      grams += this.vocabulary.gramCountOf(word);
    }
    const about = { text, words, terms, grams, holders: 1 };
    this.#abouts.set(text, about);
    this.#wordsBytes += words.byteLength + text.length + UNIT_BYTES;
    return about;
  }

  #leaveAbout(about: About): void {
    about.holders -= 1;
    if (about.holders > 0) return;
    this.#abouts.delete(about.text);
    this.#wordsBytes -= about.words.byteLength + about.text.length + UNIT_BYTES;
    for (const word of about.words) this.vocabulary.drop(word);
  }

  /** Of the unit that was counted. */
  #measure(number: number, about: About): void {
    this.ownLengths.ensure(number + 1);
    this.lengths.ensure((number + 1) * LENGTHS);
    this.lengths.values.set(this.#counted, number * LENGTHS);
    this.ownLengths.values[number] = ownLengthOf(this.#counted, about.terms);
    this.#sum(number, about, 1);
  }

  #sum(number: number, about: About, sign: 1 | -1): void {
    this.aboutTerms += sign * about.terms;
    this.aboutGrams += sign * about.grams;
    for (let at = 0; at < LENGTHS; at += 1) this.totals[at]! += sign * (this.lengths.values[number * LENGTHS + at] ?? 0);
  }

  #post(number: number, count: number): void {
    const touched = this.#touched.values;
    const counts = this.#counts.values;
    for (let at = 0; at < count; at += 1) {
      const term = touched[at]!;
      let list = this.#postings[term];
      if (list === undefined) {
        list = new PostingList();
        this.#postings[term] = list;
        this.#listsBytes += LIST_BYTES;
      }
      const packed = counts[term]!;
      counts[term] = 0;
      const grown = list.add(number, packedCounts(packed & COUNT_MAX, (packed >> 10) & COUNT_MAX, packed >> 20));
      this.#listsBytes += grown;
    }
  }

  #unpost(number: number, unit: Unit): void {
    const count = this.#count(unit, -1);
    for (let at = 0; at < count; at += 1) {
      const term = this.#touched.values[at] ?? 0;
      this.#counts.values[term] = 0;
      const list = this.#postings[term];
      if (list === undefined) continue;
      const before = list.entries.byteLength;
      list.remove(number);
      this.#listsBytes += list.entries.byteLength - before;
      if (list.length > 0) continue;
      this.#listsBytes -= LIST_BYTES + list.entries.byteLength;
      this.#postings[term] = undefined;
    }
  }

  /** Counts the terms of a unit, and its grams by `sign`; returns how many terms were touched. Its lengths are in `#counted`. */
  #count({ words, about }: Unit, sign: 1 | -1): number {
    const { runs, terms, termStarts, gramStarts, gramCounts } = this.vocabulary;
    this.#counts.ensure(terms.length);
    this.#touched.ensure(terms.length);
    const counted = this.#counted.fill(0);
    const counts = this.#counts.values;
    const touched = this.#touched.values;
    const grams = gramCounts.values;
    const own = words.length;
    let count = 0;
    for (let place = 0; place < own + about.words.length; place += 1) {
      const isOwn = place < own;
      const found = isOwn ? words[place]! : about.words[place - own]!;
      const isAsked = isInQuestion(found);
      const word = plainWord(found);
      const shift = isOwn ? (isAsked ? 10 : 0) : 20;
      const termStart = termStarts.values[word]!;
      const termBlock = runs.blocks[blockOf(termStart)]!;
      const firstTerm = offsetIn(termStart) + 1;
      const termsEnd = firstTerm + termBlock[firstTerm - 1]!;
      for (let at = firstTerm; at < termsEnd; at += 1) {
        const term = termBlock[at]!;
        const before = counts[term]!;
        if (before === 0) {
          touched[count] = term;
          count += 1;
        }
        if (((before >> shift) & COUNT_MAX) < COUNT_MAX) counts[term] = before + (1 << shift);
      }
      const gramStart = gramStarts.values[word]!;
      const gramBlock = runs.blocks[blockOf(gramStart)]!;
      const firstGram = offsetIn(gramStart) + 1;
      const gramsEnd = firstGram + gramBlock[firstGram - 1]!;
      for (let at = firstGram; at < gramsEnd; at += 1) grams[gramBlock[at]!]! += sign;
      if (!isOwn) continue;
      counted[isAsked ? ASKED_TERMS : STATED_TERMS]! += termsEnd - firstTerm;
      counted[isAsked ? ASKED_GRAMS : STATED_GRAMS]! += gramsEnd - firstGram;
    }
    return count;
  }
}

function ownLengthOf(lengths: ArrayLike<number>, aboutTerms: number): number {
  return (lengths[STATED_TERMS] ?? 0) + KNOBS.questionOwn * (lengths[ASKED_TERMS] ?? 0) + KNOBS.own.about * aboutTerms;
}

export function plainWord(word: number): number {
  return word < 0 ? -1 - word : word;
}

export function isInQuestion(word: number): boolean {
  return word < 0;
}
