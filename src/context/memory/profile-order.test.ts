import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Memory } from './memory.ts';
import { ProfileOrder } from './profile-order.ts';

const memory = (id: string, importance: number, validFromMs: number, kind = 'preference') =>
  ({ id, importance, validFromMs, kind }) as unknown as Memory;

test('whatever comes and goes, the weightiest come first, and of these the newest', () => {
  const one = fc.record({
    id: fc.integer({ min: 0, max: 12 }).map((id) => `m${id}`),
    importance: fc.constantFrom(0, 0.5, 0.52, 0.9),
    validFromMs: fc.integer({ min: 0, max: 3 }),
    kind: fc.constantFrom('preference', 'profile', 'instruction', 'fact', 'turn'),
    isAdded: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 60 }), (steps) => {
      const order = new ProfileOrder();
      const there = new Map<string, Memory>();
      for (const { id, importance, validFromMs, kind, isAdded } of steps) {
        const before = there.get(id);
        if (before !== undefined) order.remove(before);
        there.delete(id);
        if (!isAdded) continue;
        const now = memory(id, importance, validFromMs, kind);
        order.add(now);
        there.set(id, now);
      }
      const expected = [...there.values()]
        .filter(({ kind }) => kind !== 'fact' && kind !== 'turn')
        .toSorted(
          (a, b) =>
            Math.round(b.importance * 10) - Math.round(a.importance * 10) || b.validFromMs - a.validFromMs || (a.id < b.id ? -1 : 1),
        );
      expect([...order]).toEqual(expected.map(({ id }) => id));
    }),
  );
});

test('what was never there is not missed', () => {
  const order = new ProfileOrder();
  order.add(memory('a', 0.5, 1));
  order.remove(memory('b', 0.5, 1));
  expect([...order]).toEqual(['a']);
});
