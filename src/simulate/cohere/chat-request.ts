/** Reads `POST /v2/chat`. Source: docs.cohere.com/reference/chat. */
import type { Question, Tool } from '../answer.ts';
import { isObject, type JsonObject } from '../json-instance.ts';
import { estimateTokens } from '../text.ts';
import { count, flag, list, number, object, objects, onlyFields, refuse, text, texts, word } from './check.ts';

export interface CohereRequest {
  readonly question: Question;
  readonly stream: boolean;
  readonly promptTokens: number;
  readonly seed: number | undefined;
  readonly thinks: boolean;
  readonly logprobs: boolean;
  /** What may be cited; empty when citations are off. */
  readonly sources: readonly object[];
}

const FIELDS = [
  'model',
  'messages',
  'stream',
  'tools',
  'strict_tools',
  'documents',
  'citation_options',
  'response_format',
  'safety_mode',
  'max_tokens',
  'stop_sequences',
  'temperature',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'k',
  'p',
  'logprobs',
  'tool_choice',
  'thinking',
  'priority',
  'raw_prompting',
];

const STOPS_MAX = 5;
const COUNT_MAX = 2_147_483_647;

/** Throws RequestRefused. */
export function readChat(body: JsonObject): CohereRequest {
  onlyFields(body, FIELDS);
  checkSampling(body);
  const tools = readTools(body);
  const documents = (list(body, 'documents') ?? []).map(documentOf);
  const format = readFormat(body);
  if (format !== undefined && tools.length + documents.length > 0) {
    refuse('invalid request: response_format is not supported in combination with tools or documents.');
  }
  const messages = readMessages(body);
  const last = messages.at(-1);
  const mode = word(object(body, 'citation_options') ?? {}, 'mode', [
    'ENABLED',
    'DISABLED',
    'FAST',
    'ACCURATE',
    'OFF',
    'fast',
    'accurate',
    'off',
  ]);
  const isCited = mode === undefined || !/^(?:off|disabled)$/i.test(mode);
  const stops = texts(body, 'stop_sequences') ?? [];
  if (stops.length > STOPS_MAX) refuse(`invalid request: stop_sequences must have at most ${STOPS_MAX} elements.`);
  const choice = word(body, 'tool_choice', ['REQUIRED', 'NONE']);
  if (choice === 'REQUIRED' && tools.length === 0) refuse('invalid request: tool_choice REQUIRED needs tools.');
  const conversation = [
    ...documents.map((document) => JSON.stringify(document)),
    ...messages.map(({ role, said }) => `${role}\n${said}`),
  ].join('\n');
  return {
    question: {
      conversation,
      lastUserText: last?.role === 'user' ? last.said : '',
      tools,
      toolChoice: choice?.toLowerCase(),
      parallelTools: true,
      format,
      stops,
      tokensMax: count(body, 'max_tokens', [1, COUNT_MAX]),
    },
    stream: flag(body, 'stream') === true,
    promptTokens: estimateTokens(conversation) + messages.reduce((total, { images }) => total + images * IMAGE_TOKENS, 0),
    seed: count(body, 'seed', [0, Number.MAX_SAFE_INTEGER]),
    thinks: readThinking(body),
    logprobs: flag(body, 'logprobs') === true,
    sources: isCited ? [...documents, ...messages.flatMap(({ sources }) => sources)] : [],
  };
}

const IMAGE_TOKENS = 256;

function checkSampling(body: JsonObject): void {
  number(body, 'temperature', [0, 1]);
  number(body, 'p', [0.01, 0.99]);
  count(body, 'k', [0, 500]);
  number(body, 'frequency_penalty', [0, 1]);
  number(body, 'presence_penalty', [0, 1]);
  word(body, 'safety_mode', ['CONTEXTUAL', 'STRICT', 'OFF']);
  flag(body, 'strict_tools');
}

function readThinking(body: JsonObject): boolean {
  const config = object(body, 'thinking');
  if (config === undefined) return false;
  count(config, 'token_budget', [1, COUNT_MAX]);
  return word(config, 'type', ['enabled', 'disabled']) === 'enabled';
}

/** A source as citations name it. */
function documentOf(given: unknown, index: number): object {
  const id = isObject(given) && typeof given['id'] === 'string' ? given['id'] : `doc:${index}`;
  const data = typeof given === 'string' ? { text: given } : isObject(given) && isObject(given['data']) ? given['data'] : undefined;
  if (data === undefined) return refuse(`invalid request: documents[${index}] must be a string, or an object with data.`);
  return { type: 'document', id, document: { id, ...data } };
}

function readTools(body: JsonObject): readonly Tool[] {
  return (objects(body, 'tools') ?? []).map((tool, index) => {
    if (text(tool, 'type') !== 'function') refuse(`invalid request: tools[${index}].type must be function.`);
    const declared = object(tool, 'function') ?? {};
    const name = text(declared, 'name') ?? '';
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name))
      refuse(
        `invalid request: tool name '${name}' must start with a letter or underscore, and have letters, digits, underscores and dashes alone.`,
      );
    return { name, parameters: object(declared, 'parameters') ?? { type: 'object', properties: {} } };
  });
}

function readFormat(body: JsonObject): unknown {
  const format = object(body, 'response_format');
  if (format === undefined || word(format, 'type', ['text', 'json_object']) !== 'json_object') return undefined;
  return object(format, 'json_schema') ?? object(format, 'schema') ?? 'json';
}

interface Message {
  readonly role: string;
  readonly said: string;
  readonly images: number;
  readonly sources: readonly object[];
}

/** Throws RequestRefused. */
function readMessages(body: JsonObject): readonly Message[] {
  const messages = objects(body, 'messages') ?? [];
  if (messages.length === 0) refuse('invalid request: messages must have at least one message.');
  const open = new Set<string>();
  const read = messages.map((message, index): Message => {
    const role = word(message, 'role', ['user', 'assistant', 'system', 'tool']);
    if (role === undefined) return refuse(`invalid request: messages[${index}].role is required.`);
    if (role !== 'tool' && open.size > 0) refuse(`invalid request: tool calls without results: ${[...open].join(', ')}.`);
    if (role === 'tool') answerCall(message, open);
    const calls = role === 'assistant' ? readCalls(message, open) : '';
    const content = readContent(message['content'], `messages[${index}].content`);
    const plan = role === 'assistant' ? (text(message, 'tool_plan') ?? '') : '';
    if (content.text + calls + plan === '' && content.images === 0)
      refuse(`invalid request: messages[${index}] must have content or tool calls.`);
    return {
      role,
      said: content.text + plan + calls,
      images: content.images,
      sources: role === 'tool' ? toolSources(message, content) : [],
    };
  });
  if (open.size > 0) refuse(`invalid request: tool calls without results: ${[...open].join(', ')}.`);
  return read;
}

function answerCall(message: JsonObject, open: Set<string>): void {
  const id = text(message, 'tool_call_id');
  if (id === undefined) refuse('invalid request: tool messages must have a tool_call_id.');
  else if (!open.delete(id)) refuse(`invalid request: tool_call_id ${id} is not among the tool calls of the assistant's last message.`);
}

function readCalls(message: JsonObject, open: Set<string>): string {
  const calls = objects(message, 'tool_calls') ?? [];
  for (const call of calls) {
    const id = text(call, 'id') ?? '';
    const name = text(object(call, 'function') ?? {}, 'name') ?? '';
    if (id === '' || name === '') refuse('invalid request: tool calls must have an id and the name of a function.');
    open.add(id);
  }
  return calls.length === 0 ? '' : JSON.stringify(calls.map((call) => call['function']));
}

interface Content {
  readonly text: string;
  readonly images: number;
}

function readContent(content: unknown, place: string): Content {
  if (content === undefined || content === null) return { text: '', images: 0 };
  if (typeof content === 'string') return { text: content, images: 0 };
  if (!Array.isArray(content)) return refuse(`invalid type: parameter ${place} is of type ${typeof content} but should be of type string.`);
  const parts = content.map((part: unknown, index) => {
    if (!isObject(part))
      return refuse(`invalid type: parameter ${place}[${index}] is of type ${typeof part} but should be of type object.`);
    const type = word(part, 'type', ['text', 'thinking', 'image_url', 'document']);
    if (type === 'image_url') {
      if (text(object(part, 'image_url') ?? {}, 'url') === undefined)
        refuse(`invalid request: ${place}[${index}].image_url.url is required.`);
      return { text: '', images: 1 };
    }
    // Thoughts are not read again.
    if (type === 'thinking') return { text: '', images: 0 };
    return { text: type === 'document' ? JSON.stringify(part['document'] ?? {}) : (text(part, 'text') ?? ''), images: 0 };
  });
  return { text: parts.map((part) => part.text).join('\n'), images: parts.reduce((total, part) => total + part.images, 0) };
}

function toolSources(message: JsonObject, content: Content): readonly object[] {
  return [{ type: 'tool', id: `${String(message['tool_call_id'])}:0`, tool_output: { content: content.text } }];
}
