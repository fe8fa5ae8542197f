import { expect, test } from 'bun:test';
import { backoffMs } from './backoff.ts';

for (const row of [
  { name: 'the first wait is up to the base', attempt: 1, random: 1, want: 100 },
  { name: 'each further one up to twice as long', attempt: 3, random: 1, want: 400 },
  { name: 'and none above the cap', attempt: 60, random: 1, want: 5_000 },
  { name: 'not even when the power overflows', attempt: 5_000, random: 1, want: 5_000 },
  { name: 'chance spreads them down to zero', attempt: 9, random: 0, want: 0 },
  { name: 'evenly', attempt: 2, random: 0.25, want: 50 },
]) {
  test(`backoff: ${row.name}`, () => expect(backoffMs(row.attempt, row.random, { baseMs: 100, capMs: 5_000 })).toBe(row.want));
}
