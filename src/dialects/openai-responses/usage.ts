import type { Usage } from '../../operations/usage.ts';
import { isRecord } from '../dialect-errors.ts';

/** Reads the `usage` of a response; undefined when it is none. */
export function readUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const input = count(value['input_tokens']);
  const output = count(value['output_tokens']);
  const total = count(value['total_tokens']);
  if (input === undefined && output === undefined && total === undefined) return undefined;
  const details = isRecord(value['input_tokens_details']) ? value['input_tokens_details'] : {};
  const cached = count(details['cached_tokens']);
  const written = count(details['cache_write_tokens']);
  const reasoning = isRecord(value['output_tokens_details']) ? count(value['output_tokens_details']['reasoning_tokens']) : undefined;
  const read: { -readonly [K in keyof Usage]: Usage[K] } = {};
  if (input !== undefined) read.inputTokens = input;
  if (output !== undefined) read.outputTokens = output;
  if (total !== undefined) read.totalTokens = total;
  if (cached !== undefined) read.cachedInputTokens = cached;
  if (written !== undefined) read.cacheWriteTokens = written;
  if (reasoning !== undefined) read.reasoningTokens = reasoning;
  return read;
}

/** Clients require every number but those written to a cache; what is unknown can only be told as 0. */
export function writeUsage(usage: Usage): Record<string, unknown> {
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens ?? 0,
      ...(usage.cacheWriteTokens === undefined ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.totalTokens ?? input + output,
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
