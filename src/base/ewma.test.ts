import { expect, test } from 'bun:test';
import { createPeakEwma } from './ewma.ts';

test('a peak counts in full at once, and is forgotten by time alone', () => {
  const average = createPeakEwma({ tauMs: 10_000 });
  average.observe(10, 0);
  average.observe(500, 1);
  expect(average.value(1)).toBe(500);
  average.observe(10, 1);
  expect(average.value(1)).toBe(500);
  average.observe(10, 10_001);
  expect(average.value(10_001)).toBeCloseTo(500 / Math.E + 10 * (1 - 1 / Math.E), 6);
});

test('unobserved it decays towards zero', () => {
  const average = createPeakEwma({ tauMs: 1_000 });
  average.observe(100, 0);
  expect(average.value(1_000)).toBeCloseTo(100 / Math.E, 6);
  expect(average.value(60_000)).toBeLessThan(1e-9);
});

test('the assumption lasts until the first measurement', () => {
  const average = createPeakEwma({ tauMs: 1_000, initial: 300 });
  expect(average.value(5_000)).toBe(300);
  average.observe(20, 5_000);
  expect(average.value(5_000)).toBe(20);
});

test('a clock that stands still or steps back changes nothing but peaks', () => {
  const average = createPeakEwma({ tauMs: 1_000 });
  average.observe(100, 1_000);
  average.observe(50, 900);
  expect(average.value(500)).toBe(100);
  average.observe(200, 900);
  expect(average.value(1_000)).toBe(200);
});
