import { describe, expect, test } from 'bun:test';
import { calcPrice, findProvider, type MatchLogic } from '@pydantic/genai-prices';
import fc from 'fast-check';
import type { Usage } from '../operations/usage.ts';
import { createCatalog } from './catalog.ts';
import { costOf, formatDollars } from './cost.ts';
import { nanoDollars, type PriceTable, type Rate, type RateName, tableAt } from './prices.ts';
import { readSnapshot } from './snapshot.ts';

/** A table of dollars for a million tokens. */
function table(dollars: Partial<Record<RateName, number>>, more: Partial<PriceTable> = {}): PriceTable {
  return { rates: Object.fromEntries(Object.entries(dollars).map(([name, amount]) => [name, nanoDollars(amount)])), ...more };
}

const tiered = (small: number, above: number, large: number): Rate => ({
  base: nanoDollars(small),
  tiers: [{ above, rate: nanoDollars(large) }],
});

const CLAUDE = table({ input: 3, cached_input: 0.3, cache_write: 3.75, output: 15 });

describe('the cost of', () => {
  for (const { name, usage, prices, want } of [
    { name: 'input and output', usage: { inputTokens: 1_000, outputTokens: 100 }, prices: CLAUDE, want: '0.0045' },
    {
      name: 'cached and written input, each once',
      usage: { inputTokens: 10_000, cachedInputTokens: 6_000, cacheWriteTokens: 3_000, outputTokens: 0 },
      prices: CLAUDE,
      want: '0.01605',
    },
    {
      name: 'reasoning, once, as output',
      usage: { inputTokens: 0, outputTokens: 1_000, reasoningTokens: 900 },
      prices: CLAUDE,
      want: '0.015',
    },
    {
      name: 'reasoning that has a rate of its own',
      usage: { inputTokens: 0, outputTokens: 1_000, reasoningTokens: 900 },
      prices: table({ input: 2, output: 8, reasoning: 3 }),
      want: '0.0035',
    },
    {
      name: 'audio, each way',
      usage: { inputTokens: 100, audioInputTokens: 80, outputTokens: 50, audioOutputTokens: 40 },
      prices: table({ input: 2.5, output: 10, input_audio: 40, output_audio: 80 }),
      want: '0.00655',
    },
    {
      name: 'cached input without a rate: as input',
      usage: { inputTokens: 1_000, cachedInputTokens: 500, outputTokens: 0 },
      prices: table({ input: 2, output: 8 }),
      want: '0.002',
    },
    { name: 'embeddings, which write nothing', usage: { inputTokens: 1_000 }, prices: table({ input: 0.02 }), want: '0.00002' },
    { name: 'a model that is free', usage: { inputTokens: 1_000, outputTokens: 9 }, prices: table({ input: 0, output: 0 }), want: '0' },
    {
      name: 'a request as such',
      usage: { inputTokens: 1_000, outputTokens: 1_000 },
      prices: table({ input: 1, output: 1 }, { perRequest: nanoDollars(0.005) }),
      want: '0.007',
    },
    {
      name: 'a request at the bound of a tier',
      usage: { inputTokens: 200_000, outputTokens: 1_000 },
      prices: { rates: { input: tiered(3, 200_000, 6), output: tiered(15, 200_000, 22.5) } },
      want: '0.615',
    },
    {
      name: 'a request above it, throughout',
      usage: { inputTokens: 200_001, cachedInputTokens: 100_000, outputTokens: 1_000 },
      prices: { rates: { input: tiered(3, 200_000, 6), cached_input: tiered(0.3, 200_000, 0.6), output: tiered(15, 200_000, 22.5) } },
      want: '0.682506',
    },
    {
      name: 'parts that are more than the whole: the whole',
      usage: { inputTokens: 100, cachedInputTokens: 900, cacheWriteTokens: 900, outputTokens: 10, reasoningTokens: 99 },
      prices: CLAUDE,
      want: '0.00018',
    },
    {
      name: 'a token that costs less than a nano-dollar',
      usage: { inputTokens: 1, outputTokens: 0 },
      prices: table({ input: 0.0004, output: 1 }),
      want: '0',
    },
    {
      name: 'a bill too large for floating point cents',
      usage: { inputTokens: 999_999_999, outputTokens: 999_999_999 },
      prices: table({ input: 0.1, output: 0.2 }),
      want: '299.9999997',
    },
  ] satisfies { name: string; usage: Usage; prices: PriceTable; want: string }[]) {
    test(name, () => {
      const cost = costOf(usage, prices);
      expect(cost === undefined ? undefined : formatDollars(cost)).toBe(want);
    });
  }

  for (const { name, usage, prices } of [
    { name: 'usage without a count of input', usage: { outputTokens: 5 }, prices: CLAUDE },
    { name: 'usage without a count of output, where output costs something', usage: { inputTokens: 5 }, prices: CLAUDE },
    { name: 'output without a rate', usage: { inputTokens: 5, outputTokens: 5 }, prices: table({ input: 1 }) },
    { name: 'input without a rate', usage: { inputTokens: 5, outputTokens: 5 }, prices: table({ output: 1 }) },
    { name: 'a model without any rate', usage: { inputTokens: 0, outputTokens: 0 }, prices: table({}) },
    { name: 'a count below zero', usage: { inputTokens: -5, outputTokens: 5 }, prices: CLAUDE },
    { name: 'half a token', usage: { inputTokens: 1.5, outputTokens: 5 }, prices: CLAUDE },
    {
      name: 'a count beyond all bounds',
      usage: { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 5 },
      prices: table({ input: 999_999, output: 1 }),
    },
  ]) {
    test(`${name} is unknown, not 0`, () => expect(costOf(usage, prices)).toBeUndefined());
  }
});

test('dollars are plain decimal digits', () => {
  for (const [nanos, want] of [
    [0, '0'],
    [1, '0.000000001'],
    [1_000_000_000, '1'],
    [1_234_567_890, '1.23456789'],
    [12_000_000_100, '12.0000001'],
  ] as const) {
    expect(formatDollars(nanos)).toBe(want);
    expect(JSON.parse(formatDollars(nanos))).toBe(nanos / 1e9);
  }
});

describe('which prices hold', () => {
  const first = table({ input: 1 });
  const later = table({ input: 2 }, { fromMs: Date.parse('2026-08-17') });
  const day = table({ input: 3 }, { daily: { start: 3_600, end: 14_400 } });
  const night = table({ input: 4 }, { daily: { start: 79_200, end: 3_600 } });
  for (const [name, tables, at, want] of [
    ['the only ones', [first], '2020-01-01T00:00:00Z', first],
    ['those from before a change', [first, later], '2026-08-16T23:59:59Z', first],
    ['those from a change on', [first, later], '2026-08-17T00:00:00Z', later],
    ['those of an hour', [first, later, day], '2027-01-01T01:00:00Z', day],
    ['others when the hour is over', [first, later, day], '2027-01-01T04:00:00Z', later],
    ['those of a night, before midnight', [first, night], '2027-01-01T22:00:00Z', night],
    ['those of a night, after it', [first, night], '2027-01-02T00:59:59Z', night],
    ['others by day', [first, night], '2027-01-02T01:00:00Z', first],
    ['the first when none is valid yet', [later], '2020-01-01T00:00:00Z', later],
  ] as const) {
    test(name, () => expect(tableAt(tables, Date.parse(at))).toBe(want));
  }
});

/** The names that a list has as they are: whole names, which both sides must take for the same model. */
function namesOf(match: MatchLogic): string[] {
  if ('or' in match) return match.or.flatMap(namesOf);
  return 'equals' in match ? [match.equals] : [];
}

describe("the price list's own calculation", () => {
  const catalog = createCatalog({ models: {} });
  const names = [...readSnapshot().lists.keys()].flatMap((list) =>
    (findProvider({ providerId: list })?.models ?? []).flatMap(({ match }) => namesOf(match).map((model) => ({ list, model }))),
  );
  const count = fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(2_000_000));
  // Around changes of prices, and at all hours.
  const time = fc.integer({ min: Date.parse('2025-01-01'), max: Date.parse('2027-01-01') });

  test('agrees, for every model, size of request and time', () => {
    expect(names.length).toBeGreaterThan(1_000);
    let compared = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.tuple(count, count, count, count),
        time,
        ({ list, model }, [rest, cached, written, output], nowMs) => {
          const prices = catalog.find({ provider: list, list, model })?.prices;
          const held = prices === undefined ? undefined : tableAt(prices, nowMs);
          const ours =
            held === undefined
              ? undefined
              : costOf(
                  { inputTokens: rest + cached + written, cachedInputTokens: cached, cacheWriteTokens: written, outputTokens: output },
                  held,
                );
          const theirs = calcPrice(
            { input_tokens: rest + cached + written, cache_read_tokens: cached, cache_write_tokens: written, output_tokens: output },
            model,
            { providerId: list, timestamp: new Date(nowMs) },
          );
          // Where it knows no rate it counts 0, and we say that it is unknown.
          if (ours === undefined) {
            if (held?.rates.input !== undefined && held.rates.output !== undefined)
              throw new Error(`${list}/${model} has prices, and no cost`);
            return;
          }
          compared += 1;
          expect(Math.abs(ours / 1e9 - (theirs?.total_price ?? Number.NaN))).toBeLessThan(1e-9 + Math.abs(ours / 1e9) * 1e-12);
        },
      ),
      { numRuns: 5_000 },
    );
    expect(compared).toBeGreaterThan(3_000);
  });
});
