/* Server side: a caller's whole body in our words. Source: ai.google.dev/api/generate-content; the types of @google/genai. */

import type { ChatMessage, ChatPart, ChatRequest, ChatTool, OutputFormat, ToolChoice } from '../../operations/chat.ts';
import type { Operation } from '../../operations/operation.ts';
import { invalid } from '../dialect-request.ts';
import { CallIds } from './calls.ts';
import { GEMINI } from './dialect-name.ts';
import { type Fields, fieldsOf, listOf, numberOf, textOf } from './fields.ts';
import { decodePart, type PartReader } from './part-decode.ts';
import { eitherSchema } from './schema.ts';
import { decodeThinking } from './thinking.ts';
import { Unread } from './unread.ts';

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

const FIELDS: ReadonlySet<string> = new Set(['model', 'contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig']);
const CONFIG_FIELDS: ReadonlySet<string> = new Set([
  'stopSequences',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'responseModalities',
  'candidateCount',
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'responseLogprobs',
  'logprobs',
  'thinkingConfig',
]);

const decoder = new TextDecoder();

/** Throws `request_invalid` with the field at fault. */
export function decodeChat({ bytes }: Operation): ChatRequest {
  const body = fieldsOf(JSON.parse(decoder.decode(bytes)));
  if (body === undefined) throw invalid('', 'the body must be a JSON object');
  return decodeBody(body, '');
}

/** `path`: where the request stands in the body, with a dot behind it, or ''. */
export function decodeBody(body: Fields, path: string): ChatRequest {
  const unread = new Unread();
  unread.note(body, FIELDS, '');
  const contents = body['contents'];
  if (!Array.isArray(contents)) throw invalid(`${path}contents`, `'${path}contents' must be an array of contents`);
  const ids = new CallIds(contents);
  const reader: PartReader = { side: 'caller', ids, unread, callId: (call) => ids.ofCall(call) };
  const tools = decodeTools(body['tools'], `${path}tools`, unread);
  return {
    messages: [
      ...decodeSystem(body['systemInstruction'], `${path}systemInstruction`, reader),
      ...contents.flatMap((content: unknown, index) => decodeContent(content, `${path}contents[${index}]`, reader)),
    ],
    ...(tools.length === 0 ? {} : { tools }),
    ...decodeToolChoice(body['toolConfig'], unread),
    ...decodeConfig(fieldsOf(body['generationConfig']) ?? {}, unread),
    unread: unread.names,
  };
}

function decodeSystem(value: unknown, param: string, reader: PartReader): readonly ChatMessage[] {
  if (typeof value === 'string') return value === '' ? [] : [{ role: 'system', parts: [{ kind: 'text', text: value }] }];
  const content = fieldsOf(value);
  if (content === undefined) return [];
  const parts = decodeParts(content, param, reader);
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

function decodeParts(content: Fields, param: string, reader: PartReader): readonly ChatPart[] {
  const { parts } = content;
  if (parts !== undefined && parts !== null && !Array.isArray(parts))
    throw invalid(`${param}.parts`, `'${param}.parts' must be an array of parts`);
  return listOf(parts).flatMap((part, index) => decodePart(part, `${param}.parts[${index}]`, reader));
}

const ROLES: Readonly<Record<string, 'user' | 'assistant'>> = { user: 'user', model: 'assistant', function: 'user' };

/** Results of functions become messages of their own, in their places. */
function decodeContent(value: unknown, param: string, reader: PartReader): readonly ChatMessage[] {
  const content = fieldsOf(value);
  if (content === undefined) throw invalid(param, `'${param}' must be an object with a role and parts`);
  const given = content['role'] ?? 'user';
  const role = typeof given === 'string' && Object.hasOwn(ROLES, given) ? ROLES[given] : undefined;
  if (role === undefined) throw invalid(`${param}.role`, `'${param}.role' must be 'user' or 'model'`);
  const messages: { role: ChatMessage['role']; parts: ChatPart[] }[] = [];
  for (const part of decodeParts(content, param, reader)) {
    const own = part.kind === 'tool-result' ? 'tool' : role;
    const last = messages.at(-1);
    if (last?.role === own) last.parts.push(part);
    else messages.push({ role: own, parts: [part] });
  }
  return messages.length === 0 ? [{ role, parts: [] }] : messages;
}

const DECLARATION_FIELDS: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'parametersJsonSchema']);

/** A tool of functions holds many; one that the vendor runs is named by its field. */
function decodeTools(value: unknown, param: string, unread: Unread): readonly ChatTool[] {
  return listOf(value).flatMap((given, index) => {
    const tool = fieldsOf(given);
    if (tool === undefined) throw invalid(`${param}[${index}]`, `'${param}[${index}]' must be an object`);
    return Object.entries(tool).flatMap(([name, member]): ChatTool[] => {
      if (member === undefined || member === null) return [];
      if (name !== 'functionDeclarations') return [{ kind: 'native', dialect: GEMINI, name, value: { [name]: member } }];
      return listOf(member).map((declared, place) => decodeFunction(declared, `${param}[${index}].functionDeclarations[${place}]`, unread));
    });
  });
}

function decodeFunction(value: unknown, param: string, unread: Unread): ChatTool {
  const declared = fieldsOf(value);
  const name = textOf(declared?.['name']);
  if (declared === undefined || name === undefined || name === '') throw invalid(`${param}.name`, `'${param}.name' is required: a string`);
  unread.note(declared, DECLARATION_FIELDS, 'tools[].functionDeclarations[]');
  const description = textOf(declared['description']);
  const parameters = eitherSchema(declared, 'parameters', 'parametersJsonSchema');
  return {
    kind: 'function',
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

const CHOICE_FIELDS: ReadonlySet<string> = new Set(['mode', 'allowedFunctionNames']);
const CHOICE_PATH = 'toolConfig.functionCallingConfig';

function decodeToolChoice(value: unknown, unread: Unread): { readonly toolChoice?: ToolChoice } {
  const config = fieldsOf(value);
  if (config === undefined) return {};
  unread.note(config, new Set(['functionCallingConfig']), 'toolConfig');
  const choice = fieldsOf(config['functionCallingConfig']);
  if (choice === undefined) return {};
  unread.note(choice, CHOICE_FIELDS, CHOICE_PATH);
  const names = listOf(choice['allowedFunctionNames']).filter((name) => typeof name === 'string');
  const mode = textOf(choice['mode'])?.toUpperCase() ?? '';
  switch (mode) {
    case 'NONE':
      return { toolChoice: { kind: 'none' } };
    case 'ANY': {
      const [only] = names;
      if (only === undefined) return { toolChoice: { kind: 'required' } };
      return { toolChoice: names.length === 1 ? { kind: 'tool', name: only } : { kind: 'allowed', names, required: true } };
    }
    case 'VALIDATED':
      if (names.length > 0) return { toolChoice: { kind: 'allowed', names, required: false } };
      unread.add(`${CHOICE_PATH}.mode`);
      return { toolChoice: { kind: 'auto' } };
    case 'AUTO':
      if (names.length > 0) unread.add(`${CHOICE_PATH}.allowedFunctionNames`);
      return { toolChoice: { kind: 'auto' } };
    case '':
    case 'MODE_UNSPECIFIED':
      return {};
    default:
      throw invalid(`${CHOICE_PATH}.mode`, `'${CHOICE_PATH}.mode' must be AUTO, ANY, NONE or VALIDATED`);
  }
}

const NUMBERS = {
  candidateCount: 'choices',
  maxOutputTokens: 'outputTokensMax',
  temperature: 'temperature',
  topP: 'topP',
  topK: 'topK',
  seed: 'seed',
  presencePenalty: 'presencePenalty',
  frequencyPenalty: 'frequencyPenalty',
} as const satisfies Record<string, keyof ChatRequest>;

function decodeConfig(config: Fields, unread: Unread): Partial<ChatRequest> {
  unread.note(config, CONFIG_FIELDS, 'generationConfig');
  const settings: Partial<Mutable<ChatRequest>> = {};
  for (const [name, ours] of Object.entries(NUMBERS)) {
    const number = numberOf(config[name]);
    if (number !== undefined) settings[ours] = number;
  }
  const stop = listOf(config['stopSequences']).filter((text) => typeof text === 'string');
  if (stop.length > 0) settings.stop = stop;
  if (config['responseLogprobs'] === true) settings.logProbabilities = { top: numberOf(config['logprobs']) ?? 0 };
  const modalities = listOf(config['responseModalities']);
  if (modalities.some((modality) => typeof modality !== 'string' || modality.toUpperCase() !== 'TEXT'))
    unread.add('generationConfig.responseModalities');
  const output = decodeOutput(config, unread);
  if (output !== undefined) settings.output = output;
  const reasoning = decodeThinking(config['thinkingConfig'], unread);
  if (reasoning !== undefined) settings.reasoning = reasoning;
  return settings;
}

function decodeOutput(config: Fields, unread: Unread): OutputFormat | undefined {
  const media = textOf(config['responseMimeType']) ?? '';
  const schema = eitherSchema(config, 'responseSchema', 'responseJsonSchema');
  if (media === 'application/json') return schema === undefined ? { kind: 'json' } : { kind: 'schema', schema };
  // One word of several, bare: elsewhere there is but JSON, which has quotes.
  if (media !== '' && media !== 'text/plain') unread.add('generationConfig.responseMimeType');
  if (schema !== undefined) unread.add('generationConfig.responseSchema');
  return undefined;
}
