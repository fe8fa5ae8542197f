/*
 * Thinking, effort, sampling, the choice of a tool, and the length of an answer, which hang together: what would surely be refused is said in the
 * nearest way that is not. Rules of the vendor:
 *
 *   - thinking by budget: 1,024 at least, less than `max_tokens`; and in a round of tools the thoughts that led to it must be there;
 *   - thinking goes neither with a forced tool, nor with a temperature other than 1, a top_p below 0.95 or a top_k;
 *   - models differ (dialect-claude-limits.ts).
 *
 * Source: platform.claude.com/docs/en/build-with-claude/extended-thinking#important-considerations-when-using-extended-thinking.
 */

import type { ChatRequest, ReasoningWish } from '../operations/chat.ts';
import { defaultOutputTokens, type ModelLimits } from './dialect-claude-limits.ts';
import type { EncodeTarget } from './dialect-codec.ts';
import { effortOfBudget } from './dialect-effort.ts';

type Effort = NonNullable<ReasoningWish['effort']>;
type Json = Record<string, unknown>;

const BUDGET_MIN = 1_024;
/** For models that want a number where an effort was named. OpenAI's names; the sizes are ours. */
const BUDGETS: Readonly<Record<Effort, number>> = { minimal: 1_024, low: 2_048, medium: 8_192, high: 16_384, xhigh: 24_576, max: 30_000 };
const BUDGET_DEFAULT = BUDGETS.medium;
/** Room for the answer beside a budget, where the caller named a budget and no length. */
const ANSWER_TOKENS = 4_096;
/** The least top_p that goes with thinking. */
const TOP_P_MIN = 0.95;

export interface SettingsInput {
  readonly request: ChatRequest;
  readonly target: EncodeTarget;
  readonly limits: ModelLimits;
  /** The last round of tools was called for without thoughts that this vendor knows. */
  readonly thoughtless: boolean;
}

/** The members of the body that they become. */
export function encodeSettings({ request, target, limits, thoughtless }: SettingsInput): Json {
  const { reasoning: wish, outputTokensMax } = request;
  const choice = encodeToolChoice(request, limits);
  const isForced = choice?.['type'] === 'any' || choice?.['type'] === 'tool';
  const ceiling = Math.min(target.outputTokensMax ?? Number.POSITIVE_INFINITY, limits.outputTokensMax ?? Number.POSITIVE_INFINITY);
  const asked = outputTokensMax ?? withRoom(defaultOutputTokens(limits, target.outputTokensMax), wish?.budget);
  const maxTokens = Math.max(1, Math.min(asked, ceiling));
  const thinking = wish === undefined ? {} : encodeThinking(wish, { limits, maxTokens, isForced, thoughtless });
  const isThinking = thinking.config !== undefined && thinking.config['type'] !== 'disabled';
  return {
    max_tokens: maxTokens,
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(thinking.config === undefined ? {} : { thinking: thinking.config }),
    ...(thinking.effort === undefined ? {} : { effort: thinking.effort }),
    ...encodeSampling(request, limits, isThinking),
  };
}

function withRoom(tokens: number, budget = 0): number {
  return budget < tokens ? tokens : budget + ANSWER_TOKENS;
}

function encodeToolChoice({ toolChoice, parallelToolCalls, tools }: ChatRequest, limits: ModelLimits): Json | undefined {
  if (tools === undefined || (toolChoice === undefined && parallelToolCalls === undefined)) return undefined;
  const choice = choiceOf(toolChoice);
  if (limits.refusesForcedTools && (choice['type'] === 'any' || choice['type'] === 'tool'))
    return withParallel({ type: 'auto' }, parallelToolCalls);
  return choice['type'] === 'none' ? choice : withParallel(choice, parallelToolCalls);
}

function choiceOf(choice: ChatRequest['toolChoice']): Json {
  switch (choice?.kind) {
    case 'none':
      return { type: 'none' };
    case 'required':
      return { type: 'any' };
    case 'tool':
      return { type: 'tool', name: choice.name };
    case 'allowed':
      return { type: choice.required ? 'any' : 'auto' };
    default:
      return { type: 'auto' };
  }
}

function withParallel(choice: Json, parallel: boolean | undefined): Json {
  return parallel === undefined ? choice : { ...choice, disable_parallel_tool_use: !parallel };
}

interface ThinkingInput {
  readonly limits: ModelLimits;
  readonly maxTokens: number;
  readonly isForced: boolean;
  readonly thoughtless: boolean;
}

interface Thinking {
  readonly config?: Json | undefined;
  readonly effort?: string | undefined;
}

function encodeThinking(wish: ReasoningWish, input: ThinkingInput): Thinking {
  if (wish.enabled === false) return unthinking(wish, input.limits);
  const isWanted = wish.enabled === true || wish.dynamic === true || wish.budget !== undefined || wish.effort !== undefined;
  const effort = effortOf(wish, input.limits);
  // Which tool is called matters more to a caller who demands one than what is thought before.
  if (!isWanted || input.isForced) return { effort };
  const config = isBudgeted(wish, input.limits) ? budgeted(wish, input) : { type: 'adaptive' };
  const shown = wish.shown === undefined || config === undefined ? {} : { display: wish.shown === false ? 'omitted' : 'summarized' };
  return { config: config === undefined ? undefined : { ...config, ...shown }, effort };
}

function unthinking(wish: ReasoningWish, limits: ModelLimits): Thinking {
  const effort = effortOf(wish, limits);
  const isHigh = effort === 'xhigh' || effort === 'max';
  if (limits.thinking === 'always') {
    // The least there is: the fewest thoughts between tools, or little effort.
    return limits.thinksBetweenTools
      ? { config: { type: 'between_tools' }, effort: isHigh ? 'high' : effort }
      : { effort: effort ?? 'low' };
  }
  return { config: { type: 'disabled' }, effort: limits.refusesHighEffortUnthinking && isHigh ? 'high' : effort };
}

function isBudgeted(wish: ReasoningWish, { thinking }: ModelLimits): boolean {
  if (thinking === 'budget') return true;
  if (thinking === 'both') return wish.budget !== undefined && wish.dynamic !== true;
  return thinking === 'unknown' && wish.dynamic !== true;
}

/** Undefined: there is no room to think, or no thoughts to go on from, so it is not asked for. */
function budgeted(wish: ReasoningWish, { maxTokens, thoughtless }: ThinkingInput): Json | undefined {
  // A budget that we chose ourselves leaves a fifth of the answer's tokens to the answer.
  const room = wish.budget === undefined ? Math.floor(maxTokens * 0.8) : maxTokens - 1;
  const wanted = wish.budget ?? (wish.effort === undefined ? BUDGET_DEFAULT : BUDGETS[wish.effort]);
  const budget = Math.min(Math.max(wanted, BUDGET_MIN), room);
  return thoughtless || budget < BUDGET_MIN ? undefined : { type: 'enabled', budget_tokens: budget };
}

function effortOf({ effort, budget }: ReasoningWish, { thinking }: ModelLimits): string | undefined {
  switch (thinking) {
    case 'budget':
      return undefined;
    case 'both':
      return effort === 'minimal' ? 'low' : effort === 'xhigh' ? 'high' : effort;
    case 'adaptive':
    case 'always':
      if (effort === undefined && budget !== undefined) return effortOfBudget(budget);
      return effort === 'minimal' ? 'low' : effort;
    case 'unknown':
      return effort === 'minimal' ? 'low' : effort;
  }
}

function encodeSampling({ temperature, topP, topK }: ChatRequest, limits: ModelLimits, isThinking: boolean): Json {
  if (limits.refusesSampling) return {};
  if (isThinking) return topP !== undefined && topP >= TOP_P_MIN ? { top_p: Math.min(topP, 1) } : {};
  const isEither = limits.refusesBothSamplings && temperature !== undefined;
  return {
    ...(temperature === undefined ? {} : { temperature: Math.min(temperature, 1) }),
    ...(topP === undefined || isEither ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
  };
}
