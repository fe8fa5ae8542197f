import { describe, expect, test } from 'bun:test';
import type { ValueStore } from './value-store.ts';

export interface ValueDriver {
  /** A store whose keys nobody else uses, with room for 10 MB; the suite disposes it. */
  readonly create: () => Promise<ValueStore> | ValueStore;
  /** Lets time pass for the store: by a manual clock, or by waiting where the time is the server's own. */
  readonly advance: (durationMs: number) => Promise<void> | void;
}

interface Case {
  readonly name: string;
  readonly run: (tools: {
    readonly store: ValueStore;
    readonly key: (text: string) => string;
    readonly advance: ValueDriver['advance'];
  }) => Promise<void>;
}

const { signal } = new AbortController();
const LONG = { ttlMs: 3_600_000, signal };

const CASES: readonly Case[] = [
  {
    name: 'what was set is answered, to the byte',
    run: async ({ store, key }) => {
      const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const large = new Uint8Array(2_000_000).map((_, index) => (index * 31) % 251);
      for (const [index, bytes] of [new Uint8Array(0), allBytes, Uint8Array.of(0xc3, 0x28, 0x0d, 0x0a, 0), large].entries()) {
        await store.set(key(String(index)), bytes, LONG);
        expect(Buffer.compare((await store.get(key(String(index)), signal)) ?? Buffer.from('absent'), bytes)).toBe(0);
      }
    },
  },
  {
    name: 'what is absent is undefined',
    run: async ({ store, key }) => {
      expect(await store.get(key('a'), signal)).toBeUndefined();
    },
  },
  {
    name: 'a part of a buffer is stored as that part',
    run: async ({ store, key }) => {
      await store.set(key('a'), Buffer.from('0123456789').subarray(3, 6), LONG);
      expect(new TextDecoder().decode((await store.get(key('a'), signal)) ?? new Uint8Array(0))).toBe('345');
    },
  },
  {
    name: 'the last one set is answered',
    run: async ({ store, key }) => {
      await store.set(key('a'), Uint8Array.of(1), LONG);
      await store.set(key('a'), Uint8Array.of(2), LONG);
      expect((await store.get(key('a'), signal))?.[0]).toBe(2);
    },
  },
  {
    name: 'what was deleted is absent',
    run: async ({ store, key }) => {
      await store.set(key('a'), Uint8Array.of(1), LONG);
      await store.delete(key('a'), signal);
      await store.delete(key('b'), signal);
      expect(await store.get(key('a'), signal)).toBeUndefined();
    },
  },
  {
    name: 'a value is absent when its time is over',
    run: async ({ store, key, advance }) => {
      await store.set(key('a'), Uint8Array.of(1), { ttlMs: 80.5, signal });
      await store.set(key('b'), Uint8Array.of(2), LONG);
      await advance(100);
      expect(await store.get(key('a'), signal)).toBeUndefined();
      expect((await store.get(key('b'), signal))?.[0]).toBe(2);
    },
  },
  {
    name: 'a new value has a new time',
    run: async ({ store, key, advance }) => {
      await store.set(key('a'), Uint8Array.of(1), { ttlMs: 60, signal });
      await store.set(key('a'), Uint8Array.of(2), LONG);
      await advance(80);
      expect((await store.get(key('a'), signal))?.[0]).toBe(2);
    },
  },
  {
    name: 'without time a value is not stored, nor its predecessor kept',
    run: async ({ store, key }) => {
      await store.set(key('a'), Uint8Array.of(1), LONG);
      await store.set(key('a'), Uint8Array.of(2), { ttlMs: 0, signal });
      expect(await store.get(key('a'), signal)).toBeUndefined();
    },
  },
  {
    name: 'keeps keys apart, whatever is in them',
    run: async ({ store, key }) => {
      const odd = ['a', 'A', 'a:b', 'a{b}', 'é', 'a b\r\nc', '', '*', 'x'.repeat(1_000)];
      await Promise.all(odd.map(async (text, index) => store.set(key(text), Uint8Array.of(index), LONG)));
      const found = await Promise.all(odd.map(async (text) => (await store.get(key(text), signal))?.[0]));
      expect(found).toEqual(odd.map((_, index) => index));
    },
  },
  {
    name: 'what begins with a prefix is deleted, and nothing else, whatever is in them',
    run: async ({ store, key }) => {
      const ours = Array.from({ length: 500 }, (_, index) => `o*?[ur]s\\:${index}`);
      const others = ['o*?[ur]s\\', 'o*?[ur]t\\:1', 'oxyur:1', 'oooours\\:1', 'u:o*?[ur]s\\:1', 'O*?[UR]S\\:1'];
      await Promise.all([...ours, ...others].map(async (text) => store.set(key(text), Uint8Array.of(1), LONG)));
      expect(await store.deletePrefix(key('o*?[ur]s\\:'), signal)).toBe(ours.length);
      const found = await Promise.all([...ours, ...others].map(async (text) => (await store.get(key(text), signal)) !== undefined));
      expect(found.filter(Boolean)).toHaveLength(others.length);
      expect(await store.deletePrefix(key('o*?[ur]s\\:'), signal)).toBe(0);
    },
  },
  {
    name: 'what is deleted by its prefix may be set again',
    run: async ({ store, key }) => {
      await store.set(key('a:1'), Uint8Array.of(1), LONG);
      await store.deletePrefix(key('a:'), signal);
      await store.set(key('a:1'), Uint8Array.of(2), LONG);
      expect((await store.get(key('a:1'), signal))?.[0]).toBe(2);
    },
  },
  {
    name: 'a signal that has aborted is obeyed',
    run: async ({ store, key }) => {
      const aborted = AbortSignal.abort(new Error('gone'));
      const attempts = [
        async () => store.get(key('a'), aborted),
        async () => store.set(key('a'), Uint8Array.of(1), { ttlMs: 1_000, signal: aborted }),
        async () => store.delete(key('a'), aborted),
        async () => store.deletePrefix(key('a'), aborted),
      ];
      for (const attempt of attempts) expect(await attempt().catch(String)).toBe('Error: gone');
      expect(await store.get(key('a'), signal)).toBeUndefined();
    },
  },
];

/** What every value store must do; see value-store.ts. */
export function valueConformance(name: string, driver: ValueDriver): void {
  describe(`value store: ${name}`, () => {
    for (const { name: promise, run } of CASES) {
      test(promise, async () => {
        await using store = await driver.create();
        const id = crypto.randomUUID();
        await run({ store, key: (text) => `${id}:${text}`, advance: driver.advance });
      });
    }
  });
}
