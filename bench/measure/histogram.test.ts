import { expect, test } from 'bun:test';
import { Histogram } from './histogram.ts';

test('quantiles of an even spread are right within the stated error', () => {
  const histogram = new Histogram();
  for (let us = 1; us <= 100_000; us += 1) histogram.record(us);
  for (const [fraction, want] of [
    [0.5, 50_000],
    [0.9, 90_000],
    [0.99, 99_000],
    [0.0001, 10],
  ] as const) {
    expect(Math.abs(histogram.quantile(fraction) - want) / want).toBeLessThanOrEqual(0.016);
  }
  expect(histogram.quantiles().maxUs).toBe(100_000);
});

test('a value beyond the range is counted in the last slot and kept as the maximum', () => {
  const histogram = new Histogram();
  histogram.record(2 ** 31 - 1);
  expect(histogram.quantiles().count).toBe(1);
  expect(histogram.quantiles().maxUs).toBe(2 ** 31 - 1);
});

test('an empty histogram says zero', () => {
  expect(new Histogram().quantile(0.99)).toBe(0);
});
