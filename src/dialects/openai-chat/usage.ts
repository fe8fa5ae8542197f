import type { Usage } from '../../operations/usage.ts';

/** Reads OpenAI's `usage` object, in chat's, completions' and embeddings' forms; undefined when it is none. */
export function readUsage(value: unknown): Usage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const usage = value as Record<string, unknown>;
  const input = count(usage['prompt_tokens']);
  const output = count(usage['completion_tokens']);
  const total = count(usage['total_tokens']);
  if (input === undefined && output === undefined && total === undefined) return undefined;
  const cached = count((usage['prompt_tokens_details'] as Record<string, unknown> | null | undefined)?.['cached_tokens']);
  const reasoning = count((usage['completion_tokens_details'] as Record<string, unknown> | null | undefined)?.['reasoning_tokens']);
  const read: { -readonly [K in keyof Usage]: Usage[K] } = {};
  if (input !== undefined) read.inputTokens = input;
  if (output !== undefined) read.outputTokens = output;
  if (total !== undefined) read.totalTokens = total;
  if (cached !== undefined) read.cachedInputTokens = cached;
  if (reasoning !== undefined) read.reasoningTokens = reasoning;
  return read;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
