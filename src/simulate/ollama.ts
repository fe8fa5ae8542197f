/*
 * Ollama's native API: chat and generate. Streams are NDJSON, on unless `stream` is false; the last object has `done: true` and
 * the statistics, durations in nanoseconds. Format: the project's docs/api.md, api/types.go and server/routes.go.
 * Durations follow from the pace that was asked for, not from a clock, so that a reply can be repeated byte for byte.
 */
import { type Answer, answer, answerTokens, thoughtsOf } from './answer.ts';
import { type Script, streamReply, type Whole, wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, failureReply, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import type { JsonObject } from './json-instance.ts';
import { keepLoaded, ollamaModelUnknown } from './ollama-models.ts';
import {
  type OllamaOptions,
  type OllamaQuestion,
  promptTokensOf,
  readKeepAlive,
  readOllamaChat,
  readOllamaGenerate,
  readOllamaModel,
  readOllamaOptions,
} from './ollama-request.ts';
import { CREATED } from './openai-shapes.ts';
import { hash, tokenize } from './text.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

export const OLLAMA_JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' } as const;
const NDJSON_HEADERS = { 'content-type': 'application/x-ndjson' } as const;

/** `POST /api/chat`. Throws RequestRefused; rejects when the client leaves. */
export function ollamaChat(body: JsonObject, visit: Visit): Promise<Response> {
  return generate(body, visit, { question: readOllamaChat(body), words: chatWords, tellsContext: false });
}

/** `POST /api/generate`. Throws RequestRefused; rejects when the client leaves. */
export function ollamaGenerate(body: JsonObject, visit: Visit): Promise<Response> {
  return generate(body, visit, { question: readOllamaGenerate(body), words: generateWords, tellsContext: body['raw'] !== true });
}

/** A part of an answer: what one line of a stream carries, or all of them together. */
interface Part {
  readonly text?: string;
  readonly thinking?: string;
  readonly calls?: readonly object[];
}

/** How one of the two routes says things. */
interface Asked {
  readonly question: OllamaQuestion;
  words(part: Part): object;
  /** The last object has the conversation as numbers, to be sent with the next request. */
  readonly tellsContext: boolean;
}

function chatWords({ text = '', thinking, calls }: Part): object {
  const message: Record<string, unknown> = { role: 'assistant', content: text };
  if (thinking !== undefined) message['thinking'] = thinking;
  if (calls !== undefined) message['tool_calls'] = calls;
  return { message };
}

function generateWords({ text = '', thinking }: Part): object {
  return thinking === undefined ? { response: text } : { response: text, thinking };
}

async function generate(body: JsonObject, visit: Visit, asked: Asked): Promise<Response> {
  const { name, faults } = askedModel(visit, readOllamaModel(body));
  const options = readOllamaOptions(body);
  const keepAliveMs = readKeepAlive(body);
  if (!isServed(visit.world.options, name)) return failureReply(ollamaModelUnknown(name), visit);
  const promptTokens = promptTokensOf(asked.question);
  const failed = await insteadOfAnswer(faults, visit, promptTokens);
  if (failed !== undefined) return failed;

  keepLoaded(name, keepAliveMs, visit);
  const reply = answerTo(asked, options, { name, faults, promptTokens, seed: options.seed ?? seedOf(visit, faults) });
  if (asked.question.isEmpty) return wholeReply(wholeOf(reply, loaded(reply, keepAliveMs === 0)), faults, visit);
  return options.stream
    ? streamReply(ollamaScript(reply, faults), faults, visit)
    : wholeReply(wholeOf(reply, ollamaWhole(reply, faults)), faults, visit);
}

interface OllamaReply {
  readonly model: string;
  readonly asked: Asked;
  readonly parts: readonly Part[];
  readonly finish: 'stop' | 'length';
  readonly promptTokens: number;
  readonly tokenCount: number;
  readonly seed: number;
}

interface Given {
  readonly name: string;
  readonly faults: Faults;
  readonly promptTokens: number;
  readonly seed: number;
}

function answerTo(asked: Asked, options: OllamaOptions, { name, faults, promptTokens, seed }: Given): OllamaReply {
  const { question } = asked;
  const given = answer({ ...question, ...options, toolChoice: undefined, parallelTools: true }, faults, seed);
  const thoughts = options.think ? thoughtsOf(question.conversation, seed) : [];
  return {
    model: name,
    asked,
    parts: [...thoughts.map((thinking) => ({ thinking })), ...partsOf(given)],
    finish: given.kind === 'text' ? given.finish : 'stop',
    promptTokens,
    tokenCount: thoughts.length + answerTokens(given),
    seed: hash(question.conversation, seed),
  };
}

/** A call is one line: Ollama does not stream its arguments. */
function partsOf(given: Answer): readonly Part[] {
  if (given.kind !== 'tools') return given.tokens.map((text) => ({ text }));
  return given.calls.map((call, index) => ({
    calls: [{ id: call.id, function: { index, name: call.name, arguments: call.arguments } }],
  }));
}

function joined(parts: readonly Part[]): Part {
  const thinking = parts.map((part) => part.thinking ?? '').join('');
  const calls = parts.flatMap((part) => part.calls ?? []);
  return {
    text: parts.map((part) => part.text ?? '').join(''),
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { calls }),
  };
}

function wholeOf(reply: OllamaReply, value: object): Whole {
  return {
    headers: OLLAMA_JSON_HEADERS,
    seed: reply.seed,
    tokenCount: reply.tokenCount,
    body: JSON.stringify(value),
    failure: failureBody(FAILURE_IN_BAND, 'ollama'),
  };
}

function ollamaWhole(reply: OllamaReply, faults: Faults): object {
  return { ...frame(reply, reply.tokenCount, faults), ...reply.asked.words(joined(reply.parts)), ...ending(reply, faults) };
}

function ollamaScript(reply: OllamaReply, faults: Faults): Script {
  const { asked, parts } = reply;
  const line = (index: number, part: Part) => `${JSON.stringify({ ...frame(reply, index, faults), ...asked.words(part), done: false })}\n`;
  const final = `${JSON.stringify({ ...frame(reply, reply.tokenCount, faults), ...asked.words({}), ...ending(reply, faults) })}\n`;
  return {
    headers: NDJSON_HEADERS,
    seed: reply.seed,
    opening: '',
    tokenCount: parts.length,
    event: (index) => line(index, parts[index] ?? {}),
    // The last object is finish, usage and terminal in one.
    closing: faults.noDone || faults.noFinish ? '' : final,
    malformed: `{"model":"${reply.model}","message":{"role":"assistant","content":"bro\n`,
    failure: `${failureBody(FAILURE_IN_BAND, 'ollama')}\n`,
    huge: (contentBytes) => line(0, { text: 'x'.repeat(contentBytes) }),
  };
}

/** Nanoseconds in a millisecond. */
const MS = 1_000_000;
const LOAD_MS = 1;
const PROMPT_MS = 2;

function frame(reply: OllamaReply, tokensBefore: number, faults: Faults): object {
  const atMs = CREATED * 1_000 + (faults.firstTokenMs ?? 0) + tokensBefore * tokenMs(faults);
  return { model: reply.model, created_at: new Date(atMs).toISOString() };
}

function ending(reply: OllamaReply, faults: Faults): object {
  const evalMs = reply.tokenCount * tokenMs(faults);
  const promptMs = PROMPT_MS + (faults.firstTokenMs ?? 0);
  const end = { done: true, done_reason: reply.finish, ...contextOf(reply) };
  if (faults.noUsage) return end;
  return {
    ...end,
    total_duration: Math.round((LOAD_MS + promptMs + evalMs) * MS),
    load_duration: LOAD_MS * MS,
    prompt_eval_count: reply.promptTokens,
    prompt_eval_duration: Math.round(promptMs * MS),
    eval_count: reply.tokenCount,
    eval_duration: Math.round(evalMs * MS),
  };
}

const VOCABULARY = 128_000;

/** The conversation as a tokenizer would number it. */
function contextOf({ asked, parts }: OllamaReply): object {
  if (!asked.tellsContext) return {};
  const said = tokenize(`${asked.question.conversation}\n${joined(parts).text ?? ''}`);
  return { context: said.map((token) => hash(token, 0) % VOCABULARY) };
}

function loaded(reply: OllamaReply, isUnloaded: boolean): object {
  return { ...frame(reply, 0, {}), ...reply.asked.words({}), done: true, done_reason: isUnloaded ? 'unload' : 'load' };
}

function tokenMs(faults: Faults): number {
  const rate = faults.tokensPerSecond ?? 0;
  return rate === 0 ? 1 : 1_000 / rate;
}
