/*
 * Bedrock counts what was read from a cache and written to it apart from `inputTokens`; our words count all of it as input.
 * Source: TokenUsage in the API reference of Bedrock Runtime, and its guide to prompt caching.
 */

import type { Usage } from '../../operations/usage.ts';
import { isRecord } from '../dialect-errors.ts';

/** Undefined when it is none, or says nothing: the format has no word for an unknown number, and no prompt has 0 tokens. */
export function readUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const fresh = count(value['inputTokens']);
  const cached = count(value['cacheReadInputTokens']);
  const written = count(value['cacheWriteInputTokens']);
  const output = count(value['outputTokens']);
  const input = fresh === undefined ? undefined : fresh + (cached ?? 0) + (written ?? 0);
  if ((input ?? 0) === 0 && (output ?? 0) === 0) return undefined;
  return {
    ...(input === undefined ? {} : { inputTokens: input }),
    ...(output === undefined ? {} : { outputTokens: output }),
    ...(input === undefined || output === undefined ? {} : { totalTokens: input + output }),
    ...(cached === undefined ? {} : { cachedInputTokens: cached }),
    ...(written === undefined ? {} : { cacheWriteTokens: written }),
  };
}

/** Clients add up the three that always are there: those are 0 where they are not known. */
export function writeUsage(usage: Usage | undefined): Record<string, number> {
  const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens, cachedInputTokens, cacheWriteTokens } = usage ?? {};
  return {
    inputTokens: Math.max(0, inputTokens - (cachedInputTokens ?? 0) - (cacheWriteTokens ?? 0)),
    outputTokens,
    totalTokens,
    ...(cachedInputTokens === undefined ? {} : { cacheReadInputTokens: cachedInputTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteInputTokens: cacheWriteTokens }),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
