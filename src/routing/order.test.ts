import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { orderTargets } from './order.ts';

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const target = fc.record({ weight: fc.double({ min: 0.001, max: 1e6, noNaN: true }), priority: fc.nat(3) });

describe('the order of targets', () => {
  test('holds each target once, tier after tier, whatever chance says', () => {
    fc.assert(
      fc.property(
        fc.array(target, { maxLength: 8 }),
        fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 8, maxLength: 8 }),
        (targets, chances) => {
          let drawn = 0;
          const ordered = orderTargets(targets, () => chances[drawn++ % 8] ?? 0);
          expect(new Set(ordered)).toEqual(new Set(targets));
          expect(ordered.length).toBe(targets.length);
          const tiers = ordered.map(({ priority }) => priority);
          expect(tiers).toEqual(tiers.toSorted((a, b) => a - b));
        },
      ),
    );
  });

  test('begins with each target in proportion to its weight', () => {
    const targets = [
      { name: 'a', weight: 6, priority: 0 },
      { name: 'b', weight: 3, priority: 0 },
      { name: 'c', weight: 1, priority: 0 },
      { name: 'z', weight: 1_000, priority: 1 },
    ];
    const random = seeded(7);
    const first: Record<string, number> = {};
    const second: Record<string, number> = {};
    for (let index = 0; index < 10_000; index += 1) {
      const [one, two] = orderTargets(targets, random);
      first[one?.name ?? ''] = (first[one?.name ?? ''] ?? 0) + 1;
      if (one?.name === 'a') second[two?.name ?? ''] = (second[two?.name ?? ''] ?? 0) + 1;
    }
    expect(first.z).toBeUndefined();
    expect(first.a).toBeWithin(5_850, 6_150);
    expect(first.b).toBeWithin(2_850, 3_150);
    // After `a`, the other two share what is left as 3 to 1.
    expect((second.b ?? 0) / (second.c ?? 1)).toBeWithin(2.7, 3.3);
  });
});
