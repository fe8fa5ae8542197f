import { expect, test } from 'bun:test';
import { differences, ratios, spread } from './statistics.ts';

test('the median of an even number of values lies between the middle two', () => {
  expect(spread([9, 1, 4, 2])).toEqual({ median: 3, min: 1, max: 9 });
});

test('ratios are taken round by round, then their median: a slow moment that hits both sides cancels', () => {
  expect(ratios([30, 90, 27], [10, 30, 10])).toEqual({ median: 3, min: 2.7, max: 3 });
  expect(differences([5, 50], [3, 47])).toEqual({ median: 2.5, min: 2, max: 3 });
});

test('unequal rounds are refused', () => {
  expect(() => ratios([1, 2], [1])).toThrow('cannot be paired');
});
