import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import { createGuard, GUARD_DEFAULTS, type StoreFault } from './guard.ts';

function harness(overrides: Partial<typeof GUARD_DEFAULTS> = {}) {
  const clock = createManualClock();
  let opened = 0;
  const guard = createGuard({ ...GUARD_DEFAULTS, ...overrides }, { clock, random: () => 0, onOpen: () => void (opened += 1) });
  const failing = () =>
    guard.run<string>(
      () => Promise.reject(new Error('no')),
      (fault) => fault,
    );
  return { clock, guard, failing, opened: () => opened };
}

const never = () => new Promise<string>(() => {});
const asText = (fault: StoreFault): string => fault;

describe('guard', () => {
  test('passes the answer on, and leaves no timer', async () => {
    const { clock, guard } = harness();
    expect(await guard.run(() => Promise.resolve('value'), asText)).toBe('value');
    expect(await guard.run(() => 'at once', asText)).toBe('at once');
    expect(clock.pending).toBe(0);
  });

  test('a call that rejects or throws falls back', async () => {
    const { clock, guard, failing } = harness();
    expect(await failing()).toBe('error');
    const thrown = guard.run<string>(() => {
      throw new Error('no');
    }, asText);
    expect(await thrown).toBe('error');
    expect(clock.pending).toBe(0);
  });

  test('a call that takes too long falls back at the deadline, and its late outcome is dropped', async () => {
    const { clock, guard } = harness();
    const { promise, reject } = Promise.withResolvers<string>();
    const outcome = guard.run(() => promise, asText);
    clock.advance(50);
    expect(await outcome).toBe('timeout');
    // Were it not dropped, this would be an unhandled rejection, which fails the run.
    reject(new Error('late'));
    await Promise.resolve();
    expect(guard.snapshot()).toMatchObject({ failureCount: 1, totalCalls: 1 });
  });

  test('after five failures calls cost nothing: no call, no promise', async () => {
    const { guard, failing, opened } = harness();
    for (let index = 0; index < 5; index += 1) await failing();
    expect(opened()).toBe(1);
    expect(guard.run(() => expect.unreachable(), asText)).toBe('open');
  });

  test('one call at a time tries whether it is back, and two successes close', async () => {
    const { clock, guard, failing, opened } = harness();
    for (let index = 0; index < 5; index += 1) await failing();
    clock.advance(1_000);
    const probe = guard.run(never, asText);
    expect(guard.run(never, asText)).toBe('open');
    clock.advance(50);
    expect(await probe).toBe('timeout');
    clock.advance(2_000);
    for (let index = 0; index < 2; index += 1) expect(await guard.run(() => Promise.resolve('back'), asText)).toBe('back');
    expect([opened(), guard.snapshot().state]).toEqual([2, 'closed']);
  });

  test('what hangs is bounded, also past its deadline', async () => {
    const { clock, guard } = harness({ callsMax: 3 });
    const outcomes = Array.from({ length: 3 }, () => Promise.resolve(guard.run(never, asText)));
    clock.advance(50);
    expect(await Promise.all(outcomes)).toEqual(['timeout', 'timeout', 'timeout']);
    expect(guard.run(never, asText)).toBe('busy');
  });

  test('a fallback that fails is the outcome, as it is a fault of ours', async () => {
    const { guard } = harness();
    const outcome = guard.run<string>(
      () => Promise.reject(new Error('no')),
      () => {
        throw new Error('broken fallback');
      },
    );
    expect(await Promise.resolve(outcome).catch(String)).toBe('Error: broken fallback');
  });
});
