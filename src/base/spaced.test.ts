import { expect, test } from 'bun:test';
import { createManualClock } from './manual-clock.ts';
import { spaced } from './spaced.ts';

test('what is spaced runs at once, and then no sooner than that, once for all who ask', () => {
  const clock = createManualClock();
  const ranAtMs: number[] = [];
  const startMs = clock.monotonic();
  const ask = spaced(() => void ranAtMs.push(clock.monotonic() - startMs), 1_000, clock);
  ask();
  ask();
  clock.advance(400);
  ask();
  clock.advance(599);
  expect(ranAtMs).toEqual([0]);
  clock.advance(1);
  expect(ranAtMs).toEqual([0, 1_000]);
  clock.advance(5_000);
  expect(ranAtMs).toEqual([0, 1_000]);
  ask();
  expect(ranAtMs).toEqual([0, 1_000, 6_000]);
});
