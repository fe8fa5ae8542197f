import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import type { Faults } from './faults.ts';
import { createPace, wholeWaitMs } from './pace.ts';
import { Ticker } from './ticker.ts';

/** Milliseconds at which `count` tokens are due, for someone who waits as told. */
function dueTimes(faults: Faults, count: number, random = () => 0.5): number[] {
  const clock = createManualClock();
  const pace = createPace(faults, random, clock);
  return Array.from({ length: count }, () => {
    clock.advance(pace.nextWaitMs());
    return Math.round(clock.monotonic());
  });
}

describe('tokens are due', () => {
  const rows: [name: string, faults: Faults, want: number[]][] = [
    ['at once without a pace', {}, [0, 0, 0]],
    ['all together after the first', { firstTokenMs: 100 }, [100, 100, 100]],
    ['at the rate, beginning at once', { tokensPerSecond: 10 }, [0, 100, 200]],
    ['at the rate after the first', { firstTokenMs: 50, tokensPerSecond: 100 }, [50, 60, 70]],
  ];
  for (const [name, faults, want] of rows) {
    test(name, () => {
      expect(dueTimes(faults, 3)).toEqual(want);
    });
  }

  test('earlier and later with jitter, within its bounds', () => {
    expect(dueTimes({ firstTokenMs: 100, tokensPerSecond: 10, jitter: 0.5 }, 3, () => 0)).toEqual([50, 100, 150]);
    expect(dueTimes({ firstTokenMs: 100, tokensPerSecond: 10, jitter: 0.5 }, 3, () => 1)).toEqual([150, 300, 450]);
  });

  test('on the schedule again after a delay, not later for ever', () => {
    const clock = createManualClock();
    const pace = createPace({ tokensPerSecond: 10 }, () => 0.5, clock);
    expect(pace.nextWaitMs()).toBe(0);
    clock.advance(250);
    expect([pace.nextWaitMs(), pace.nextWaitMs(), pace.nextWaitMs()]).toEqual([0, 0, 50]);
  });
});

test('a whole answer takes as long as its tokens would', () => {
  expect(wholeWaitMs({ firstTokenMs: 50, tokensPerSecond: 100 }, 11, () => 0.5)).toBe(150);
  expect(wholeWaitMs({ firstTokenMs: 50 }, 11, () => 0.5)).toBe(50);
  expect(wholeWaitMs({}, 11, () => 0.5)).toBe(0);
  expect(wholeWaitMs({ firstTokenMs: 50 }, 0, () => 0.5)).toBe(0);
});

test('waits that end in the same millisecond share one timer and end together', async () => {
  const clock = createManualClock();
  const ticker = new Ticker(clock);
  const ended: string[] = [];
  const wait = async (name: string, delayMs: number) => {
    await ticker.wait(delayMs);
    ended.push(name);
  };
  const waits = [wait('a', 4.2), wait('b', 4.9), wait('c', 6)];
  expect(clock.pending).toBe(2);
  clock.advance(4);
  await Promise.resolve();
  expect(ended).toEqual([]);
  clock.advance(1);
  await Promise.all(waits.slice(0, 2));
  expect(ended).toEqual(['a', 'b']);
  clock.advance(1);
  await Promise.all(waits);
  expect(ended).toEqual(['a', 'b', 'c']);
});
