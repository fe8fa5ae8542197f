/*
 * How much to think. Models until 2.5 take a budget in tokens, those of the third generation a level; what one has no word for is said by the nearest.
 * Source: ai.google.dev/gemini-api/docs/thinking, and the table in /docs/openai#thinking.
 */

import type { ReasoningWish } from '../../operations/chat.ts';
import { type Fields, fieldsOf, numberOf } from './fields.ts';
import type { Unread } from './unread.ts';

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };
type Effort = NonNullable<ReasoningWish['effort']>;

/** Models that take levels, and demand signatures of calls. */
export function isThirdGeneration(model: string): boolean {
  return /(?:^|\/)gemini-(?:[3-9]|[1-9]\d)/.test(model);
}

/** They refuse to be told about thinking. */
const UNTHINKING = /(?:^|\/)(?:gemini-(?:1|2\.0)|gemma)/;

const FIELDS: ReadonlySet<string> = new Set(['includeThoughts', 'thinkingBudget', 'thinkingLevel']);
const LEVELS: Readonly<Record<string, Effort>> = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' };

export function decodeThinking(value: unknown, unread: Unread): ReasoningWish | undefined {
  const config = fieldsOf(value);
  if (config === undefined) return undefined;
  unread.note(config, FIELDS, 'generationConfig.thinkingConfig');
  const { includeThoughts: shown, thinkingLevel: level } = config;
  const budget = numberOf(config['thinkingBudget']);
  const wish: Mutable<ReasoningWish> = {};
  if (typeof shown === 'boolean') wish.shown = shown;
  if (budget === 0) wish.enabled = false;
  else if (budget !== undefined && budget < 0) wish.dynamic = true;
  else if (budget !== undefined) wish.budget = budget;
  if (typeof level === 'string') {
    const effort = LEVELS[level.toUpperCase()];
    if (effort === undefined) unread.add('generationConfig.thinkingConfig.thinkingLevel');
    else wish.effort = effort;
  }
  return Object.keys(wish).length === 0 ? undefined : wish;
}

const BUDGETS: Readonly<Record<Effort, number>> = { minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576, xhigh: 24_576, max: 24_576 };
/** The least that the larger model of 2.5 can think. */
const PRO_LEAST = 128;

export function encodeThinking(wish: ReasoningWish | undefined, model: string): { readonly thinkingConfig?: Fields } {
  if (wish === undefined || UNTHINKING.test(model)) return {};
  const config = {
    ...(wish.shown === undefined ? {} : { includeThoughts: wish.shown !== false }),
    ...(isThirdGeneration(model) ? levelOf(wish, model) : budgetOf(wish, model)),
  };
  return Object.keys(config).length === 0 ? {} : { thinkingConfig: config };
}

function budgetOf({ enabled, effort, budget, dynamic }: ReasoningWish, model: string): Fields {
  if (enabled === false) return { thinkingBudget: /2\.5-pro/.test(model) ? PRO_LEAST : 0 };
  if (budget !== undefined) return { thinkingBudget: budget };
  if (effort !== undefined) return { thinkingBudget: BUDGETS[effort] };
  return dynamic === true || enabled === true ? { thinkingBudget: -1 } : {};
}

function levelOf({ enabled, effort, budget }: ReasoningWish, model: string): Fields {
  // The larger models know no level below low.
  const isPro = /-pro/.test(model);
  if (enabled === false) return { thinkingLevel: isPro ? 'LOW' : 'MINIMAL' };
  if (effort === undefined) return budget === undefined ? {} : { thinkingBudget: budget };
  if (effort === 'minimal') return { thinkingLevel: isPro ? 'LOW' : 'MINIMAL' };
  if (effort === 'low') return { thinkingLevel: 'LOW' };
  // Of the first large ones, none between low and high either.
  return { thinkingLevel: effort === 'medium' && !/gemini-3-pro/.test(model) ? 'MEDIUM' : 'HIGH' };
}
