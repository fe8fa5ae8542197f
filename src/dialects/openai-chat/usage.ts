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
  const read: { -readonly [K in keyof Usage]: Usage[K] } = {};
  if (input !== undefined) read.inputTokens = input;
  if (output !== undefined) read.outputTokens = output;
  if (total !== undefined) read.totalTokens = total;
  if (cached !== undefined) read.cachedInputTokens = cached;
  if (reasoning !== undefined) read.reasoningTokens = reasoning;
  // Nearly every reply says that none of it was audio: that need not be carried on.
  if (audioInput !== undefined && audioInput > 0) read.audioInputTokens = audioInput;
  if (audioOutput !== undefined && audioOutput > 0) read.audioOutputTokens = audioOutput;
  return read;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
