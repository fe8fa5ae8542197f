/*
 * A chat completion request in our words. It reads what OpenAI has, the older `functions`, and what its kin have added and others have a word for.
 * Sources: platform.openai.com/docs/api-reference/chat/create; openrouter.ai/docs (reasoning, cache_control); docs.vllm.ai (top_k, min_p, video_url).
 */

import type { ChatRequest, ChatTool, OutputFormat, ReasoningWish, ToolChoice } from '../../operations/chat.ts';
import type { Operation } from '../../operations/operation.ts';
import { isRecord } from '../dialect-errors.ts';
import { FieldReader } from '../dialect-reader.ts';
import { OPENAI_CHAT } from './dialect-name.ts';
import { cacheMark, MessageReader } from './message-decode.ts';

/** Throws `request_invalid` with the field at fault. */
export function decodeChatRequest(operation: Operation): ChatRequest {
  const body = FieldReader.ofBody(operation.bytes);
  const unread = new Set<string>();
  // These are read elsewhere.
  for (const name of ['model', 'stream', 'stream_options']) body.any(name);
  const messages = new MessageReader(unread).messages(body);
  if (messages.length === 0) throw body.wrong('messages', 'at least one message');
  const tools = readTools(body, unread);
  const toolChoice = readToolChoice(body, unread);
  const output = readOutput(body, unread);
  const reasoning = readReasoning(body, unread);
  const request: ChatRequest = {
    messages,
    ...(tools.length === 0 ? {} : { tools }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(output === undefined ? {} : { output }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...readSampling(body),
    ...readLabels(body, unread),
    unread: [],
  };
  readModalities(body, unread);
  body.leftOver(unread);
  return { ...request, unread: [...unread] };
}

function readSampling(body: FieldReader): Partial<ChatRequest> {
  const stop = body.any('stop');
  const top = body.integer('top_logprobs');
  const logprobs = body.boolean('logprobs');
  const outputTokensMax = body.integer('max_completion_tokens') ?? body.integer('max_tokens');
  body.any('max_tokens');
  const logitBias = readBias(body);
  const texts = typeof stop === 'string' ? [stop] : body.strings('stop');
  return defined({
    temperature: body.number('temperature'),
    topP: body.number('top_p'),
    topK: body.integer('top_k'),
    minP: body.number('min_p'),
    frequencyPenalty: body.number('frequency_penalty'),
    presencePenalty: body.number('presence_penalty'),
    seed: body.integer('seed'),
    stop: texts?.length === 0 ? undefined : texts,
    outputTokensMax,
    choices: oneOrMore(body, body.integer('n')),
    logProbabilities: logprobs === true ? { top: Math.min(20, Math.max(0, top ?? 0)) } : undefined,
    logitBias,
    parallelToolCalls: body.boolean('parallel_tool_calls'),
  });
}

/** One is what there is anyway. */
function oneOrMore(body: FieldReader, choices: number | undefined): number | undefined {
  if (choices !== undefined && (choices < 1 || choices > 128)) throw body.wrong('n', 'a whole number from 1 to 128');
  return choices === 1 ? undefined : choices;
}

function readBias(body: FieldReader): Readonly<Record<string, number>> | undefined {
  const bias = body.object('logit_bias');
  if (bias === undefined) return undefined;
  const rows = Object.keys(bias.value).flatMap((token): [string, number][] => {
    const value = bias.number(token);
    return value === undefined ? [] : [[token, value]];
  });
  return rows.length === 0 ? undefined : Object.fromEntries(rows);
}

function readLabels(body: FieldReader, unread: Set<string>): Partial<ChatRequest> {
  const verbosity = body.string('verbosity');
  if (verbosity !== undefined && !isVerbosity(verbosity)) unread.add('verbosity');
  const user = body.string('user');
  const safety = body.string('safety_identifier');
  const metadata = body.object('metadata');
  const labels = Object.keys(metadata?.value ?? {}).flatMap((name): [string, string][] => {
    const value = metadata?.string(name);
    return value === undefined ? [] : [[name, value]];
  });
  return defined({
    user: user ?? safety,
    metadata: labels.length === 0 ? undefined : Object.fromEntries(labels),
    serviceTier: body.string('service_tier'),
    verbosity: isVerbosity(verbosity) ? verbosity : undefined,
    promptCacheKey: body.string('prompt_cache_key'),
    store: body.boolean('store'),
  });
}

function isVerbosity(value: unknown): value is 'low' | 'medium' | 'high' {
  return value === 'low' || value === 'medium' || value === 'high';
}

/** Text is what every dialect answers with. */
function readModalities(body: FieldReader, unread: Set<string>): void {
  const modalities = body.strings('modalities') ?? [];
  if (modalities.some((modality) => modality !== 'text')) unread.add('modalities');
}

const EFFORTS = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

function effortOf(value: unknown): (typeof EFFORTS)[number] | undefined {
  return EFFORTS.find((effort) => effort === value);
}

/** OpenAI's `reasoning_effort`, OpenRouter's `reasoning`, and `thinking` as Anthropic, DeepSeek and others have it. */
function readReasoning(body: FieldReader, unread: Set<string>): ReasoningWish | undefined {
  const named = body.string('reasoning_effort');
  const wish = body.object('reasoning');
  const thinking = body.object('thinking');
  const said = named ?? wish?.string('effort');
  const effort = effortOf(said);
  if (said !== undefined && said !== 'none' && effort === undefined)
    unread.add(named === undefined ? 'reasoning.effort' : 'reasoning_effort');
  const type = thinking?.string('type');
  const enabled =
    said === 'none' || type === 'disabled' ? false : type === 'enabled' || type === 'adaptive' ? true : wish?.boolean('enabled');
  const budget = wish?.integer('max_tokens') ?? thinking?.integer('budget_tokens');
  const excluded = wish?.boolean('exclude');
  wish?.any('summary');
  wish?.leftOver(unread);
  thinking?.leftOver(unread);
  const read: ReasoningWish = defined({
    enabled,
    effort,
    budget,
    dynamic: type === 'adaptive' ? (true as const) : undefined,
    shown: excluded === undefined ? undefined : !excluded,
  });
  return Object.keys(read).length === 0 ? undefined : read;
}

function readOutput(body: FieldReader, unread: Set<string>): OutputFormat | undefined {
  const format = body.object('response_format');
  if (format === undefined) return undefined;
  const type = format.requiredString('type');
  if (type === 'text') return undefined;
  if (type === 'json_object') return { kind: 'json' };
  if (type !== 'json_schema') {
    unread.add('response_format');
    return undefined;
  }
  const described = format.object('json_schema');
  if (described === undefined) throw format.wrong('json_schema', 'an object');
  return {
    kind: 'schema',
    schema: described.any('schema') ?? {},
    ...defined({ name: described.string('name'), description: described.string('description'), strict: described.boolean('strict') }),
  };
}

function readTools(body: FieldReader, unread: Set<string>): readonly ChatTool[] {
  const tools = body.objects('tools').map((tool): ChatTool => {
    const type = tool.string('type') ?? 'function';
    if (type === 'function') return functionTool(requiredObject(tool, 'function'), cacheMark(tool));
    if (type !== 'custom') return { kind: 'native', dialect: OPENAI_CHAT, name: type, value: tool.value };
    const custom = requiredObject(tool, 'custom');
    return {
      kind: 'custom',
      name: custom.requiredString('name'),
      ...defined({ description: custom.string('description'), format: custom.any('format') }),
    };
  });
  const older = body.objects('functions').map((tool) => functionTool(tool, {}));
  for (const name of tools.length > 0 && older.length > 0 ? ['functions'] : []) unread.add(name);
  return tools.length > 0 ? tools : older;
}

function requiredObject(reader: FieldReader, name: string): FieldReader {
  const found = reader.object(name);
  if (found === undefined) throw reader.wrong(name, 'an object');
  return found;
}

function functionTool(tool: FieldReader, mark: ReturnType<typeof cacheMark>): ChatTool {
  return {
    kind: 'function',
    name: tool.requiredString('name'),
    ...defined({ description: tool.string('description'), parameters: tool.any('parameters'), strict: tool.boolean('strict') }),
    ...mark,
  };
}

function readToolChoice(body: FieldReader, unread: Set<string>): ToolChoice | undefined {
  const given = body.any('tool_choice');
  const older = body.any('function_call');
  const choice = given ?? older;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { kind: choice };
  // Mistral's word for it.
  if (choice === 'any') return { kind: 'required' };
  if (choice === undefined) return undefined;
  const field = given === undefined ? 'function_call' : 'tool_choice';
  if (!isRecord(choice)) throw body.wrong(field, '"auto", "none", "required" or a tool');
  const named = nameIn(choice['function']) ?? nameIn(choice['custom']) ?? nameIn(choice);
  if (named !== undefined) return { kind: 'tool', name: named };
  const allowed = isRecord(choice['allowed_tools']) ? choice['allowed_tools'] : undefined;
  if (allowed !== undefined && Array.isArray(allowed['tools'])) {
    const names = allowed['tools'].flatMap((tool: unknown) => {
      const name = isRecord(tool) ? (nameIn(tool['function']) ?? nameIn(tool['custom']) ?? nameIn(tool)) : undefined;
      return name === undefined ? [] : [name];
    });
    return { kind: 'allowed', names, required: allowed['mode'] === 'required' };
  }
  unread.add(field);
  return undefined;
}

function nameIn(value: unknown): string | undefined {
  return isRecord(value) && typeof value['name'] === 'string' ? value['name'] : undefined;
}

/** Without what is undefined: under `exactOptionalPropertyTypes` a field is there, or it is not. */
export function defined<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  const kept = { ...fields } as Record<string, unknown>;
  for (const name in kept) if (kept[name] === undefined) delete kept[name];
  return kept as { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };
}
