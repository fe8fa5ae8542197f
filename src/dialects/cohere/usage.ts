/*
 * `tokens` is what the model read and wrote, `billed_units` what of it is paid for. Source: docs.cohere.com/reference/chat.
 */

import type { Usage } from '../../operations/usage.ts';
import { countOf } from '../dialect-embed.ts';
import { isRecord } from '../dialect-errors.ts';

/** Of a chat's `usage`, or of the `meta` of other answers; undefined where neither tells. */
export function readUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const tokens = isRecord(value['tokens']) ? value['tokens'] : {};
  const billed = isRecord(value['billed_units']) ? value['billed_units'] : {};
  const input = countOf(tokens['input_tokens']) ?? countOf(billed['input_tokens']);
  const output = countOf(tokens['output_tokens']) ?? countOf(billed['output_tokens']);
  const cached = countOf(value['cached_tokens']);
  if (input === undefined && output === undefined) return undefined;
  return {
    ...(input === undefined ? {} : { inputTokens: input }),
    ...(output === undefined ? {} : { outputTokens: output }),
    totalTokens: (input ?? 0) + (output ?? 0),
    ...(cached === undefined ? {} : { cachedInputTokens: cached }),
  };
}

export function writeUsage({ inputTokens, outputTokens, cachedInputTokens }: Usage): Record<string, unknown> {
  const counts = { input_tokens: inputTokens, output_tokens: outputTokens };
  return { billed_units: counts, tokens: counts, ...(cachedInputTokens === undefined ? {} : { cached_tokens: cachedInputTokens }) };
}

/** What answers other than chats say of themselves. */
export function writeMeta(usage: Usage | undefined): Record<string, unknown> {
  const input = usage?.inputTokens;
  return {
    api_version: { version: '2' },
    ...(input === undefined ? {} : { billed_units: { input_tokens: input }, tokens: { input_tokens: input } }),
  };
}
