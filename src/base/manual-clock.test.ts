import { expect, test } from 'bun:test';
import { createManualClock } from './manual-clock.ts';

test('timers run at their own time, in order of due time and then of creation', () => {
  const clock = createManualClock(1_000);
  const seen: string[] = [];
  const note = (name: string) => () => void seen.push(`${name}@${clock.monotonic()}`);
  clock.after(20, note('c'));
  clock.after(10, note('a'));
  clock.after(10, note('b'));
  clock.after(31, note('late'));
  clock.advance(30);
  expect(seen).toEqual(['a@10', 'b@10', 'c@20']);
  expect([clock.now(), clock.monotonic(), clock.pending]).toEqual([1_030, 30, 1]);
});

test('a timer set by a timer runs in the same advance when it is due', () => {
  const clock = createManualClock();
  const seen: number[] = [];
  const again = () => {
    seen.push(clock.monotonic());
    if (seen.length < 5) clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  expect(seen).toEqual([10, 20, 30]);
});

test('a disposed timer does not run', () => {
  const clock = createManualClock();
  const timer = clock.after(10, () => expect.unreachable());
  timer[Symbol.dispose]();
  clock.advance(20);
  timer[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});

test('sleep resolves after its time', async () => {
  const clock = createManualClock();
  const sleep = clock.sleep(50, new AbortController().signal);
  clock.advance(50);
  await sleep;
});

test('sleep rejects with the reason of its signal and leaves no timer', async () => {
  const clock = createManualClock();
  const controller = new AbortController();
  const sleep = clock.sleep(50, controller.signal);
  controller.abort('enough');
  expect(await sleep.catch((error: unknown) => error)).toBe('enough');
  expect(clock.pending).toBe(0);
  expect(await clock.sleep(1, controller.signal).catch((error: unknown) => error)).toBe('enough');
});
