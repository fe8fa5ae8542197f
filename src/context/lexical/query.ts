/* What is asked for, in the numbers of one index. */

import { gramsOfWord, termsOfWord, visitWords } from './analysis.ts';
import type { UnitTable } from './unit-table.ts';

/** Of a long question, the rarest of its words count. */
const TERMS_MAX = 64;
const GRAMS_MAX = 512;
const WORDS_MAX = 2_000;

export interface Wanted {
  /** The number of a term or a gram. */
  readonly number: number;
  /** How much it tells: more, the fewer units have it. */
  readonly idf: number;
}

export interface Query {
  /** The rarest first. */
  readonly terms: readonly Wanted[];
  readonly grams: readonly Wanted[];
}

export function queryOf(text: string, table: UnitTable): Query {
  const words = new Set<string>();
  visitWords(text, {
    word: ({ spelling }) => {
      if (words.size < WORDS_MAX) words.add(spelling);
    },
    sentence: () => undefined,
  });
  const terms = new Map<number, Wanted>();
  const grams = new Map<number, Wanted>();
  const { vocabulary } = table;
  for (const word of words) {
    for (const term of termsOfWord(word)) {
      const number = vocabulary.terms.find(term);
      const units = number === undefined ? 0 : (table.postingsOf(number)?.length ?? 0);
      if (number !== undefined && units > 0) terms.set(number, { number, idf: idfOf(units, table.size) });
    }
    for (const gram of gramsOfWord(word)) {
      const number = vocabulary.findGram(gram);
      const units = number === undefined ? 0 : (vocabulary.gramCounts.values[number] ?? 0);
      if (number !== undefined && units > 0) grams.set(number, { number, idf: idfOf(units, table.size) });
    }
  }
  return { terms: rarest(terms, TERMS_MAX), grams: rarest(grams, GRAMS_MAX) };
}

/** Of one that stands in `count` of `total`; greater than 0. */
export function idfOf(count: number, total: number): number {
  const bounded = Math.min(count, total);
  return Math.log(1 + (total - bounded + 0.5) / (bounded + 0.5));
}

function rarest(found: ReadonlyMap<number, Wanted>, max: number): Wanted[] {
  // Ties in the order of the question: numbers depend on what the index held before.
  return [...found.values()].sort((left, right) => right.idf - left.idf).slice(0, max);
}
