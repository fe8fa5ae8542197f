import { expect, test } from 'bun:test';
import { NearDuplicates } from './near-duplicates.ts';

const WORDS = Array.from({ length: 400 }, (_, at) => `word${(at * 7919) % 613}`);

test('a text that differs in little is known, one that differs in much is not', () => {
  const known = new NearDuplicates();
  expect(known.isKnown(WORDS.join(' '))).toBe(false);
  expect(known.isKnown(WORDS.join('\n').toUpperCase())).toBe(true);
  expect(known.isKnown(WORDS.with(200, 'another').join(' '))).toBe(true);
  expect(known.isKnown(WORDS.map((word, at) => (at % 4 === 0 ? `${word}x` : word)).join(' '))).toBe(false);
});

test('short texts are the same only where they are', () => {
  const known = new NearDuplicates();
  expect(['The gate is open.', 'The gate is shut.', 'the gate, is open', '…', '…'].map((text) => known.isKnown(text))).toEqual([
    false,
    false,
    true,
    false,
    true,
  ]);
});
