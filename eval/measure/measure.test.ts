import { describe, expect, test } from 'bun:test';
import { bootstrap } from './bootstrap.ts';
import { ndcgAt, recallAt } from './ranking.ts';

describe('the interval of a mean', () => {
  test('lies around it, and is the same each time', () => {
    const samples = Array.from({ length: 400 }, (_, index) => (index % 4 === 0 ? 0 : 1));
    const interval = bootstrap(samples);
    expect(interval.mean).toBe(0.75);
    // The normal approximation: 1.96 · √(.75 · .25 / 400) = .042.
    expect(interval.low).toBeCloseTo(0.708, 1);
    expect(interval.high).toBeCloseTo(0.792, 1);
    expect(interval.low).toBeLessThan(0.75);
    expect(interval.high).toBeGreaterThan(0.75);
    expect(bootstrap(samples)).toEqual(interval);
  });

  test('is no interval where all samples are alike', () => {
    expect(bootstrap([0.5, 0.5, 0.5])).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
  });

  test('is no number without samples', () => {
    expect(bootstrap([]).mean).toBeNaN();
  });
});

describe('rankings', () => {
  test('recall counts what is wanted, not what is found', () => {
    expect(recallAt(2, ['a', 'b', 'c'], ['b', 'c', 'd', 'e'])).toBe(0.25);
    expect(recallAt(3, ['a', 'b', 'c'], ['b', 'c'])).toBe(1);
    expect(recallAt(3, [], ['b'])).toBe(0);
  });

  test('nDCG is 1 for the best order and falls with the place', () => {
    expect(ndcgAt(10, ['a', 'b', 'x'], ['b', 'a'])).toBe(1);
    expect(ndcgAt(10, ['x', 'a'], ['a'])).toBeCloseTo(1 / Math.log2(3), 10);
    expect(ndcgAt(1, ['x', 'a'], ['a'])).toBe(0);
    // More are wanted than fit: the first places full are the best there is.
    expect(ndcgAt(1, ['a'], ['a', 'b'])).toBe(1);
  });
});
