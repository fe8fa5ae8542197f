/* What windows are scored by: the terms of their words, and the grams. */

import { KNOBS } from './knobs.ts';
import { ASKED_GRAMS, ASKED_TERMS, isInQuestion, plainWord, STATED_GRAMS, STATED_TERMS } from './unit-table.ts';
import type { Feature } from './window-scorer.ts';

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
      const parts = vocabulary.partsOf(plain);
      for (let part = parts[0]!; part > 0; part -= 1) {
        const place = places[parts[part]!]!;
        if (place > 0) counts[2 * place - 2 + asked]! += 1;
      }
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
  visit({ vocabulary }, words, { places, counts }) {
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!;
      const asked = isInQuestion(word) ? 1 : 0;
      const parts = vocabulary.partsOf(plainWord(word));
      for (let part = 1 + parts[0]!; part < parts.length; part += 1) {
        const place = places[parts[part]!]!;
        if (place > 0) counts[2 * place - 2 + asked]! += 1;
      }
    }
  },
};
