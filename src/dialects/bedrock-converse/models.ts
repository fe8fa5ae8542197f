/*
 * What models behind Bedrock take beside the fields that all of them share, by their names: `anthropic.claude-…`, a region before it
 * (`eu.anthropic.claude-…`), or an ARN, which may say nothing. Source: the pages of the vendors in Amazon Bedrock's guide, and its table of models that cache.
 */

import { modelLimits } from '../dialect-claude-limits.ts';

/** `unknown`: an inference profile of the operator's own, most often of a Claude; it is told what was asked. */
export type ModelFamily = 'claude' | 'nova' | 'gpt' | 'other' | 'unknown';

const FAMILIES: readonly (readonly [RegExp, ModelFamily])[] = [
  [/claude/i, 'claude'],
  [/amazon\.nova/i, 'nova'],
  [/openai\.gpt/i, 'gpt'],
  [
    /(?:^|[./])(?:ai21|amazon|cohere|deepseek|google|luma|meta|minimax|mistral|moonshotai?|nvidia|qwen|stability|twelvelabs|writer|zai)\./i,
    'other',
  ],
];

export function familyOf(model: string): ModelFamily {
  return FAMILIES.find(([pattern]) => pattern.test(model))?.[1] ?? 'unknown';
}

/** Others refuse marks. */
export function takesCachePoints(family: ModelFamily): boolean {
  return family === 'claude' || family === 'nova' || family === 'unknown';
}

/** Claude's thoughts must be signed by it; other models take them as they are. */
export function takesUnsignedThoughts(family: ModelFamily): boolean {
  return family === 'gpt' || family === 'other' || family === 'unknown';
}

/** Whether a model goes on from words of its own, where they come last. */
export function takesPrefill(model: string): boolean {
  const family = familyOf(model);
  return family === 'nova' || family === 'unknown' || (family === 'claude' && !modelLimits(model).refusesPrefill);
}

export function reasonsByEffort(model: string): boolean {
  return /amazon\.nova-2/i.test(model);
}
