/* Server side: a caller's whole body in our words. Source: platform.claude.com/docs/en/api/messages; the types of @anthropic-ai/sdk. */

import type { ChatMessage, ChatPart, ChatRequest, ChatTool, OutputFormat, ReasoningWish, ToolChoice } from '../../operations/chat.ts';
import type { Operation } from '../../operations/operation.ts';
import { isRecord } from '../dialect-errors.ts';
import { type At, below } from '../dialect-place.ts';
import { invalid } from '../dialect-request.ts';
import { userMessages } from '../dialect-turns.ts';
import { Unread } from '../dialect-unread.ts';
import { cacheOf, decodeContent } from './block-decode.ts';
import { ANTHROPIC_MESSAGES } from './dialect-name.ts';
import { type Block, joinCallSignatures } from './thoughts.ts';

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

const FIELDS = [
  'model',
  'messages',
  'system',
  'stream',
  'max_tokens',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
];

const decoder = new TextDecoder();

/** Throws `request_invalid` with the field at fault. */
export function decodeChat({ bytes }: Operation): ChatRequest {
  const parsed: unknown = JSON.parse(decoder.decode(bytes));
  if (!isRecord(parsed)) throw invalid('', 'the body must be a JSON object');
  const body = parsed;
  const unread = new Unread();
  const root: At = { param: '', path: '', unread };
  unread.note(body, FIELDS, '');
  const tools = decodeTools(body['tools'], root);
  const output = decodeOutput(body, unread);
  const reasoning = decodeReasoning(body, unread);
  return {
    messages: [...decodeSystem(body['system'], root), ...decodeMessages(body['messages'], root)],
    ...(tools === undefined ? {} : { tools }),
    ...decodeToolChoice(body['tool_choice'], unread),
    ...(output === undefined ? {} : { output }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...decodeSettings(body, unread),
    unread: unread.names,
  };
}

function decodeSettings(body: Block, unread: Unread): Partial<ChatRequest> {
  const settings: Partial<Mutable<ChatRequest>> = {};
  const {
    temperature,
    top_p: topP,
    top_k: topK,
    max_tokens: outputTokensMax,
    service_tier: serviceTier,
    stop_sequences: stops,
    metadata,
  } = body;
  if (typeof temperature === 'number') settings.temperature = temperature;
  if (typeof topP === 'number') settings.topP = topP;
  if (typeof topK === 'number') settings.topK = topK;
  if (typeof outputTokensMax === 'number') settings.outputTokensMax = outputTokensMax;
  if (typeof serviceTier === 'string') settings.serviceTier = serviceTier;
  if (Array.isArray(stops)) {
    const texts = stops.filter((stop) => typeof stop === 'string');
    if (texts.length < stops.length) throw invalid('stop_sequences', "'stop_sequences' must be an array of strings");
    if (texts.length > 0) settings.stop = texts;
  }
  if (isRecord(metadata)) {
    unread.note(metadata, ['user_id'], 'metadata');
    if (typeof metadata['user_id'] === 'string') settings.user = metadata['user_id'];
  }
  return settings;
}

function decodeSystem(system: unknown, root: At): readonly ChatMessage[] {
  if (system === undefined || system === null || system === '') return [];
  const parts = plainParts(decodeContent(system, below(root, 'system')));
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

function decodeMessages(messages: unknown, root: At): readonly ChatMessage[] {
  if (!Array.isArray(messages)) throw invalid('messages', "'messages' must be an array of messages");
  return messages.flatMap((message: unknown, index) => {
    const at = below(root, 'messages', index);
    if (!isRecord(message)) throw invalid(at.param, `'${at.param}' must be an object with a role and content`);
    at.unread.note(message, ['role', 'content'], at.path);
    const parts = plainParts(decodeContent(message['content'], below(at, 'content')));
    switch (message['role']) {
      case 'user':
        return userMessages(parts);
      case 'assistant':
        return [{ role: 'assistant', parts } as const];
      case 'system':
        return [{ role: 'system', parts } as const];
      default:
        throw invalid(`${at.param}.role`, `'${at.param}.role' must be 'user', 'assistant' or 'system'`);
    }
  });
}

function plainParts(parts: ReturnType<typeof decodeContent>): ChatPart[] {
  return joinCallSignatures<ChatPart>(parts);
}

function decodeTools(tools: unknown, root: At): readonly ChatTool[] | undefined {
  if (!Array.isArray(tools) || tools.length === 0) return undefined;
  return tools.map((tool: unknown, index): ChatTool => {
    const at = below(root, 'tools', index);
    if (!isRecord(tool)) throw invalid(at.param, `'${at.param}' must be an object`);
    const { type, name, description, input_schema: schema, strict } = tool;
    const isOwn = type === undefined || type === null || type === 'custom';
    if (!isOwn) return { kind: 'native', dialect: ANTHROPIC_MESSAGES, name: nameOf(name, type), value: tool };
    if (typeof name !== 'string' || name === '') throw invalid(`${at.param}.name`, `'${at.param}.name' is required: a string`);
    at.unread.note(tool, ['type', 'name', 'description', 'input_schema', 'strict', 'cache_control'], at.path);
    return {
      kind: 'function',
      name,
      ...(typeof description === 'string' ? { description } : {}),
      ...(isRecord(schema) ? { parameters: schema } : {}),
      ...(typeof strict === 'boolean' ? { strict } : {}),
      ...cacheOf(tool),
    };
  });
}

/** Some of the vendor's own tools are known by their type alone. */
function nameOf(name: unknown, type: unknown): string {
  if (typeof name === 'string') return name;
  return typeof type === 'string' ? type : '';
}

const CHOICES: Readonly<Record<string, 'auto' | 'none' | 'required'>> = { auto: 'auto', none: 'none', any: 'required' };

function decodeToolChoice(choice: unknown, unread: Unread): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  if (!isRecord(choice)) return {};
  unread.note(choice, ['type', 'name', 'disable_parallel_tool_use'], 'tool_choice');
  const { type, name, disable_parallel_tool_use: single } = choice;
  const parallel = typeof single === 'boolean' ? { parallelToolCalls: !single } : {};
  if (type === 'tool' && typeof name === 'string') return { toolChoice: { kind: 'tool', name }, ...parallel };
  const kind = typeof type === 'string' && Object.hasOwn(CHOICES, type) ? CHOICES[type] : undefined;
  if (kind === undefined) throw invalid('tool_choice', "'tool_choice' must have a type of 'auto', 'any', 'tool' (with a name) or 'none'");
  return { toolChoice: { kind }, ...parallel };
}

/** `output_format` is what betas called it. */
function decodeOutput(body: Block, unread: Unread): OutputFormat | undefined {
  const { output_config: config, output_format: older } = body;
  if (isRecord(config)) unread.note(config, ['effort', 'format'], 'output_config');
  const format = isRecord(config) && isRecord(config['format']) ? config['format'] : older;
  if (!isRecord(format)) return undefined;
  if (format['type'] === 'json_schema' && isRecord(format['schema'])) return { kind: 'schema', schema: format['schema'] };
  throw invalid('output_config.format', "'output_config.format' must have the type 'json_schema' and a schema");
}

const EFFORTS: ReadonlySet<unknown> = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

function decodeReasoning(body: Block, unread: Unread): ReasoningWish | undefined {
  const { thinking, output_config: config } = body;
  const effort = isRecord(config) ? config['effort'] : undefined;
  const wish: Mutable<ReasoningWish> = {};
  if (EFFORTS.has(effort)) wish.effort = effort as NonNullable<ReasoningWish['effort']>;
  else if (effort !== undefined && effort !== null) unread.add('output_config.effort');
  if (isRecord(thinking)) decodeThinking(thinking, wish, unread);
  return Object.keys(wish).length === 0 ? undefined : wish;
}

function decodeThinking(thinking: Block, wish: Mutable<ReasoningWish>, unread: Unread): void {
  unread.note(thinking, ['type', 'budget_tokens', 'display'], 'thinking');
  const { type, budget_tokens: budget, display } = thinking;
  switch (type) {
    case 'enabled':
      wish.enabled = true;
      if (typeof budget === 'number') wish.budget = budget;
      break;
    case 'adaptive':
      wish.dynamic = true;
      break;
    case 'disabled':
      wish.enabled = false;
      break;
    case 'between_tools':
      // The least that some models can be told.
      wish.enabled = false;
      unread.add('thinking.type');
      break;
    default:
      throw invalid('thinking', "'thinking' must have a type of 'adaptive', 'enabled', 'disabled' or 'between_tools'");
  }
  if (display === 'summarized') wish.shown = true;
  if (display === 'omitted') wish.shown = false;
}
