/*
 * What an exchange cost: its usage by the prices of its model. Pure and exact: integers all the way, rounded once, to the nearest nano-dollar.
 *
 * Every token is counted once, at its own rate; where a list has none for its kind, at the rate of what it is a part of:
 *
 *   inputTokens   = cached (cached_input, else input) + written to the cache (cache_write, else input) + audio (input_audio, else input) + rest
 *   outputTokens  = reasoning (reasoning, else output) + audio (output_audio, else output) + rest
 *
 * That is how the vendors bill: platform.openai.com/docs/pricing (cached and audio tokens are parts of the input, reasoning is output),
 * platform.claude.com/docs/en/build-with-claude/prompt-caching (reads and writes have rates of their own), ai.google.dev/gemini-api/docs/pricing (a
 * prompt above a bound costs more, with its answer). The price list's own calculation is the oracle in the test.
 *
 * What usage does not tell is not in the cost: searches, containers, seconds of audio where a list counts those, and how long a cache was kept.
 */

import type { Usage } from '../operations/usage.ts';
import { NANO_DOLLARS, type PriceTable, type RateName, rateFor } from './prices.ts';

/** Nano-dollars; undefined where a count or a rate that matters is unknown, or a count is none. Unknown is never 0. */
export function costOf(usage: Usage, table: PriceTable): number | undefined {
  const { inputTokens, outputTokens } = usage;
  if (inputTokens === undefined || !areCounts(usage)) return undefined;
  // Models that write nothing, such as those of embeddings, have no rate for it and tell no count.
  if (outputTokens === undefined && table.rates.output !== undefined) return undefined;
  // An upstream may tell parts that are more than the whole: the whole is what it bills.
  const cached = Math.min(usage.cachedInputTokens ?? 0, inputTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, inputTokens - cached);
  const audio = Math.min(usage.audioInputTokens ?? 0, inputTokens - cached - written);
  const output = outputTokens ?? 0;
  const spoken = Math.min(usage.audioOutputTokens ?? 0, output);
  const reasoning = Math.min(usage.reasoningTokens ?? 0, output - spoken);
  const parts: readonly Part[] = [
    [inputTokens - cached - written - audio, 'input', 'input'],
    [cached, 'cached_input', 'input'],
    [written, 'cache_write', 'input'],
    [audio, 'input_audio', 'input'],
    [output - reasoning - spoken, 'output', 'output'],
    [reasoning, 'reasoning', 'output'],
    [spoken, 'output_audio', 'output'],
  ];
  return sum(parts, table, inputTokens);
}

type Part = readonly [tokens: number, rate: RateName, otherwise: RateName];

const MILLION = 1_000_000n;

/** In BigInt: doubles hold these products exactly only up to some $9 for a request. */
function sum(parts: readonly Part[], { rates, perRequest = 0 }: PriceTable, inputTokens: number): number | undefined {
  let total = 0n;
  let isPriced = false;
  for (const [tokens, name, otherwise] of parts) {
    const rate = rates[name] ?? rates[otherwise];
    isPriced ||= rate !== undefined;
    if (tokens === 0) continue;
    if (rate === undefined) return undefined;
    total += BigInt(tokens) * BigInt(rateFor(rate, inputTokens));
  }
  if (!isPriced) return undefined;
  const cost = Number((total + MILLION / 2n) / MILLION) + perRequest;
  return Number.isSafeInteger(cost) ? cost : undefined;
}

function areCounts(usage: Usage): boolean {
  for (const name in usage) {
    const count = usage[name as keyof Usage];
    if (count !== undefined && (!Number.isSafeInteger(count) || count < 0)) return false;
  }
  return true;
}

/** Nano-dollars as US dollars in plain decimal digits, without trailing zeros: `0.0012345`. */
export function formatDollars(nanos: number): string {
  const fraction = nanos % NANO_DOLLARS;
  const whole = String((nanos - fraction) / NANO_DOLLARS);
  if (fraction === 0) return whole;
  const digits = String(fraction).padStart(9, '0');
  let end = 9;
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return `${whole}.${digits.slice(0, end)}`;
}
