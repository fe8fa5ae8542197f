import { expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import { PrefixCache, type PromptPart } from './prefix-cache.ts';

const MINUTE_MS = 60_000;
const part = (text: string, keepMs?: number): PromptPart => ({ text, tokens: 10, keepMs });

function usesOf(cache: PrefixCache, parts: readonly PromptPart[], scope = 'a') {
  const { readTokens, written } = cache.use(scope, parts);
  return { readTokens, written: Object.fromEntries(written) };
}

test('without a mark nothing is kept', () => {
  const cache = new PrefixCache({ clock: createManualClock() });
  for (const _ of [1, 2]) expect(usesOf(cache, [part('one'), part('two')])).toEqual({ readTokens: 0, written: {} });
});

test('a marked prefix is written once and read until its time is over, which each use begins anew', () => {
  const clock = createManualClock();
  const cache = new PrefixCache({ clock });
  const parts = [part('one'), part('two', MINUTE_MS), part('three')];
  expect(usesOf(cache, parts)).toEqual({ readTokens: 0, written: { [MINUTE_MS]: 20 } });
  for (const _ of [1, 2]) {
    clock.advance(MINUTE_MS - 1);
    expect(usesOf(cache, parts)).toEqual({ readTokens: 20, written: {} });
  }
  clock.advance(MINUTE_MS);
  expect(usesOf(cache, parts).readTokens).toBe(0);
  expect(usesOf(cache, parts, 'b').readTokens).toBe(0);
});

test('a mark further on reads what an earlier mark wrote, at most 20 parts back, and writes the rest', () => {
  const cache = new PrefixCache({ clock: createManualClock() });
  const long = Array.from({ length: 30 }, (_, index) => part(`part ${index}`));
  usesOf(cache, [...long.slice(0, 5), part('mark', MINUTE_MS)]);
  const grown = (count: number) => [...long.slice(0, 5), part('mark'), ...long.slice(5, 5 + count), part('end', 2 * MINUTE_MS)];
  expect(usesOf(cache, grown(19))).toEqual({ readTokens: 60, written: { [2 * MINUTE_MS]: 200 } });
  expect(usesOf(cache, grown(20)).readTokens).toBe(0);
});

test('what differs in one place shares nothing from there on', () => {
  const cache = new PrefixCache({ clock: createManualClock() });
  usesOf(cache, [part('one', MINUTE_MS), part('two', MINUTE_MS)]);
  expect(usesOf(cache, [part('one', MINUTE_MS), part('other', MINUTE_MS)])).toEqual({ readTokens: 10, written: { [MINUTE_MS]: 10 } });
  expect(usesOf(cache, [part('other', MINUTE_MS), part('two', MINUTE_MS)]).readTokens).toBe(0);
});
