/*
 * Everything of a request that is neither said nor a tool. `additionalModelRequestFields` are the fields of the model's vendor: those that our words have a
 * place for are read, whichever vendor's they are, and all others are named as unread.
 */

import type { ChatRequest, OutputFormat, ReasoningWish } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { invalid } from '../dialect-request.ts';
import type { Unread } from '../dialect-unread.ts';
import type { Block } from './block.ts';

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };
type Settings = Partial<Mutable<ChatRequest>>;
type Effort = NonNullable<ReasoningWish['effort']>;

export function decodeSettings(body: Block, unread: Unread): Settings {
  const settings: Settings = {};
  decodeInference(body['inferenceConfig'], settings, unread);
  const output = decodeOutput(body['outputConfig'], unread);
  if (output !== undefined) settings.output = output;
  const wish: Mutable<ReasoningWish> = {};
  const effort = isRecord(body['outputConfig']) ? body['outputConfig']['effort'] : undefined;
  setEffort(effort, wish, () => unread.add('outputConfig.effort'));
  decodeAdditional(body['additionalModelRequestFields'], { settings, wish, unread });
  if (Object.keys(wish).length > 0) settings.reasoning = wish;
  const { requestMetadata: metadata, serviceTier: tier } = body;
  if (isRecord(metadata)) {
    const labels = Object.fromEntries(Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
    if (Object.keys(labels).length > 0) settings.metadata = labels;
  }
  if (isRecord(tier) && typeof tier['type'] === 'string') settings.serviceTier = tier['type'];
  return settings;
}

function decodeInference(config: unknown, settings: Settings, unread: Unread): void {
  if (!isRecord(config)) return;
  unread.note(config, ['maxTokens', 'temperature', 'topP', 'stopSequences'], 'inferenceConfig');
  const { maxTokens, temperature, topP, stopSequences: stops } = config;
  if (typeof maxTokens === 'number') settings.outputTokensMax = maxTokens;
  if (typeof temperature === 'number') settings.temperature = temperature;
  if (typeof topP === 'number') settings.topP = topP;
  if (!Array.isArray(stops)) return;
  const texts = stops.filter((stop) => typeof stop === 'string');
  if (texts.length < stops.length)
    throw invalid('inferenceConfig.stopSequences', "'inferenceConfig.stopSequences' must be an array of strings");
  if (texts.length > 0) settings.stop = texts;
}

function decodeOutput(config: unknown, unread: Unread): OutputFormat | undefined {
  if (!isRecord(config)) return undefined;
  unread.note(config, ['textFormat', 'effort'], 'outputConfig');
  const format = config['textFormat'];
  if (!isRecord(format)) return undefined;
  const structure = isRecord(format['structure']) ? format['structure'] : {};
  const definition = structure['jsonSchema'];
  const schema = isRecord(definition) ? parsed(definition['schema']) : undefined;
  if (!isRecord(definition) || !isRecord(schema))
    throw invalid(
      'outputConfig.textFormat',
      "'outputConfig.textFormat' must have a structure with a 'jsonSchema', whose schema is the text of one",
    );
  const { name, description } = definition;
  return {
    kind: 'schema',
    schema,
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
  };
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? (JSON.parse(text) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

interface Reading {
  readonly settings: Settings;
  readonly wish: Mutable<ReasoningWish>;
  readonly unread: Unread;
}

const HERE = 'additionalModelRequestFields';

function decodeAdditional(fields: unknown, { settings, wish, unread }: Reading): void {
  if (!isRecord(fields)) return;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const lost = (): void => unread.note({ [name]: value }, [], HERE);
    switch (name) {
      case 'top_k':
      case 'topK':
        if (typeof value === 'number') settings.topK = value;
        else lost();
        break;
      case 'inferenceConfig':
        if (isRecord(value) && typeof value['topK'] === 'number' && Object.keys(value).length === 1) settings.topK = value['topK'];
        else lost();
        break;
      case 'thinking':
      case 'reasoning_config':
        if (!isRecord(value) || !decodeThinking(value, wish, unread)) lost();
        break;
      case 'reasoningConfig':
        if (isRecord(value)) decodeNova(value, wish, unread);
        else lost();
        break;
      case 'reasoning_effort':
        setEffort(value, wish, lost);
        break;
      case 'output_config':
        if (isRecord(value) && Object.keys(value).every((key) => key === 'effort')) setEffort(value['effort'], wish, lost);
        else lost();
        break;
      case 'tool_choice':
        // Beside Converse's own it says how many tools may be called at once.
        if (isRecord(value) && typeof value['disable_parallel_tool_use'] === 'boolean')
          settings.parallelToolCalls = !value['disable_parallel_tool_use'];
        else lost();
        break;
      default:
        lost();
    }
  }
}

/** Anthropic's. False: it is none that is known. */
function decodeThinking(thinking: Block, wish: Mutable<ReasoningWish>, unread: Unread): boolean {
  unread.note(thinking, ['type', 'budget_tokens', 'display'], `${HERE}.thinking`);
  const { type, budget_tokens: budget, display } = thinking;
  if (display === 'summarized') wish.shown = true;
  if (display === 'omitted') wish.shown = false;
  switch (type) {
    case 'enabled':
      wish.enabled = true;
      if (typeof budget === 'number') wish.budget = budget;
      return true;
    case 'adaptive':
      wish.dynamic = true;
      return true;
    case 'disabled':
      wish.enabled = false;
      return true;
    default:
      return false;
  }
}

/** Amazon Nova's. */
function decodeNova(config: Block, wish: Mutable<ReasoningWish>, unread: Unread): void {
  const path = `${HERE}.reasoningConfig`;
  unread.note(config, ['type', 'maxReasoningEffort'], path);
  if (config['type'] === 'enabled') wish.enabled = true;
  else if (config['type'] === 'disabled') wish.enabled = false;
  setEffort(config['maxReasoningEffort'], wish, () => unread.add(`${path}.maxReasoningEffort`));
}

const EFFORTS: ReadonlySet<unknown> = new Set(['minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

function setEffort(effort: unknown, wish: Mutable<ReasoningWish>, lost: () => void): void {
  if (effort === undefined || effort === null) return;
  if (EFFORTS.has(effort)) wish.effort = effort as Effort;
  else lost();
}
