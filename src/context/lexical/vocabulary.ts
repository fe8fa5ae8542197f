/*
 * The words of one index, with their terms and grams worked out once; of a word itself no more than its key is kept. A word is held by each place where it stands, a term and a gram by
 * their words; what nobody holds is forgotten, so that nothing of a removed text stays.
 */

import { type FoundWord, gramsOfWord, termsOfWord } from './analysis.ts';
import { uint32Column } from './number-column.ts';
import { NumberMap } from './number-map.ts';
import { NumberRuns } from './number-runs.ts';
import { ShardedMap } from './sharded-map.ts';
import { Slots } from './slots.ts';

/** An empty array takes about so much. */
const LIST_BYTES = 32;

export class Vocabulary {
  readonly words = new Slots(new NumberMap());
  readonly terms = new Slots(new ShardedMap<number>());
  /** By number of gram: in how many units it stands, counted once for each word there that has it. */
  readonly gramCounts = uint32Column();
  /** By number of word: where the run of its terms starts, and that of its grams. */
  readonly termStarts = uint32Column();
  readonly gramStarts = uint32Column();
  readonly runs = new NumberRuns();
  /** By number of gram: the words that have it, in no order; one that has it twice is there twice. */
  readonly #wordsOfGrams: number[][] = [];
  #wordsOfGramsSize = 0;
  readonly #grams = new Slots(new NumberMap());

  get bytes(): number {
    const columns = [this.gramCounts, this.termStarts, this.gramStarts, this.runs];
    const lists = this.#wordsOfGrams.length * LIST_BYTES + this.#wordsOfGramsSize * 8;
    return columns.reduce((sum, { bytes }) => sum + bytes, this.words.bytes + this.terms.bytes + this.#grams.bytes + lists);
  }

  get gramsLength(): number {
    return this.#grams.length;
  }

  /** The number of a word, made known if need be. */
  take(found: FoundWord): number {
    const slot = this.words.find(found.key) ?? this.#learn(found);
    this.words.hold(slot);
    return slot;
  }

  /** Undoes one `take`. */
  drop(slot: number): void {
    if (!this.words.release(slot)) return;
    const termStart = this.termStarts.values[slot]!;
    const gramStart = this.gramStarts.values[slot]!;
    this.runs.each(termStart, (term) => this.terms.release(term));
    this.runs.each(gramStart, (gram) => this.#forgetGram(gram, slot));
    this.runs.remove(termStart);
    this.runs.remove(gramStart);
  }

  termCountOf(slot: number): number {
    return this.runs.lengthOf(this.termStarts.values[slot]!);
  }

  gramCountOf(slot: number): number {
    return this.runs.lengthOf(this.gramStarts.values[slot]!);
  }

  /** The number of a gram, if a word here has it. */
  findGram(gram: number): number | undefined {
    return this.#grams.find(gram);
  }

  /** The words that have a gram; one that has it twice is there twice. */
  wordsWith(gram: number): readonly number[] {
    return this.#wordsOfGrams[gram] ?? [];
  }

  #forgetGram(gram: number, word: number): void {
    const words = this.#wordsOfGrams[gram]!;
    const last = words.pop()!;
    if (last !== word) words[words.indexOf(word)] = last;
    this.#wordsOfGramsSize -= 1;
    this.#grams.release(gram);
  }

  #learn({ key, spelling }: FoundWord): number {
    const slot = this.words.add(key);
    const terms = termsOfWord(spelling).map((term) => held(this.terms, term));
    const grams = gramsOfWord(spelling).map((gram) => held(this.#grams, gram));
    for (const gram of grams) (this.#wordsOfGrams[gram] ??= []).push(slot);
    this.#wordsOfGramsSize += grams.length;
    for (const column of [this.termStarts, this.gramStarts]) column.ensure(slot + 1);
    this.termStarts.values[slot] = this.runs.add(terms);
    this.gramStarts.values[slot] = this.runs.add(grams);
    this.gramCounts.ensure(this.#grams.length);
    return slot;
  }
}

function held<Key extends string | number>(slots: Slots<Key>, key: Key): number {
  const slot = slots.find(key) ?? slots.add(key);
  slots.hold(slot);
  return slot;
}
