import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createHistogram, createWindowedHistogram, type HistogramJson } from './histogram.ts';

function exactQuantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
}

describe('histogram', () => {
  test('every quantile is within 3 % of the true one', () => {
    const value = fc.double({ min: 0.011, max: 1e8, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1), (values, p) => {
        const histogram = createHistogram();
        for (const each of values) histogram.record(each);
        const exact = exactQuantile(values, p);
        expect(Math.abs(histogram.quantile(p) - exact) / exact).toBeLessThanOrEqual(0.03);
      }),
      { numRuns: 1_000 },
    );
  });

  test('counts, sums, and never answers above the maximum', () => {
    const histogram = createHistogram();
    expect([histogram.quantile(0.5), histogram.count]).toEqual([0, 0]);
    for (const value of [0, 1, 2, 7]) histogram.record(value);
    expect([histogram.count, histogram.sum, histogram.max]).toEqual([4, 10, 7]);
    expect(histogram.quantile(1)).toBeLessThanOrEqual(7);
  });

  test('values out of range count as the nearest bound', () => {
    const histogram = createHistogram();
    histogram.record(0);
    expect(histogram.quantile(0.5)).toBe(0);
    histogram.record(1e300);
    expect(histogram.quantile(1)).toBeGreaterThan(1e9);
    expect(histogram.count).toBe(2);
  });

  test('merging through JSON is the same as recording all in one', () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(values, values, (one, other) => {
        const all = createHistogram();
        const merged = createHistogram();
        const second = createHistogram();
        for (const value of one) merged.record(value);
        for (const value of other) second.record(value);
        for (const value of [...one, ...other]) all.record(value);
        merged.merge(JSON.parse(JSON.stringify(second)) as HistogramJson);
        const { sum, ...rest } = merged.toJSON();
        const { sum: sumWanted, ...wanted } = all.toJSON();
        expect(rest).toEqual(wanted);
        expect(sum).toBeCloseTo(sumWanted, 3);
      }),
    );
  });
});

describe('windowed histogram', () => {
  test('forgets slot by slot as time passes', () => {
    const window = createWindowedHistogram({ slots: 3, slotMs: 1_000 });
    window.record(10, 0);
    window.record(20, 1_500);
    window.record(30, 2_999);
    expect(window.recent(2_999).count).toBe(3);
    expect(window.recent(3_000).count).toBe(2);
    expect(window.recent(3_000).max).toBe(30);
    window.record(40, 3_100);
    expect(window.recent(3_100).count).toBe(3);
    expect(window.recent(9_000).count).toBe(0);
  });

  test('a long silence leaves nothing of the old slots', () => {
    const window = createWindowedHistogram({ slots: 3, slotMs: 1_000 });
    for (let nowMs = 0; nowMs < 3_000; nowMs += 100) window.record(1, nowMs);
    window.record(5, 300_500);
    expect(window.recent(300_500).toJSON()).toMatchObject({ count: 1, sum: 5, max: 5 });
  });
});
