/*
 * Everything of a request that is neither said nor a tool. What models differ in (thinking, effort, sampling beside it, forced tools) hangs together:
 *
 *   Claude   as Anthropic's own API has it (dialect-claude-settings.ts), its fields put where Converse wants them
 *   Nova 2   `reasoningConfig` with an effort; the highest goes with no sampling and no length
 *   gpt-oss  `reasoning_effort`
 *   others   nothing; an inference profile that does not tell its model is told as a Claude
 *
 * Source: Amazon Bedrock's user guide, the pages of the models.
 */

import type { ChatRequest, ReasoningWish } from '../../operations/chat.ts';
import { modelLimits } from '../dialect-claude-limits.ts';
import { encodeSettings as encodeClaude } from '../dialect-claude-settings.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import { effortOfBudget } from '../dialect-effort.ts';
import type { Block } from './block.ts';
import { type ModelFamily, reasonsByEffort } from './models.ts';
import { STOP_SEQUENCE_PATH } from './request-decode.ts';

type Json = Record<string, unknown>;

export interface SettingsInput {
  readonly request: ChatRequest;
  readonly target: EncodeTarget;
  readonly family: ModelFamily;
  /** The last round of tools was called for without thoughts that this vendor knows. */
  readonly thoughtless: boolean;
}

/** Members of the body; `toolChoice` belongs into `toolConfig`. */
export interface EncodedSettings {
  readonly toolChoice?: Block;
  readonly [member: string]: unknown;
}

/** What a model takes in a way of its own. */
interface Special {
  readonly inference: Json;
  readonly additional: Json;
  readonly toolChoice?: Block | undefined;
  readonly effort?: string | undefined;
}

export function encodeSettings(input: SettingsInput): EncodedSettings {
  const { request, family } = input;
  const { inference, additional, toolChoice, effort } = specialOf(input);
  const stops = request.stop?.filter((text) => (family === 'claude' ? text.trim() !== '' : text !== '')) ?? [];
  const inferenceConfig = { ...inference, ...(stops.length === 0 ? {} : { stopSequences: stops }) };
  const outputConfig = { ...textFormat(request), ...(effort === undefined ? {} : { effort }) };
  const requestMetadata = labels(request.metadata);
  const tier = request.serviceTier;
  return {
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...filled({ inferenceConfig, additionalModelRequestFields: additional, outputConfig, requestMetadata }),
    ...(tier !== undefined && TIERS.has(tier) ? { serviceTier: { type: tier } } : {}),
    // A Claude tells which text ended it, where it is asked to.
    ...(family === 'claude' && stops.length > 0 ? { additionalModelResponseFieldPaths: [STOP_SEQUENCE_PATH] } : {}),
  };
}

const TIERS: ReadonlySet<string> = new Set(['default', 'flex', 'priority', 'reserved']);

function filled(members: Readonly<Record<string, Json>>): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => Object.keys(value).length > 0));
}

function specialOf(input: SettingsInput): Special {
  if (input.family === 'claude' || input.family === 'unknown') return claude(input);
  const { request, target, family } = input;
  const { outputTokensMax, temperature, topP, topK, reasoning } = request;
  const inference: Json = {
    ...(outputTokensMax === undefined ? {} : { maxTokens: Math.max(1, outputTokensMax) }),
    ...(temperature === undefined ? {} : { temperature: Math.min(temperature, 1) }),
    ...(topP === undefined ? {} : { topP }),
  };
  const toolChoice = plainChoice(request);
  switch (family) {
    case 'nova': {
      const top = topK === undefined ? {} : { inferenceConfig: { topK } };
      if (reasoning === undefined || !reasonsByEffort(target.model)) return { inference, additional: top, toolChoice };
      const { config, isHighest } = novaReasoning(reasoning, outputTokensMax !== undefined);
      return { inference: isHighest ? {} : inference, additional: { ...top, ...config }, toolChoice };
    }
    case 'gpt': {
      const effort = reasoning === undefined ? undefined : threeEfforts(reasoning);
      return { inference, additional: effort === undefined ? {} : { reasoning_effort: effort }, toolChoice };
    }
    case 'other':
      return { inference, additional: {}, toolChoice };
  }
}

function novaReasoning(wish: ReasoningWish, hasLength: boolean): { readonly config: Json; readonly isHighest: boolean } {
  if (wish.enabled === false) return { config: { reasoningConfig: { type: 'disabled' } }, isHighest: false };
  const effort = threeEfforts(wish) ?? 'medium';
  // A length that was asked for counts more than the last bit of thought.
  const isHighest = effort === 'high' && !hasLength;
  return {
    config: { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort === 'high' && hasLength ? 'medium' : effort } },
    isHighest,
  };
}

function threeEfforts({ effort, budget, enabled }: ReasoningWish): string | undefined {
  if (enabled === false) return 'low';
  if (effort === undefined) return budget === undefined ? undefined : effortOfBudget(budget);
  if (effort === 'minimal' || effort === 'low') return 'low';
  return effort === 'medium' ? 'medium' : 'high';
}

function plainChoice({ toolChoice }: ChatRequest): Block | undefined {
  switch (toolChoice?.kind) {
    case 'auto':
      return { auto: {} };
    case 'required':
      return { any: {} };
    case 'tool':
      return { tool: { name: toolChoice.name } };
    case 'allowed':
      return toolChoice.required ? { any: {} } : { auto: {} };
    default:
      return undefined;
  }
}

/** Anthropic's fields where Converse wants them. */
function claude({ request, target, thoughtless }: SettingsInput): Special {
  const limits = modelLimits(target.model);
  const told = encodeClaude({ request, target, limits, thoughtless });
  const { max_tokens: maxTokens, temperature, top_p: topP, top_k: topK, thinking, effort, tool_choice: choice } = told;
  // Converse has a length of its own for who names none; a budget of thoughts needs one.
  const needsLength = request.outputTokensMax !== undefined || (thinking as Json | undefined)?.['budget_tokens'] !== undefined;
  return {
    inference: {
      ...(needsLength ? { maxTokens } : {}),
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { topP }),
    },
    additional: {
      ...(topK === undefined ? {} : { top_k: topK }),
      ...(thinking === undefined ? {} : { thinking }),
      ...parallel(choice as Json | undefined),
    },
    toolChoice: request.toolChoice === undefined ? undefined : converseChoice(choice as Json | undefined),
    effort: effort as string | undefined,
  };
}

/** Converse has no word for it, so Anthropic's own goes beside its choice. */
function parallel(choice: Json | undefined): Json {
  return choice?.['disable_parallel_tool_use'] === true ? { tool_choice: choice } : {};
}

function converseChoice(choice: Json | undefined): Block | undefined {
  switch (choice?.['type']) {
    case 'auto':
      return { auto: {} };
    case 'any':
      return { any: {} };
    case 'tool':
      return { tool: { name: choice['name'] } };
    default:
      return undefined;
  }
}

function textFormat({ output }: ChatRequest): Json {
  if (output?.kind !== 'schema') return {};
  const { schema, name, description } = output;
  const jsonSchema = {
    schema: JSON.stringify(schema),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
  };
  return { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
}

const LABELS_MAX = 16;
const LABEL = /^[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}$/;

/** Those whose letters the vendor takes. */
function labels(metadata: ChatRequest['metadata']): Record<string, string> {
  const fitting = Object.entries(metadata ?? {}).filter(([name, value]) => name !== '' && LABEL.test(name) && LABEL.test(value));
  return Object.fromEntries(fitting.slice(0, LABELS_MAX));
}
