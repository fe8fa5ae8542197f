import { expect, test } from 'bun:test';
import { editDistance, nearest } from './suggestion.ts';

const KNOWN = ['per_second', 'per_minute', 'per_hour', 'match', 'by'];

for (const [given, want] of [
  ['per_minut', 'per_minute'],
  ['perMinute', 'per_minute'],
  ['PER-MINUTE', 'per_minute'],
  ['per_mintue', 'per_minute'],
  ['per_hours', 'per_hour'],
  ['mtach', 'match'],
  ['bye', 'by'],
  ['colour', undefined],
  ['x'.repeat(10_000), undefined],
] as const) {
  test(`${given.slice(0, 20)} is near ${want ?? 'nothing'}`, () => {
    expect(nearest(given, KNOWN)).toBe(want);
  });
}

test('distance counts insertions, deletions, replacements and swaps', () => {
  expect([
    editDistance('', 'abc'),
    editDistance('abc', ''),
    editDistance('abc', 'abc'),
    editDistance('abc', 'acb'),
    editDistance('kitten', 'sitting'),
  ]).toEqual([3, 3, 0, 1, 3]);
});
