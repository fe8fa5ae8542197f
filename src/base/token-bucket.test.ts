import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { take } from './token-bucket.ts';

describe('a bucket of 60 a minute', () => {
  const minute = { limit: 60, windowMs: 60_000 };

  for (const row of [
    { name: 'lets exactly 60 pass at once', limit: 60, windowMs: 60_000, startMs: 0 },
    { name: 'at any rate', limit: 7, windowMs: 1_000, startMs: 123.456 },
    { name: 'after a month of uptime', limit: 1_000, windowMs: 60_000, startMs: 2_592_000_000 },
    { name: 'at today’s epoch', limit: 100, windowMs: 1_000, startMs: 1_767_225_600_000 },
    { name: 'with a very high limit', limit: 100_000, windowMs: 60_000, startMs: 86_400_000 },
  ]) {
    test(row.name, () => {
      let tatMs = 0;
      for (let index = 1; index <= row.limit; index += 1) {
        const decision = take(tatMs, row.startMs, { ...row, cost: 1 });
        expect(decision.allowed).toBe(true);
        if (decision.remaining !== row.limit - index)
          expect({ index, remaining: decision.remaining }).toEqual({ index, remaining: row.limit - index });
        tatMs = decision.tatMs;
      }
      const refused = take(tatMs, row.startMs, { ...row, cost: 1 });
      expect({ allowed: refused.allowed, remaining: refused.remaining, tatMs: refused.tatMs }).toEqual({
        allowed: false,
        remaining: 0,
        tatMs,
      });
      expect(refused.retryAfterMs).toBeCloseTo(row.windowMs / row.limit, 0);
    });
  }

  test('gains one token a second', () => {
    const empty = take(0, 0, { ...minute, cost: 60 });
    expect(empty).toEqual({ allowed: true, tatMs: 60_000, remaining: 0, retryAfterMs: 0, resetMs: 60_000 });
    expect(take(empty.tatMs, 900, { ...minute, cost: 1 })).toEqual({
      allowed: false,
      tatMs: 60_000,
      remaining: 0,
      retryAfterMs: 100,
      resetMs: 59_100,
    });
    expect(take(empty.tatMs, 1_000, { ...minute, cost: 1 })).toEqual({
      allowed: true,
      tatMs: 61_000,
      remaining: 0,
      retryAfterMs: 0,
      resetMs: 60_000,
    });
    expect(take(empty.tatMs, 30_000, { ...minute, cost: 0 }).remaining).toBe(30);
    expect(take(empty.tatMs, 1e9, { ...minute, cost: 1 }).remaining).toBe(59);
  });

  test('looking costs nothing', () => {
    expect(take(0, 5, { ...minute, cost: 0 })).toEqual({ allowed: true, tatMs: 5, remaining: 60, retryAfterMs: 0, resetMs: 0 });
  });

  test('a cost over the limit is never allowed', () => {
    expect(take(0, 0, { ...minute, cost: 61 })).toEqual({ allowed: false, tatMs: 0, remaining: 60, retryAfterMs: Infinity, resetMs: 0 });
  });
});

test('in any window of any schedule no more passes than the limit and one refill, and waiting as told always helps', () => {
  const step = fc.record({ waitMs: fc.double({ min: 0, max: 500, noNaN: true }), cost: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.integer({ min: 5, max: 40 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
      const rate = { limit, windowMs: 1_000 };
      const passed: { atMs: number; cost: number }[] = [];
      let nowMs = 0;
      let tatMs = 0;
      for (const { waitMs, cost } of steps) {
        nowMs += waitMs;
        const decision = take(tatMs, nowMs, { ...rate, cost });
        if (decision.allowed) passed.push({ atMs: nowMs, cost });
        else expect(take(tatMs, nowMs + decision.retryAfterMs, { ...rate, cost }).allowed).toBe(true);
        expect(decision.remaining).toBeLessThanOrEqual(limit);
        tatMs = decision.tatMs;
      }
      for (const { atMs } of passed) {
        const inWindow = passed
          .filter((entry) => entry.atMs >= atMs && entry.atMs < atMs + 1_000)
          .reduce((sum, entry) => sum + entry.cost, 0);
        expect(inWindow).toBeLessThanOrEqual(2 * limit);
      }
    }),
    { numRuns: 300 },
  );
});
