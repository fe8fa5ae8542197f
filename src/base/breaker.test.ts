import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type BreakerConfig, type BreakerState, createBreaker, onFailure, onSuccess, stateAt } from './breaker.ts';
import { createManualClock } from './manual-clock.ts';

const config: BreakerConfig = {
  failuresMax: 3,
  window: { size: 100, minimumCalls: 20, failureRate: 0.5 },
  openMs: 1_000,
  openMsMax: 8_000,
  successesToClose: 2,
};
const facts = { calls: 1, failures: 1, nowMs: 0, random: 1 };

describe('the rules', () => {
  const halfOpen = (openings: number): BreakerState => ({ kind: 'half-open', successes: 0, openings });
  for (const row of [
    { name: 'a failure is counted', from: { kind: 'closed', failures: 1 }, want: { kind: 'closed', failures: 2 } },
    { name: 'the last allowed failure opens', from: { kind: 'closed', failures: 2 }, want: { kind: 'open', untilMs: 1_000, openings: 1 } },
    { name: 'a failed probe opens for up to twice as long', from: halfOpen(1), want: { kind: 'open', untilMs: 2_000, openings: 2 } },
    { name: 'and twice again', from: halfOpen(2), want: { kind: 'open', untilMs: 4_000, openings: 3 } },
    { name: 'but never longer than the bound', from: halfOpen(5_000), want: { kind: 'open', untilMs: 8_000, openings: 5_001 } },
    {
      name: 'while open a failure says nothing',
      from: { kind: 'open', untilMs: 7, openings: 1 },
      want: { kind: 'open', untilMs: 7, openings: 1 },
    },
  ] as { name: string; from: BreakerState; want: BreakerState }[]) {
    test(row.name, () => expect(onFailure(row.from, facts, config)).toEqual(row.want));
  }

  test('chance spreads later openings between openMs and the bound, and leaves the first alone', () => {
    expect(onFailure({ kind: 'closed', failures: 2 }, { ...facts, random: 0 }, config)).toMatchObject({ untilMs: 1_000 });
    expect(onFailure(halfOpen(3), { ...facts, random: 0 }, config)).toMatchObject({ untilMs: 1_000 });
    expect(onFailure(halfOpen(3), { ...facts, random: 0.5 }, config)).toMatchObject({ untilMs: 4_500 });
  });

  for (const row of [
    { name: 'too many failures in the window open, though never in a row', calls: 20, failures: 10, want: 'open' },
    { name: 'not before there are enough calls', calls: 19, failures: 18, want: 'closed' },
    { name: 'nor under the rate', calls: 100, failures: 49, want: 'closed' },
  ]) {
    test(row.name, () => expect(onFailure({ kind: 'closed', failures: 0 }, { ...facts, ...row }, config).kind).toBe(row.want as never));
  }

  for (const row of [
    { name: 'a success forgives failures in a row', from: { kind: 'closed', failures: 2 }, want: { kind: 'closed', failures: 0 } },
    { name: 'the first good probe does not close', from: halfOpen(2), want: { kind: 'half-open', successes: 1, openings: 2 } },
    { name: 'the last one does', from: { kind: 'half-open', successes: 1, openings: 2 }, want: { kind: 'closed', failures: 0 } },
    {
      name: 'while open a success says nothing',
      from: { kind: 'open', untilMs: 7, openings: 1 },
      want: { kind: 'open', untilMs: 7, openings: 1 },
    },
  ] as { name: string; from: BreakerState; want: BreakerState }[]) {
    test(row.name, () => expect(onSuccess(row.from, config)).toEqual(row.want));
  }

  test('an open breaker is half-open when its time is up, and not before', () => {
    const open: BreakerState = { kind: 'open', untilMs: 1_000, openings: 3 };
    expect(stateAt(open, 999.9)).toBe(open);
    expect(stateAt(open, 1_000)).toEqual(halfOpen(3));
  });
});

function harness() {
  const clock = createManualClock();
  const changes: string[] = [];
  const breaker = createBreaker(config, { clock, random: () => 0, onChange: (from, to) => void changes.push(`${from} → ${to}`) });
  const open = () => {
    for (let index = 0; index < config.failuresMax; index += 1) breaker.failure(breaker.tryAcquire());
  };
  return { clock, changes, breaker, open };
}

describe('the breaker', () => {
  test('goes all the way round', () => {
    const { clock, changes, breaker, open } = harness();
    open();
    expect([breaker.tryAcquire(), breaker.snapshot()]).toEqual([
      'refuse',
      { state: 'open', failureCount: 3, recentFailures: 3, totalCalls: 3, retryAfterMs: 1_000 },
    ]);
    clock.advance(1_000);
    expect(breaker.snapshot().state).toBe('half-open');
    for (let index = 0; index < 2; index += 1) {
      expect(breaker.tryAcquire()).toBe('probe');
      breaker.success('probe');
    }
    expect(breaker.tryAcquire()).toBe('pass');
    expect(breaker.snapshot()).toEqual({ state: 'closed', failureCount: 0, recentFailures: 0, totalCalls: 5, retryAfterMs: 0 });
    expect(changes).toEqual(['closed → open', 'open → half-open', 'half-open → closed']);
  });

  test('lets one probe through at a time', () => {
    const { clock, breaker, open } = harness();
    open();
    clock.advance(1_000);
    expect([breaker.tryAcquire(), breaker.tryAcquire(), breaker.tryAcquire()]).toEqual(['probe', 'refuse', 'refuse']);
    breaker.success('probe');
    expect([breaker.tryAcquire(), breaker.tryAcquire()]).toEqual(['probe', 'refuse']);
    breaker.failure('probe');
    expect(breaker.tryAcquire()).toBe('refuse');
  });

  test('a cancelled probe makes room for the next', () => {
    const { clock, breaker, open } = harness();
    open();
    clock.advance(1_000);
    expect(breaker.tryAcquire()).toBe('probe');
    breaker.cancel('probe');
    expect(breaker.tryAcquire()).toBe('probe');
    expect(breaker.snapshot().totalCalls).toBe(3);
  });

  test('a late result of a call from before the opening neither closes nor opens it, nor frees the place of the probe', () => {
    const { clock, breaker, open } = harness();
    const early = breaker.tryAcquire();
    open();
    breaker.success(early);
    expect(breaker.snapshot().state).toBe('open');
    clock.advance(1_000);
    expect(breaker.tryAcquire()).toBe('probe');
    breaker.failure(early);
    breaker.success(early);
    breaker.cancel(early);
    expect([breaker.snapshot().state, breaker.tryAcquire()]).toEqual(['half-open', 'refuse']);
  });

  test('reset closes it at once', () => {
    const { breaker, open } = harness();
    open();
    breaker.reset();
    expect([breaker.tryAcquire(), breaker.snapshot().recentFailures]).toEqual(['pass', 0]);
  });

  test('only the last results are in the window', () => {
    const clock = createManualClock();
    const breaker = createBreaker(
      { ...config, failuresMax: 1_000, window: { size: 4, minimumCalls: 4, failureRate: 0.75 } },
      { clock, random: () => 0 },
    );
    for (const result of ['failure', 'failure', 'success', 'success', 'success', 'success', 'failure', 'failure'] as const)
      breaker[result](breaker.tryAcquire());
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', recentFailures: 2 });
    breaker.failure(breaker.tryAcquire());
    expect(breaker.snapshot()).toMatchObject({ state: 'open', recentFailures: 3 });
  });

  test('whatever happens, never two probes at once, and a breaker left alone always lets someone try again', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom('acquire', 'reset'), which: fc.constant(0) }),
      fc.record({ kind: fc.constantFrom('success', 'failure', 'cancel'), which: fc.nat(5) }),
      fc.record({ kind: fc.constant('wait'), which: fc.nat(3_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { clock, breaker } = harness();
        const inFlight: ('pass' | 'probe')[] = [];
        for (const { kind, which } of steps) {
          if (kind === 'wait') clock.advance(which);
          else if (kind === 'reset') breaker.reset();
          else if (kind === 'acquire') {
            const grant = breaker.tryAcquire();
            // A reset may leave an old probe behind; without one there is a single probe.
            if (grant === 'probe' && !steps.some((other) => other.kind === 'reset')) expect(inFlight).not.toContain('probe');
            if (grant !== 'refuse') inFlight.push(grant);
          } else {
            const [grant] = inFlight.splice(which % Math.max(1, inFlight.length), 1);
            if (grant !== undefined) breaker[kind](grant);
          }
        }
        for (const grant of inFlight) breaker.cancel(grant);
        clock.advance(config.openMsMax);
        expect(breaker.tryAcquire()).not.toBe('refuse');
      }),
      { numRuns: 2_000 },
    );
  });
});
