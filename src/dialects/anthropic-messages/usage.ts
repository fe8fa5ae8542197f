/*
 * Anthropic counts what was read from its cache and written to it apart from `input_tokens`; our words count all of it as input.
 * Source: platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance.
 */

import type { Usage } from '../../operations/usage.ts';
import { isRecord } from '../dialect-errors.ts';

/** Reads `usage` of a message, or of an event that tells it; undefined when it is none. */
export function readUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const fresh = count(value['input_tokens']);
  const written = count(value['cache_creation_input_tokens']);
  const cached = count(value['cache_read_input_tokens']);
  const output = count(value['output_tokens']);
  const input = fresh === undefined ? undefined : fresh + (written ?? 0) + (cached ?? 0);
  // The format has no word for an unknown number: a server that does not know writes 0 twice, and no prompt has 0 tokens.
  if ((input ?? 0) === 0 && (output ?? 0) === 0) return undefined;
  const details = value['output_tokens_details'];
  const reasoning = isRecord(details) ? count(details['thinking_tokens']) : undefined;
  const usage: { -readonly [Key in keyof Usage]: Usage[Key] } = {};
  if (input !== undefined) usage.inputTokens = input;
  if (output !== undefined) usage.outputTokens = output;
  if (input !== undefined && output !== undefined) usage.totalTokens = input + output;
  if (cached !== undefined) usage.cachedInputTokens = cached;
  if (written !== undefined) usage.cacheWriteTokens = written;
  if (reasoning !== undefined) usage.reasoningTokens = reasoning;
  return usage;
}

/** What a later event says, over what an earlier one did: counts are cumulative, and older servers leave out those that do not change. */
export function laterUsage(earlier: Usage | undefined, later: Usage | undefined): Usage | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  const merged = { ...earlier, ...later };
  const { inputTokens, outputTokens } = merged;
  return inputTokens === undefined || outputTokens === undefined ? merged : { ...merged, totalTokens: inputTokens + outputTokens };
}

/** `usage` as Anthropic writes it. What is not known is null, but for the two that clients add up: those are 0. */
export function writeUsage(usage: Usage | undefined): Record<string, unknown> {
  const { inputTokens = 0, outputTokens = 0, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage ?? {};
  return {
    input_tokens: Math.max(0, inputTokens - (cachedInputTokens ?? 0) - (cacheWriteTokens ?? 0)),
    cache_creation_input_tokens: cacheWriteTokens ?? null,
    cache_read_input_tokens: cachedInputTokens ?? null,
    output_tokens: outputTokens,
    output_tokens_details: reasoningTokens === undefined ? null : { thinking_tokens: reasoningTokens },
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
