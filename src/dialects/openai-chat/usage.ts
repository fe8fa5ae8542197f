import type { Usage } from '../../operations/usage.ts';

/** Reads OpenAI's `usage` object, in chat's, completions' and embeddings' forms; undefined when it is none. */
export function readUsage(value: unknown): Usage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const usage = value as Record<string, unknown>;
  const input = count(usage['prompt_tokens']);
  const output = count(usage['completion_tokens']);
  const total = count(usage['total_tokens']);
  if (input === undefined && output === undefined && total === undefined) return undefined;
  const inputDetails = usage['prompt_tokens_details'] as Record<string, unknown> | null | undefined;
  const outputDetails = usage['completion_tokens_details'] as Record<string, unknown> | null | undefined;
  const cached = count(inputDetails?.['cached_tokens']);
  const reasoning = count(outputDetails?.['reasoning_tokens']);
  const audioInput = count(inputDetails?.['audio_tokens']);
  const audioOutput = count(outputDetails?.['audio_tokens']);
  const written = count(inputDetails?.['cache_write_tokens']);
  const read: { -readonly [K in keyof Usage]: Usage[K] } = {};
  if (input !== undefined) read.inputTokens = input;
  if (output !== undefined) read.outputTokens = output;
  if (total !== undefined) read.totalTokens = total;
  if (cached !== undefined) read.cachedInputTokens = cached;
  if (reasoning !== undefined) read.reasoningTokens = reasoning;
  if (written !== undefined) read.cacheWriteTokens = written;
  // Nearly every reply says that none of it was audio: that need not be carried on.
  if (audioInput !== undefined && audioInput > 0) read.audioInputTokens = audioInput;
  if (audioOutput !== undefined && audioOutput > 0) read.audioOutputTokens = audioOutput;
  return read;
}

/** The object that callers read. Tokens written to a cache have OpenRouter's name: OpenAI itself does not tell them. */
export function writeUsage(usage: Usage): Record<string, unknown> {
  const { inputTokens, outputTokens, totalTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  const isSplit = cachedInputTokens !== undefined || cacheWriteTokens !== undefined;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: totalTokens ?? (inputTokens ?? 0) + (outputTokens ?? 0),
    ...(isSplit ? { prompt_tokens_details: { cached_tokens: cachedInputTokens, cache_write_tokens: cacheWriteTokens } } : {}),
    ...(reasoningTokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
