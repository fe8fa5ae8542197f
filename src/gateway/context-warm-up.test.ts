import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import type { WarmedUp } from '../context/engine/warm-up.ts';
import { ContextWarmUp } from './context-warm-up.ts';

function setUp({ running = 0, isWorthIt = true } = {}) {
  const clock = createManualClock();
  const rig = {
    clock,
    running,
    isWorthIt,
    asked: [] as PromiseWithResolvers<WarmedUp>[],
    logged: [] as string[],
    /** Lets what was resolved be seen. */
    settle: () => Bun.sleep(0),
  };
  const log = (message: string) => void rig.logged.push(message);
  const warmUp = new ContextWarmUp({
    clock,
    logger: { debug: log, info: log, warn: log, error: log },
    isWorthIt: () => rig.isWorthIt,
    running: () => rig.running,
    warm() {
      const asked = Promise.withResolvers<WarmedUp>();
      rig.asked.push(asked);
      return asked.promise;
    },
  });
  return { rig, warmUp };
}

const WARMED: WarmedUp = { collections: 1, users: 2, tookMs: 3 };

describe('getting ready behind a start', () => {
  test('begins when the gateway listens, a moment later', async () => {
    const { rig, warmUp } = setUp();
    rig.clock.advance(60_000);
    expect(rig.asked).toHaveLength(0);
    warmUp.begin();
    expect(rig.asked).toHaveLength(0);
    rig.clock.advance(500);
    expect(rig.asked).toHaveLength(1);
    expect(warmUp.isWarm).toBe(false);
    rig.asked[0]?.resolve(WARMED);
    await rig.settle();
    expect(warmUp.isWarm).toBe(true);
  });

  test('waits for a moment in which nobody is served, but not for ever', () => {
    const { rig, warmUp } = setUp({ running: 1 });
    warmUp.begin();
    rig.clock.advance(1_000);
    expect(rig.asked).toHaveLength(0);
    rig.running = 0;
    rig.clock.advance(100);
    expect(rig.asked).toHaveLength(1);

    const busy = setUp({ running: 1 });
    busy.warmUp.begin();
    busy.rig.clock.advance(10_000);
    expect(busy.rig.asked).toHaveLength(1);
  });

  test('starts nothing where there is nothing, and says that it is ready', () => {
    const { rig, warmUp } = setUp({ isWorthIt: false });
    warmUp.begin();
    rig.clock.advance(10_000);
    expect([rig.asked.length, warmUp.isWarm]).toEqual([0, true]);
    // A reload may bring something.
    rig.isWorthIt = true;
    warmUp.begin();
    rig.clock.advance(10_000);
    expect([rig.asked.length, warmUp.isWarm]).toEqual([1, false]);
  });

  test('tries again when a store was away, and says so once', async () => {
    const { rig, warmUp } = setUp();
    warmUp.begin();
    rig.clock.advance(500);
    for (let failures = 1; failures <= 3; failures += 1) {
      rig.asked.at(-1)?.reject(new Error('away'));
      await rig.settle();
      expect(warmUp.isWarm).toBe(false);
      rig.clock.advance(30_000);
      expect(rig.asked).toHaveLength(failures + 1);
    }
    expect(rig.logged).toHaveLength(1);
    rig.asked.at(-1)?.resolve(WARMED);
    await rig.settle();
    expect(warmUp.isWarm).toBe(true);
  });

  test('ends with the gateway', async () => {
    const { rig, warmUp } = setUp();
    warmUp.begin();
    rig.clock.advance(500);
    warmUp[Symbol.dispose]();
    rig.asked[0]?.reject(new Error('closed'));
    await rig.settle();
    rig.clock.advance(100_000);
    warmUp.begin();
    rig.clock.advance(100_000);
    expect([rig.asked.length, rig.logged]).toEqual([1, []]);
  });
});
