import { describe, expect, test } from 'bun:test';
import type { Bucket, CounterStore } from './counter-store.ts';

export interface CounterDriver {
  /** A store whose keys nobody else uses; the suite disposes it. */
  readonly create: () => Promise<CounterStore> | CounterStore;
  /** Lets time pass for the store: by a manual clock, or by waiting where the time is the server's own. */
  readonly advance: (durationMs: number) => Promise<void> | void;
}

interface Case {
  readonly name: string;
  readonly run: (tools: {
    readonly store: CounterStore;
    readonly key: (text: string) => string;
    readonly advance: CounterDriver['advance'];
  }) => Promise<void>;
}

const { signal } = new AbortController();

// Redis tells time by itself, so a slow test may see a token more; hence long windows wherever none is to be gained.
const HOUR_MS = 3_600_000;

const hourly = (key: string, limit: number): Bucket => ({ key, limit, windowMs: HOUR_MS });

const CASES: readonly Case[] = [
  {
    name: 'take: allows exactly the limit',
    run: async ({ store, key }) => {
      for (let left = 9; left >= 0; left -= 1) {
        const { allowed, buckets } = await store.take([hourly(key('a'), 10)], signal);
        expect([allowed, buckets[0]?.remaining, buckets[0]?.retryAfterMs]).toEqual([true, left, 0]);
      }
      const { allowed, buckets } = await store.take([hourly(key('a'), 10)], signal);
      expect([allowed, buckets[0]?.remaining]).toEqual([false, 0]);
      expect(buckets[0]?.retryAfterMs).toBeWithin(HOUR_MS / 10 - 60_000, HOUR_MS / 10 + 1);
      expect(buckets[0]?.resetMs).toBeWithin(HOUR_MS - 60_000, HOUR_MS + 1);
    },
  },
  {
    name: 'take: allows exactly the limit to many at once',
    run: async ({ store, key }) => {
      const results = await Promise.all(
        Array.from({ length: 200 }, async () => store.take([hourly(key('a'), 60), hourly(key('b'), 100)], signal)),
      );
      expect(results.filter((result) => result.allowed).length).toBe(60);
      const { buckets } = await store.take([{ ...hourly(key('b'), 100), cost: 0 }], signal);
      expect(buckets[0]?.remaining).toBe(40);
    },
  },
  {
    name: 'take: charges none when one refuses, and says which',
    run: async ({ store, key }) => {
      const both = [hourly(key('small'), 1), hourly(key('large'), 10)];
      expect((await store.take(both, signal)).allowed).toBe(true);
      for (let round = 0; round < 3; round += 1) {
        const { allowed, buckets } = await store.take(both, signal);
        expect(allowed).toBe(false);
        expect(buckets.map((bucket) => bucket.remaining)).toEqual([0, 9]);
        expect(buckets.map((bucket) => bucket.retryAfterMs > 0)).toEqual([true, false]);
      }
    },
  },
  {
    name: 'take: refills evenly',
    run: async ({ store, key, advance }) => {
      const bucket = { key: key('a'), limit: 4, windowMs: 400 };
      expect((await store.take([{ ...bucket, cost: 4 }], signal)).allowed).toBe(true);
      expect((await store.take([{ ...bucket, cost: 4 }], signal)).allowed).toBe(false);
      await advance(220);
      expect((await store.take([{ ...bucket, cost: 2 }], signal)).allowed).toBe(true);
      await advance(450);
      expect((await store.take([{ ...bucket, cost: 4 }], signal)).buckets[0]?.remaining).toBe(0);
    },
  },
  {
    name: 'take: waiting as long as it says is enough',
    run: async ({ store, key, advance }) => {
      const bucket = { key: key('a'), limit: 2, windowMs: 100, cost: 2 };
      await store.take([bucket], signal);
      const refused = await store.take([bucket], signal);
      await advance(Math.ceil(refused.buckets[0]?.retryAfterMs ?? 0));
      expect((await store.take([bucket], signal)).allowed).toBe(true);
    },
  },
  {
    name: 'take: takes whole costs, looks for nothing, and never allows a cost over the limit',
    run: async ({ store, key }) => {
      const bucket = hourly(key('a'), 10);
      expect((await store.take([{ ...bucket, cost: 7 }], signal)).buckets[0]?.remaining).toBe(3);
      expect((await store.take([{ ...bucket, cost: 4 }], signal)).allowed).toBe(false);
      for (let round = 0; round < 3; round += 1) expect((await store.take([{ ...bucket, cost: 0 }], signal)).buckets[0]?.remaining).toBe(3);
      const never = await store.take([{ ...bucket, cost: 11 }], signal);
      expect([never.allowed, never.buckets[0]?.retryAfterMs]).toEqual([false, Infinity]);
    },
  },
  {
    name: 'take: a fractional limit is a share of one',
    run: async ({ store, key }) => {
      const bucket = hourly(key('a'), 2.5);
      const allowed = [];
      for (let round = 0; round < 3; round += 1) allowed.push((await store.take([bucket], signal)).allowed);
      expect(allowed).toEqual([true, true, false]);
    },
  },
  {
    name: 'take: keeps keys apart, whatever is in them',
    run: async ({ store, key }) => {
      for (const odd of ['a', 'A', 'a:b', 'a{b}', '{}', 'é', 'a b\r\nc', '', '*']) {
        expect((await store.take([hourly(key(odd), 1)], signal)).allowed).toBe(true);
        expect((await store.take([hourly(key(odd), 1)], signal)).allowed).toBe(false);
      }
    },
  },
  {
    name: 'add and peek: sum over a window that opens with the first amount',
    run: async ({ store, key }) => {
      expect(await store.peek(key('a'), signal)).toEqual({ total: 0, resetsInMs: 0 });
      expect((await store.add({ key: key('a'), amount: 5, windowMs: HOUR_MS }, signal)).total).toBe(5);
      expect((await store.add({ key: key('a'), amount: -2, windowMs: HOUR_MS }, signal)).total).toBe(3);
      const { total, resetsInMs } = await store.peek(key('a'), signal);
      expect(total).toBe(3);
      expect(resetsInMs).toBeWithin(HOUR_MS - 60_000, HOUR_MS + 1);
    },
  },
  {
    name: 'add and peek: begin again when the window has closed',
    run: async ({ store, key, advance }) => {
      await store.add({ key: key('a'), amount: 5, windowMs: 60 }, signal);
      await advance(80);
      expect((await store.peek(key('a'), signal)).total).toBe(0);
      expect((await store.add({ key: key('a'), amount: 1, windowMs: HOUR_MS }, signal)).total).toBe(1);
    },
  },
  {
    name: 'add and peek: lose nothing to many at once',
    run: async ({ store, key }) => {
      await Promise.all(Array.from({ length: 200 }, async () => store.add({ key: key('a'), amount: 3, windowMs: HOUR_MS }, signal)));
      expect((await store.peek(key('a'), signal)).total).toBe(600);
    },
  },
  {
    name: 'a signal that has aborted is obeyed, and nothing is charged',
    run: async ({ store, key }) => {
      const aborted = AbortSignal.abort(new Error('gone'));
      const bucket = hourly(key('a'), 1);
      const attempts = [
        async () => store.take([bucket], aborted),
        async () => store.add({ key: key('a'), amount: 1, windowMs: HOUR_MS }, aborted),
        async () => store.peek(key('a'), aborted),
      ];
      for (const attempt of attempts) expect(await attempt().catch(String)).toBe('Error: gone');
      expect((await store.take([bucket], signal)).allowed).toBe(true);
    },
  },
];

/** What every counter store must do; see counter-store.ts. */
export function counterConformance(name: string, driver: CounterDriver): void {
  describe(`counter store: ${name}`, () => {
    for (const { name: promise, run } of CASES) {
      test(promise, async () => {
        await using store = await driver.create();
        const id = crypto.randomUUID();
        await run({ store, key: (text) => `conformance:${id}:${text}`, advance: driver.advance });
      });
    }
  });
}
