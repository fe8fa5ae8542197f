/* What windows are scored by: the terms of their words, and the grams. */

import { KNOBS } from './knobs.ts';
import { blockOf, offsetIn } from './number-runs.ts';
import { ASKED_GRAMS, ASKED_TERMS, isInQuestion, plainWord, STATED_GRAMS, STATED_TERMS } from './unit-table.ts';
import type { Vocabulary } from './vocabulary.ts';
import { type Counts, type Feature, NOWHERE } from './window-scorer.ts';

export const termFeature: Feature = {
  bm25: KNOBS.window,
  statedAt: STATED_TERMS,
  askedAt: ASKED_TERMS,
  aboutLengthOf: ({ terms }) => terms,
  aboutTotalOf: ({ aboutTerms }) => aboutTerms,
  lengthIn: ({ vocabulary }) => vocabulary.terms.length,
  visit({ vocabulary }, words, { places, counts }) {
    const onlyTerms = vocabulary.onlyTerms.values;
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!;
      const asked = isInQuestion(word) ? 1 : 0;
      const plain = plainWord(word);
      const only = onlyTerms[plain]!;
      if (only > 0) {
        const place = places[only - 1]!;
        if (place > 0) counts[2 * place - 2 + asked]! += 1;
        continue;
      }
      vocabulary.runs.each(vocabulary.termStarts.values[plain]!, (term) => {
        const place = places[term]!;
        if (place > 0) counts[2 * place - 2 + asked]! += 1;
      });
    }
  },
};

export const gramFeature: Feature = {
  bm25: KNOBS.grams,
  statedAt: STATED_GRAMS,
  askedAt: ASKED_GRAMS,
  aboutLengthOf: ({ grams }) => grams,
  aboutTotalOf: ({ aboutGrams }) => aboutGrams,
  lengthIn: ({ vocabulary }) => vocabulary.gramsLength,
  visit({ vocabulary }, words, { places, counts, memo }) {
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!;
      const found = memo.starts.values[plainWord(word)]!;
      const start = found > 0 ? found : learn(vocabulary, plainWord(word), { places, memo });
      const asked = isInQuestion(word) ? 1 : 0;
      for (let next = start; memo.places.values[next]! > 0; next += 1) counts[2 * memo.places.values[next]! - 2 + asked]! += 1;
    }
  },
};

/** Keeps where the grams of a word stand in the query, ended by a 0; returns where that begins. Most words have none of them. */
function learn(vocabulary: Vocabulary, word: number, { places, memo }: Pick<Counts, 'places' | 'memo'>): number {
  const gramsStart = vocabulary.gramStarts.values[word]!;
  const block = vocabulary.runs.blocks[blockOf(gramsStart)]!;
  const first = offsetIn(gramsStart) + 1;
  const count = block[first - 1]!;
  memo.places.ensure(memo.end + count + 1);
  let end = memo.end;
  for (let at = first; at < first + count; at += 1) {
    const place = places[block[at]!]!;
    if (place > 0) {
      memo.places.values[end] = place;
      end += 1;
    }
  }
  memo.places.values[end] = 0;
  const start = end === memo.end ? NOWHERE : memo.end;
  if (start !== NOWHERE) memo.end = end + 1;
  memo.starts.values[word] = start;
  memo.words.push(word);
  return start;
}
