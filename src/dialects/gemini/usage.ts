/*
 * Tokens as Gemini counts them. `candidatesTokenCount` leaves thoughts out, where `Usage.outputTokens` has them; `promptTokenCount` has what was read from
 * a cache, but not what tools put into the prompt. Source: ai.google.dev/api/generate-content#UsageMetadata.
 */

import type { Usage } from '../../operations/usage.ts';
import { fieldsOf } from './fields.ts';

export function readUsage(value: unknown): Usage | undefined {
  const told = fieldsOf(value);
  if (told === undefined) return undefined;
  const prompt = count(told['promptTokenCount']);
  const cached = count(told['cachedContentTokenCount']);
  const thoughts = count(told['thoughtsTokenCount']);
  const totalTokens = count(told['totalTokenCount']);
  const inputTokens = prompt === undefined ? undefined : prompt + (count(told['toolUsePromptTokenCount']) ?? 0);
  const candidates = count(told['candidatesTokenCount']);
  const outputTokens = candidates === undefined ? restOf(totalTokens, inputTokens) : candidates + (thoughts ?? 0);
  const usage = {
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(totalTokens === undefined ? {} : { totalTokens }),
    ...(cached === undefined ? {} : { cachedInputTokens: cached }),
    ...(thoughts === undefined ? {} : { reasoningTokens: thoughts }),
  };
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/** A zero is left out on the wire: what the total has beyond the prompt was answered. */
function restOf(total: number | undefined, input: number | undefined): number | undefined {
  return total === undefined || input === undefined ? undefined : Math.max(0, total - input);
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function writeUsage(usage: Usage | undefined): { readonly usageMetadata?: object } {
  if (usage === undefined) return {};
  const { inputTokens, outputTokens, totalTokens, cachedInputTokens, reasoningTokens } = usage;
  const total = totalTokens ?? (inputTokens === undefined || outputTokens === undefined ? undefined : inputTokens + outputTokens);
  return {
    usageMetadata: {
      ...(inputTokens === undefined ? {} : { promptTokenCount: inputTokens }),
      ...(outputTokens === undefined ? {} : { candidatesTokenCount: Math.max(0, outputTokens - (reasoningTokens ?? 0)) }),
      ...(total === undefined ? {} : { totalTokenCount: total }),
      ...(cachedInputTokens === undefined ? {} : { cachedContentTokenCount: cachedInputTokens }),
      ...(reasoningTokens === undefined ? {} : { thoughtsTokenCount: reasoningTokens }),
    },
  };
}
