import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type BreakerConfig, type BreakerNews, type BreakerState, createBreaker, onNews } from './breaker.ts';
import { createManualClock } from './manual-clock.ts';

const config: BreakerConfig = {
  failuresMax: 3,
  window: { size: 100, minimumCalls: 20, failureRate: 0.5 },
  openMs: 1_000,
  openMsMax: 8_000,
  successesToClose: 2,
};
const OPENED: BreakerNews = { kind: 'opened', forMs: 1_000 };
const CLOSED_AGAIN: BreakerNews = { kind: 'closed' };

function harness() {
  const clock = createManualClock();
  const changes: string[] = [];
  const breaker = createBreaker(config, { clock, random: () => 0, onChange: (from, to) => void changes.push(`${from} ${to}`) });
  const fail = (times: number) => {
    for (let index = 0; index < times; index += 1) breaker.failure(breaker.tryAcquire());
  };
  const succeed = () => breaker.success(breaker.tryAcquire());
  return { clock, breaker, changes, fail, succeed };
}

describe('what follows from news', () => {
  const facts = { nowMs: 100, openMsMax: 8_000 };
  const closed: BreakerState = { kind: 'closed', failures: 2 };
  const own: BreakerState = { kind: 'open', untilMs: 900, openings: 2 };
  const told: BreakerState = { kind: 'open', untilMs: 900, openings: 1, told: true };
  const half: BreakerState = { kind: 'half-open', successes: 1, openings: 2 };
  for (const { name, from, news, want } of [
    { name: 'an opening opens', from: closed, news: OPENED, want: { kind: 'open', untilMs: 1_100, openings: 1, told: true } },
    {
      name: 'for no longer than it may ever be open',
      from: closed,
      news: { kind: 'opened', forMs: 1e12 } as const,
      want: { kind: 'open', untilMs: 8_100, openings: 1, told: true },
    },
    { name: 'an opening that is over says nothing', from: closed, news: { kind: 'opened', forMs: 0 } as const, want: closed },
    { name: 'a time that makes no sense says nothing', from: closed, news: { kind: 'opened', forMs: Number.NaN } as const, want: closed },
    { name: 'an opening does not lengthen another', from: own, news: OPENED, want: own },
    { name: 'an opening does not disturb the probe', from: half, news: OPENED, want: half },
    { name: 'a closing ends what was told', from: told, news: CLOSED_AGAIN, want: { kind: 'closed', failures: 0 } },
    { name: 'a closing lets whoever saw for itself probe', from: own, news: CLOSED_AGAIN, want: { ...own, untilMs: 100 } },
    { name: 'a closing leaves a probe alone', from: half, news: CLOSED_AGAIN, want: half },
    { name: 'a closing says nothing to the closed', from: closed, news: CLOSED_AGAIN, want: closed },
  ] as const)
    test(name, () => expect(onNews(from, news, facts)).toEqual(want));
});

describe('a breaker that hears of others', () => {
  test('opens for the time it was told, lets one probe through, and closes by what it sees itself', () => {
    const { clock, breaker, changes, succeed } = harness();
    breaker.learn(OPENED);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 1_000, failureCount: 0 });
    expect(breaker.tryAcquire()).toBe('refuse');
    clock.advance(1_000);
    expect([breaker.tryAcquire(), breaker.tryAcquire()]).toEqual(['probe', 'refuse']);
    breaker.success('probe');
    succeed();
    expect(changes).toEqual(['closed open', 'open half-open', 'half-open closed']);
  });

  test('goes by what it sees itself once that has contradicted the news', () => {
    const { clock, breaker, succeed } = harness();
    breaker.learn(OPENED);
    clock.advance(1_000);
    succeed();
    succeed();
    breaker.learn(OPENED);
    expect(breaker.snapshot().state).toBe('closed');
    clock.advance(config.openMsMax);
    breaker.learn(OPENED);
    expect(breaker.snapshot().state).toBe('open');
  });

  test('opens by its own failures all the same, also while it believes nobody', () => {
    const { breaker, fail } = harness();
    breaker.learn(OPENED);
    breaker.learn(CLOSED_AGAIN);
    fail(3);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', failureCount: 3 });
    // It saw for itself: a closing elsewhere shortens the wait and no more.
    breaker.learn(CLOSED_AGAIN);
    expect(breaker.snapshot().state).toBe('half-open');
    expect(breaker.tryAcquire()).toBe('probe');
  });

  test('is closed off by others for no more than half of the time, whatever they say', () => {
    const news = fc.oneof(
      fc.record({ kind: fc.constant('opened' as const), forMs: fc.integer({ min: -10, max: 100_000 }) }),
      fc.constant({ kind: 'closed' as const }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(news, fc.nat(500)), { minLength: 200, maxLength: 400 }), (said) => {
        const { clock, breaker } = harness();
        let refused = 0;
        let total = 0;
        for (const [told, waitMs] of said) {
          breaker.learn(told);
          // The thing itself is well: every call that is let through succeeds.
          for (let call = 0; call < 2; call += 1) {
            const grant = breaker.tryAcquire();
            if (grant === 'refuse') refused += waitMs / 2;
            else breaker.success(grant);
          }
          total += waitMs;
          clock.advance(waitMs);
        }
        expect(refused).toBeLessThanOrEqual(total / 2 + config.openMsMax + 500);
      }),
      { numRuns: 300 },
    );
  });
});
