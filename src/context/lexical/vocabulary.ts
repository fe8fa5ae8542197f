/*
 * The words of one index, with their terms and grams worked out once. A word is held by each place where it stands, a term and a gram by
 * their words; what nobody holds is forgotten, so that nothing of a removed text stays.
 */

import { gramsOfWord, termsOfWord } from './analysis.ts';
import { uint32Column } from './number-column.ts';
import { Slots } from './slots.ts';

const WORD_BYTES = 80;

/** The numbers of a word: how many terms, the terms, then the grams. */
type Parts = Uint32Array;

export class Vocabulary {
  readonly words = new Slots<string>();
  readonly terms = new Slots<string>();
  /** By number of gram: in how many units it stands, counted once per word. */
  readonly gramCounts = uint32Column();
  /** By number of word: the number of its only term and 1, or 0 where it has several. What a search reads most lies close together. */
  readonly onlyTerms = uint32Column();
  readonly #grams = new Slots<number>();
  readonly #parts: Parts[] = [];
  #partsBytes = 0;

  get bytes(): number {
    const own = this.words.bytes + this.terms.bytes + this.#grams.bytes + this.gramCounts.bytes + this.onlyTerms.bytes;
    return own + this.words.size * WORD_BYTES + this.#partsBytes;
  }

  get gramsLength(): number {
    return this.#grams.length;
  }

  /** The number of a word, made known if need be. */
  take(word: string): number {
    const slot = this.words.find(word) ?? this.#learn(word);
    this.words.hold(slot);
    return slot;
  }

  /** Undoes one `take`. */
  drop(slot: number): void {
    const parts = this.partsOf(slot);
    if (!this.words.release(slot)) return;
    const gramsStart = 1 + (parts[0] ?? 0);
    for (let at = 1; at < gramsStart; at += 1) this.terms.release(parts[at] ?? 0);
    for (let at = gramsStart; at < parts.length; at += 1) this.#grams.release(parts[at] ?? 0);
    this.#partsBytes -= parts.byteLength;
    this.#parts[slot] = NO_PARTS;
  }

  /** `[n, term 1 … term n, gram 1 …]`. */
  partsOf(slot: number): Parts {
    return this.#parts[slot] ?? NO_PARTS;
  }

  /** The number of a gram, if a word here has it. */
  findGram(gram: number): number | undefined {
    return this.#grams.find(gram);
  }

  #learn(word: string): number {
    const slot = this.words.add(word);
    const terms = termsOfWord(word).map((term) => held(this.terms, term));
    const grams = gramsOfWord(word).map((gram) => held(this.#grams, gram));
    const parts = Uint32Array.of(terms.length, ...terms, ...grams);
    this.#parts[slot] = parts;
    this.onlyTerms.ensure(slot + 1);
    this.onlyTerms.values[slot] = terms.length === 1 ? (terms[0] ?? 0) + 1 : 0;
    this.#partsBytes += parts.byteLength;
    this.gramCounts.ensure(this.#grams.length);
    return slot;
  }
}

const NO_PARTS = Uint32Array.of(0);

function held<Key extends string | number>(slots: Slots<Key>, key: Key): number {
  const slot = slots.find(key) ?? slots.add(key);
  slots.hold(slot);
  return slot;
}
