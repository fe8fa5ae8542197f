/*
 * What a model costs: rates, which may rise with the size of a request, be valid from a day on, or hold for some hours of the day.
 *
 * A rate is nano-dollars for a million tokens, as an integer: the least price in any list ($0.001 for a million) is 1,000,000 of them, so nothing
 * is rounded before the very end (cost.ts).
 */

/** Sums of money are whole numbers of these: 10^-9 US dollars. */
export const NANO_DOLLARS = 1_000_000_000;

export const RATE_NAMES = [
  'input',
  'cached_input', // read from the provider's prompt cache
  'cache_write', // written to it, kept for the provider's usual time
  'cache_write_1h', // kept for an hour
  'output',
  'reasoning', // where it costs something else than the rest of the output
  'input_audio',
  'cached_audio',
  'output_audio',
  'input_image',
  'output_image',
] as const;
export type RateName = (typeof RATE_NAMES)[number];

/** Nano-dollars for a million tokens. */
export type Rate = number | TieredRate;

export interface TieredRate {
  readonly base: number;
  /** In rising order. The rate of the last one whose `above` is below the request's input tokens holds for the whole request. */
  readonly tiers: readonly { readonly above: number; readonly rate: number }[];
}

export interface PriceTable {
  readonly rates: Readonly<Partial<Record<RateName, Rate>>>;
  /** Nano-dollars for each request, whatever its size. */
  readonly perRequest?: number;
  /** Valid from here on: milliseconds since the epoch. */
  readonly fromMs?: number;
  /** Valid for these seconds of each day (UTC), the end excluded; over midnight where the end is the smaller. */
  readonly daily?: { readonly start: number; readonly end: number };
}

/** Dollars, as people and lists write them, as nano-dollars. */
export function nanoDollars(dollars: number): number {
  return Math.round(dollars * NANO_DOLLARS);
}

/** A rate for a request of so many input tokens. */
export function rateFor(rate: Rate, inputTokens: number): number {
  if (typeof rate === 'number') return rate;
  let found = rate.base;
  for (const tier of rate.tiers) if (inputTokens > tier.above) found = tier.rate;
  return found;
}

/** The table that holds at a time (milliseconds since the epoch): the last one that is valid, else the first. Undefined: there is none. */
export function tableAt(tables: readonly PriceTable[], nowMs: number): PriceTable | undefined {
  return tables.findLast((table) => isValid(table, nowMs)) ?? tables[0];
}

function isValid({ fromMs, daily }: PriceTable, nowMs: number): boolean {
  if (fromMs !== undefined && nowMs < fromMs) return false;
  if (daily === undefined) return true;
  const second = Math.floor(nowMs / 1_000) % 86_400;
  return daily.end < daily.start ? second >= daily.start || second < daily.end : second >= daily.start && second < daily.end;
}
