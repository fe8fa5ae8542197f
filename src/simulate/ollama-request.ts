/*
 * Reads Ollama's requests as its server does: unknown fields are nobody's business, wrong types are refused in the words of Go's decoder, and
 * `null` is as good as nothing. Source: Ollama's api/types.go and server/routes.go.
 */
import type { Question } from './answer.ts';
import { isObject, type JsonObject } from './json-instance.ts';
import { readStops, readTools, refuse } from './openai-request.ts';
import { estimateTokens } from './text.ts';

/** What one of the two generating routes is asked. */
export interface OllamaQuestion extends Pick<Question, 'conversation' | 'lastUserText' | 'tools'> {
  /** No prompt: the model is only loaded or unloaded. */
  readonly isEmpty: boolean;
  readonly images: number;
}

export interface OllamaOptions extends Pick<Question, 'format' | 'stops' | 'tokensMax'> {
  readonly seed: number | undefined;
  readonly stream: boolean;
  readonly think: boolean;
}

/** What an image costs in the prompt; a model's own number depends on its size. */
const IMAGE_TOKENS = 256;

/** Throws RequestRefused. `name` is what older clients call it. */
export function readOllamaModel(body: JsonObject): string {
  const model = text(body, 'model') || text(body, 'name');
  return model === '' ? refuse('model is required') : model;
}

/** Throws RequestRefused. */
export function readOllamaChat(body: JsonObject): OllamaQuestion {
  const messages = list(body, 'messages').map((message) => {
    if (!isObject(message)) return refuse(mismatch(message, 'messages', 'api.Message'));
    const calls = list(message, 'tool_calls');
    const said = text(message, 'content') + (calls.length === 0 ? '' : JSON.stringify(calls));
    return { role: text(message, 'role').toLowerCase(), said, images: readImages(message) };
  });
  const last = messages.at(-1);
  return {
    conversation: messages.map(({ role, said }) => `${role}\n${said}`).join('\n'),
    lastUserText: last?.role === 'user' ? last.said : '',
    tools: readTools(body['tools']),
    isEmpty: messages.length === 0,
    images: messages.reduce((total, message) => total + message.images, 0),
  };
}

/** Throws RequestRefused. */
export function readOllamaGenerate(body: JsonObject): OllamaQuestion {
  const prompt = text(body, 'prompt');
  const context = list(body, 'context');
  const before = [text(body, 'system'), text(body, 'suffix'), context.join(' ')].filter((part) => part !== '');
  if (flag(body, 'raw') === true && (text(body, 'template') !== '' || text(body, 'system') !== '' || context.length > 0))
    refuse('raw mode does not support template, system, or context');
  return {
    conversation: [...before, prompt].join('\n'),
    lastUserText: prompt,
    tools: [],
    isEmpty: prompt === '',
    images: readImages(body),
  };
}

/** Throws RequestRefused. */
export function readOllamaOptions(body: JsonObject): OllamaOptions {
  const given = body['options'] ?? {};
  if (!isObject(given)) return refuse(mismatch(given, 'options', 'map[string]interface {}'));
  const predict = given['num_predict'];
  const seed = given['seed'];
  const think = body['think'];
  const format = body['format'];
  return {
    format: format === null || format === '' ? undefined : format,
    stops: readStops(given['stop']),
    // Below zero means without end, and we always end.
    tokensMax: typeof predict === 'number' && predict >= 0 ? predict : undefined,
    seed: typeof seed === 'number' ? seed : undefined,
    stream: flag(body, 'stream') ?? true,
    think: think === true || (typeof think === 'string' && think !== ''),
  };
}

export function promptTokensOf({ conversation, images }: OllamaQuestion): number {
  return 3 + estimateTokens(conversation) + images * IMAGE_TOKENS;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const KEEP_ALIVE_MS = 300_000;

/** For how long the model stays in memory, in milliseconds: a number of seconds, or a duration in Go's notation; below zero without end. */
export function readKeepAlive(body: JsonObject): number {
  const given = body['keep_alive'] ?? undefined;
  if (given === undefined) return KEEP_ALIVE_MS;
  if (typeof given === 'number') return given < 0 ? Number.POSITIVE_INFINITY : given * 1_000;
  if (typeof given !== 'string') return refuse(`Unsupported type: '${goType(given)}'`);
  const parts = [...given.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const isDuration = /^-?(?:0|(?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/.test(given);
  if (!isDuration) return refuse(`time: invalid duration "${given}"`);
  if (given.startsWith('-')) return Number.POSITIVE_INFINITY;
  return parts.reduce((total, [, count, unit]) => total + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
}

function readImages(holder: JsonObject): number {
  const images = list(holder, 'images');
  for (const image of images) {
    if (typeof image !== 'string') refuse(mismatch(image, 'images', 'api.ImageData'));
    else if (!/^[A-Za-z0-9+/]*={0,2}$/.test(image) || image.length % 4 !== 0) refuse('illegal base64 data at input byte 0');
  }
  return images.length;
}

/** Throws RequestRefused. */
export function text(holder: JsonObject, name: string): string {
  const value = holder[name] ?? '';
  return typeof value === 'string' ? value : refuse(mismatch(value, name, 'string'));
}

function list(holder: JsonObject, name: string): readonly unknown[] {
  const value = holder[name] ?? [];
  return Array.isArray(value) ? (value as unknown[]) : refuse(mismatch(value, name, 'slice'));
}

function flag(holder: JsonObject, name: string): boolean | undefined {
  const value = holder[name] ?? undefined;
  return value === undefined || typeof value === 'boolean' ? value : refuse(mismatch(value, name, 'bool'));
}

function mismatch(value: unknown, field: string, type: string): string {
  return `json: cannot unmarshal ${goType(value)} into Go struct field .${field} of type ${type}`;
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
