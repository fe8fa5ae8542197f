import type { Usage } from '../../operations/usage.ts';
import { isRecord } from '../dialect-errors.ts';

/** What a chunk or a reply says of its usage; Groq says it in a member of its own. */
export function usageIn(chunk: { readonly usage?: unknown; readonly x_groq?: unknown }): Usage | undefined {
  const { usage, x_groq: groq } = chunk;
  return readUsage(usage) ?? (isRecord(groq) ? readUsage(groq['usage']) : undefined);
}

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
  // Some of OpenAI's kin count beside the details: DeepSeek, Together; SGLang, Perplexity's Sonar.
  const cached = count(inputDetails?.['cached_tokens']) ?? count(usage['prompt_cache_hit_tokens']) ?? count(usage['cached_tokens']);
  const reasoning = count(outputDetails?.['reasoning_tokens']) ?? count(usage['reasoning_tokens']);
  const audioInput = count(inputDetails?.['audio_tokens']);
  const audioOutput = count(outputDetails?.['audio_tokens']);
  const written = count(inputDetails?.['cache_write_tokens']);
  const read: { -readonly [K in keyof Usage]: Usage[K] } = {};
  if (input !== undefined) read.inputTokens = input;
  if (output !== undefined) read.outputTokens = isApart({ input, output, reasoning, total }) ? output + (reasoning ?? 0) : output;
  if (total !== undefined) read.totalTokens = total;
  if (cached !== undefined) read.cachedInputTokens = cached;
  if (reasoning !== undefined) read.reasoningTokens = reasoning;
  if (written !== undefined) read.cacheWriteTokens = written;
  // Nearly every reply says that none of it was audio: that need not be carried on.
  if (audioInput !== undefined && audioInput > 0) read.audioInputTokens = audioInput;
  if (audioOutput !== undefined && audioOutput > 0) read.audioOutputTokens = audioOutput;
  return read;
}

/** Whether the thoughts are not among the tokens of the answer, as xAI counts: the sum says so. */
function isApart({
  input,
  output,
  reasoning,
  total,
}: Readonly<Record<'input' | 'output' | 'reasoning' | 'total', number | undefined>>): boolean {
  if (input === undefined || output === undefined || reasoning === undefined || reasoning === 0) return false;
  return total === input + output + reasoning;
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
