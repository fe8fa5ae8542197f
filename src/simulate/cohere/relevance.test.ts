import { expect, test } from 'bun:test';
import { ranked, relevance } from './relevance.ts';

const rows: { name: string; query: string; more: string; less: string }[] = [
  { name: 'more of the query’s words', query: 'red apple pie', more: 'a red apple', less: 'a green apple' },
  { name: 'fewer words beside them', query: 'apple', more: 'apple', less: 'apple and pear and plum' },
  { name: 'a word of the query', query: 'Äpfel', more: 'rote ÄPFEL', less: 'grüne Birnen' },
];
for (const { name, query, more, less } of rows) {
  test(`${name}: more relevant`, () => {
    expect(relevance(query, more)).toBeGreaterThan(relevance(query, less));
    expect(ranked(query, [less, more]).map(({ index }) => index)).toEqual([1, 0]);
  });
}

test('scores are from 0 to 1, also of nothing', () => {
  expect(relevance('a b', 'b a')).toBe(1);
  expect(relevance('a', 'b')).toBe(0);
  expect(relevance('', '')).toBe(0);
});

test('among equals the first comes first, and no more come than wanted', () => {
  expect(ranked('a', ['b', 'a', 'a', 'c'], 3)).toEqual([
    { index: 1, score: 1 },
    { index: 2, score: 1 },
    { index: 0, score: 0 },
  ]);
});
