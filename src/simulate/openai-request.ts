import type { Question, Tool } from './answer.ts';
import type { Failure } from './failures.ts';
import { isObject, type JsonObject, shownAs } from './json-instance.ts';
import { estimateTokens } from './text.ts';

/** A refused request, as OpenAI words it; thrown while reading a request, and turned into a reply in one place. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function refuse(message: string, param: string | null = null, code: string | null = null): never {
  throw new RequestRefused({ status: 400, message, param, code });
}

export function notFound(message: string, param: string | null = null): RequestRefused {
  return new RequestRefused({ status: 404, message, param });
}

export function modelUnknown(name: string): RequestRefused {
  const message = `The model \`${name}\` does not exist or you do not have access to it.`;
  return new RequestRefused({ status: 404, message, code: 'model_not_found', param: 'model' });
}

/** What is common to chat and text completions. */
export interface CompletionOptions {
  /** Answers wanted. */
  readonly choices: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Alternatives to give with each token, or undefined: no log probabilities. */
  readonly topLogprobs: number | undefined;
}

export interface ChatRequest extends CompletionOptions {
  readonly question: Question;
  readonly promptTokens: number;
}

/** Throws RequestRefused. */
export function readModel(body: JsonObject): string {
  const { model } = body;
  if (typeof model !== 'string' || model === '') return refuse('you must provide a model parameter', 'model', 'missing_required_parameter');
  return model;
}

/** Throws RequestRefused. */
export function readChat(body: JsonObject): ChatRequest {
  const { messages } = body;
  if (messages === undefined) return refuse("Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter');
  if (!Array.isArray(messages) || messages.length === 0) {
    return refuse("Invalid 'messages': expected an array with minimum length 1.", 'messages', 'invalid_type');
  }
  const conversation = messages.map((message: unknown, index) => readMessage(message, index));
  const last = conversation.at(-1);
  const tokensMax = readCount(body, 'max_completion_tokens') ?? readCount(body, 'max_tokens');
  return {
    ...readOptions(body),
    // Three tokens frame each message and three begin the answer, as OpenAI's own counting guide has it.
    promptTokens: conversation.reduce((total, message) => total + 3 + estimateTokens(message.text), 3),
    question: {
      conversation: conversation.map((message) => `${message.role}\n${message.text}`).join('\n'),
      lastUserText: last?.role === 'user' ? last.text : '',
      tools: readTools(body['tools']),
      toolChoice: readToolChoice(body['tool_choice']),
      parallelTools: body['parallel_tool_calls'] !== false,
      format: readFormat(body['response_format']),
      stops: readStops(body['stop']),
      tokensMax,
    },
  };
}

/** Throws RequestRefused. */
export function readOptions(body: JsonObject): CompletionOptions {
  const streamOptions = body['stream_options'];
  const stream = body['stream'] === true;
  if (streamOptions !== undefined && streamOptions !== null && !stream) {
    refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options');
  }
  const choices = readCount(body, 'n') ?? 1;
  if (choices > 128) refuse("Invalid 'n': integer above maximum value. Expected a value <= 128.", 'n', 'integer_above_max_value');
  return {
    choices,
    stream,
    includeUsage: isObject(streamOptions) && streamOptions['include_usage'] === true,
    topLogprobs: body['logprobs'] === true ? Math.min(20, readCount(body, 'top_logprobs', 0) ?? 0) : undefined,
  };
}

/** A whole number of at least `min`, or undefined when absent or null. Throws RequestRefused. */
export function readCount(body: JsonObject, name: string, min = 1): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value))
    return refuse(`Invalid type for '${name}': expected an integer.`, name, 'invalid_type');
  if (value < min) return refuse(`Invalid '${name}': integer below minimum value.`, name, 'integer_below_min_value');
  return value;
}

/** One of some words, or undefined when absent or null. Throws RequestRefused. */
export function readWord<Word extends string>(body: JsonObject, name: string, words: readonly Word[]): Word | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  const known = words.find((word) => word === value);
  if (known !== undefined) return known;
  return refuse(
    `Invalid value: '${shownAs(value).slice(0, 40)}'. Supported values are: ${words.map((word) => `'${word}'`).join(', ')}.`,
    name,
    'invalid_value',
  );
}

export function readStops(stop: unknown): readonly string[] {
  if (typeof stop === 'string') return [stop];
  return Array.isArray(stop) ? stop.filter((entry) => typeof entry === 'string') : [];
}

export function readTools(tools: unknown): readonly Tool[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool: unknown) => {
    const declared = isObject(tool) ? tool['function'] : undefined;
    return isObject(declared) && typeof declared['name'] === 'string'
      ? [{ name: declared['name'], parameters: declared['parameters'] }]
      : [];
  });
}

interface Message {
  readonly role: string;
  readonly text: string;
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

function readMessage(message: unknown, index: number): Message {
  if (!isObject(message)) return refuse(`Invalid type for 'messages[${index}]': expected an object.`, `messages[${index}]`, 'invalid_type');
  const { role } = message;
  if (typeof role !== 'string' || !ROLES.has(role)) {
    return refuse(
      `Invalid value: '${String(role)}'. Supported values are: ${[...ROLES].join(', ')}.`,
      `messages[${index}].role`,
      'invalid_value',
    );
  }
  const calls = Array.isArray(message['tool_calls']) ? JSON.stringify(message['tool_calls']) : '';
  return { role, text: textOf(message['content']) + calls };
}

/** Text of a message: a string, or the text parts of a list. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('\n');
}

function readToolChoice(choice: unknown): string | undefined {
  if (typeof choice === 'string') return choice === 'auto' ? undefined : choice;
  const named = isObject(choice) ? choice['function'] : undefined;
  return isObject(named) && typeof named['name'] === 'string' ? named['name'] : undefined;
}

function readFormat(format: unknown): unknown {
  if (!isObject(format)) return undefined;
  if (format['type'] === 'json_object') return 'json';
  const declared = format['json_schema'];
  return format['type'] === 'json_schema' && isObject(declared) ? (declared['schema'] ?? 'json') : undefined;
}
