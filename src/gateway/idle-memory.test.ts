import { expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import { watchIdleMemory } from './idle-memory.ts';

const LOOK_MS = 5_000;

test('memory is given back once after each busy time, and never while somebody waits', () => {
  const clock = createManualClock();
  const work = { running: 0, begun: 0 };
  let collections = 0;
  const after = (looks: number): number => {
    for (let look = 0; look < looks; look += 1) clock.advance(LOOK_MS);
    return collections;
  };
  const watch = watchIdleMemory({ clock, work, collect: () => void (collections += 1) });
  expect(after(3)).toBe(0);

  work.begun = 100;
  work.running = 2;
  // Nothing new comes, but two streams still run.
  expect(after(4)).toBe(0);
  work.running = 0;
  expect(after(1)).toBe(1);
  expect(after(5)).toBe(1);

  // Short requests between two looks: none is seen under way.
  work.begun = 101;
  expect(after(1)).toBe(1);
  expect(after(1)).toBe(2);

  work.begun = 102;
  watch[Symbol.dispose]();
  expect(after(5)).toBe(2);
});
