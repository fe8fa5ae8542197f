import { describe, expect, test } from 'bun:test';
import { onAbort, raceAbort, withDeadline } from './abort.ts';
import { createManualClock } from './manual-clock.ts';

const config = (clock: ReturnType<typeof createManualClock>) => ({ deadlineMs: 50, clock, reason: () => 'late' });

describe('onAbort', () => {
  test('runs once when the signal aborts', () => {
    const controller = new AbortController();
    let runs = 0;
    onAbort(controller.signal, () => void (runs += 1));
    controller.abort();
    controller.abort();
    expect(runs).toBe(1);
  });

  test('runs at once when the signal has aborted', () => {
    let runs = 0;
    onAbort(AbortSignal.abort(), () => void (runs += 1));
    expect(runs).toBe(1);
  });

  test('does not run after it was disposed', () => {
    const controller = new AbortController();
    onAbort(controller.signal, () => expect.unreachable())[Symbol.dispose]();
    controller.abort();
  });
});

describe('withDeadline', () => {
  test('aborts with its own reason when time is up', () => {
    const clock = createManualClock();
    using deadline = withDeadline(new AbortController().signal, config(clock));
    clock.advance(49);
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(1);
    expect(deadline.signal.reason).toBe('late');
  });

  test('aborts with the reason of its parent', () => {
    const parent = new AbortController();
    const clock = createManualClock();
    using deadline = withDeadline(parent.signal, config(clock));
    parent.abort('gone');
    clock.advance(100);
    expect(deadline.signal.reason).toBe('gone');
  });

  test('a parent that has aborted sets no timer', () => {
    const clock = createManualClock();
    using deadline = withDeadline(AbortSignal.abort('gone'), config(clock));
    expect([deadline.signal.reason, clock.pending]).toEqual(['gone', 0]);
  });

  test('leaves nothing behind when disposed', () => {
    const clock = createManualClock();
    const parent = new AbortController();
    const deadline = withDeadline(parent.signal, config(clock));
    deadline[Symbol.dispose]();
    parent.abort();
    clock.advance(100);
    expect([deadline.signal.aborted, clock.pending]).toEqual([false, 0]);
  });
});

describe('raceAbort', () => {
  test('passes the outcome on', async () => {
    const { signal } = new AbortController();
    expect(await raceAbort(Promise.resolve(1), signal)).toBe(1);
    expect(await raceAbort(Promise.reject(new Error('no')), signal).catch(String)).toBe('Error: no');
  });

  test('rejects as soon as the signal aborts, and drops what comes later', async () => {
    const controller = new AbortController();
    const { promise, reject } = Promise.withResolvers<number>();
    const race = raceAbort(promise, controller.signal);
    controller.abort('gone');
    expect(await race.catch((error: unknown) => error)).toBe('gone');
    // Were it not dropped, this would be an unhandled rejection, which fails the run.
    reject(new Error('later'));
    await Promise.resolve();
  });
});
