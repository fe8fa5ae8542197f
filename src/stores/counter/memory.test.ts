import { expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import { createMemoryCounterStore } from './memory.ts';

const { signal } = new AbortController();

test('a flood of keys forgets the unused and keeps those in use', () => {
  const store = createMemoryCounterStore({ keysMax: 100 }, { clock: createManualClock() });
  const used = { key: 'used', limit: 1_000, windowMs: 3_600_000 };
  for (let index = 0; index < 500; index += 1) {
    store.take([used, { key: `flood ${index}`, limit: 1, windowMs: 3_600_000 }], signal);
  }
  expect(store.take([{ ...used, cost: 0 }], signal).buckets[0]?.remaining).toBe(500);
  expect(store.take([{ key: 'flood 499', limit: 1, windowMs: 3_600_000 }], signal).allowed).toBe(false);
  expect(store.take([{ key: 'flood 0', limit: 1, windowMs: 3_600_000 }], signal).allowed).toBe(true);
});

test('it answers at once, without a promise', () => {
  const store = createMemoryCounterStore({ keysMax: 100 }, { clock: createManualClock() });
  expect(store.take([{ key: 'a', limit: 2, windowMs: 1_000 }], signal)).toMatchObject({
    allowed: true,
    buckets: [{ remaining: 1, resetMs: 500, retryAfterMs: 0 }],
  });
});
