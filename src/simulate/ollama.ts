/*
 * Ollama's native API: chat and generate. Streams are NDJSON, on unless `stream` is false; the last object has `done: true` and
 * the statistics, durations in nanoseconds. Format: the project's docs/api.md and api/types.go.
 * Durations follow from the pace that was asked for, not from a clock, so that a reply can be repeated byte for byte.
 */
import { type Answer, answer, answerTokens, type Question } from './answer.ts';
import { type Script, streamReply, wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, failureReply, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import type { JsonObject } from './json-instance.ts';
import { isObject } from './json-instance.ts';
import { ollamaModelUnknown, readOllamaModel } from './ollama-models.ts';
import { readStops, readTools, textOf } from './openai-request.ts';
import { CREATED } from './openai-shapes.ts';
import { estimateTokens, hash } from './text.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

const OLLAMA_JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' } as const;
const NDJSON_HEADERS = { 'content-type': 'application/x-ndjson' } as const;

/** `POST /api/chat`. Throws RequestRefused; rejects when the client leaves. */
export function ollamaChat(body: JsonObject, visit: Visit): Promise<Response> {
  const messages = Array.isArray(body['messages']) ? (body['messages'] as unknown[]).filter(isObject) : [];
  const last = messages.at(-1);
  return generate(body, visit, {
    conversation: messages.map((message) => `${String(message['role'])}\n${textOf(message['content'])}`).join('\n'),
    lastUserText: last?.['role'] === 'user' ? textOf(last['content']) : '',
    tools: readTools(body['tools']),
    words: chatWords,
    isEmpty: messages.length === 0,
  });
}

/** `POST /api/generate`. Throws RequestRefused; rejects when the client leaves. */
export function ollamaGenerate(body: JsonObject, visit: Visit): Promise<Response> {
  const prompt = typeof body['prompt'] === 'string' ? body['prompt'] : '';
  const system = typeof body['system'] === 'string' ? body['system'] : '';
  return generate(body, visit, {
    conversation: system === '' ? prompt : `${system}\n${prompt}`,
    lastUserText: prompt,
    tools: [],
    words: generateWords,
    isEmpty: prompt === '',
  });
}

/** How one of the two routes says things. */
interface Asked extends Pick<Question, 'conversation' | 'lastUserText' | 'tools'> {
  /** The fields that carry text and tool calls. */
  words(text: string, calls: readonly object[]): object;
  /** No prompt: the model is only loaded or unloaded. */
  readonly isEmpty: boolean;
}

function chatWords(text: string, calls: readonly object[]): object {
  return { message: calls.length === 0 ? { role: 'assistant', content: text } : { role: 'assistant', content: text, tool_calls: calls } };
}

function generateWords(text: string): object {
  return { response: text };
}

async function generate(body: JsonObject, visit: Visit, asked: Asked): Promise<Response> {
  const { name, faults } = askedModel(visit, readOllamaModel(body));
  if (!isServed(visit.world.options, name)) return failureReply(ollamaModelUnknown(name), visit);
  const options = isObject(body['options']) ? body['options'] : {};
  const promptTokens = 3 + estimateTokens(asked.conversation);
  const failed = await insteadOfAnswer(faults, visit, promptTokens);
  if (failed !== undefined) return failed;

  const predict = options['num_predict'];
  const question: Question = {
    conversation: asked.conversation,
    lastUserText: asked.lastUserText,
    tools: asked.tools,
    toolChoice: undefined,
    parallelTools: true,
    format: body['format'],
    stops: readStops(options['stop']),
    // Below zero means without end, and we always end.
    tokensMax: typeof predict === 'number' && predict >= 0 ? predict : undefined,
  };
  const seed = typeof options['seed'] === 'number' ? options['seed'] : seedOf(visit, faults);
  const given = answer(question, faults, seed);
  const reply: OllamaReply = {
    model: name,
    given,
    promptTokens,
    asked,
    seed: hash(asked.conversation, seed),
    keepAlive: body['keep_alive'],
  };
  if (asked.isEmpty) return wholeReply(wholeOf(reply, loaded(reply)), faults, visit);
  return body['stream'] === false
    ? wholeReply(wholeOf(reply, ollamaWhole(reply, faults)), faults, visit)
    : streamReply(ollamaScript(reply, faults), faults, visit);
}

interface OllamaReply {
  readonly model: string;
  readonly given: Answer;
  readonly promptTokens: number;
  readonly asked: Asked;
  readonly seed: number;
  readonly keepAlive: unknown;
}

function wholeOf(reply: OllamaReply, value: object) {
  return {
    headers: OLLAMA_JSON_HEADERS,
    seed: reply.seed,
    tokenCount: answerTokens(reply.given),
    body: JSON.stringify(value),
    failure: failureBody(FAILURE_IN_BAND, 'ollama'),
  };
}

function ollamaWhole(reply: OllamaReply, faults: Faults): object {
  const { given, asked } = reply;
  const words = given.kind === 'tools' ? asked.words('', callsOf(given)) : asked.words(given.tokens.join(''), []);
  return { ...frame(reply, tokenCountOf(reply), faults), ...words, ...ending(reply, faults) };
}

function ollamaScript(reply: OllamaReply, faults: Faults): Script {
  const { given, asked } = reply;
  const line = (index: number, words: object) => `${JSON.stringify({ ...frame(reply, index, faults), ...words, done: false })}\n`;
  const calls = given.kind === 'tools' ? callsOf(given) : [];
  const final = `${JSON.stringify({ ...frame(reply, tokenCountOf(reply), faults), ...asked.words('', []), ...ending(reply, faults) })}\n`;
  return {
    headers: NDJSON_HEADERS,
    seed: reply.seed,
    opening: '',
    // A call is one line: Ollama does not stream its arguments.
    tokenCount: given.kind === 'tools' ? calls.length : given.tokens.length,
    event(index) {
      return line(
        index,
        given.kind === 'tools' ? asked.words('', calls.slice(index, index + 1)) : asked.words(given.tokens[index] ?? '', []),
      );
    },
    // The last object is finish, usage and terminal in one.
    closing: faults.noDone || faults.noFinish ? '' : final,
    malformed: `{"model":"${reply.model}","message":{"role":"assistant","content":"bro\n`,
    failure: `${failureBody(FAILURE_IN_BAND, 'ollama')}\n`,
    huge: (contentBytes) => line(0, asked.words('x'.repeat(contentBytes), [])),
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
  const count = tokenCountOf(reply);
  const evalMs = count * tokenMs(faults);
  const end = { done: true, done_reason: reply.given.kind === 'text' ? reply.given.finish : 'stop' };
  const promptMs = PROMPT_MS + (faults.firstTokenMs ?? 0);
  if (faults.noUsage) return end;
  return {
    ...end,
    total_duration: Math.round((LOAD_MS + promptMs + evalMs) * MS),
    load_duration: LOAD_MS * MS,
    prompt_eval_count: reply.promptTokens,
    prompt_eval_duration: Math.round(promptMs * MS),
    eval_count: count,
    eval_duration: Math.round(evalMs * MS),
  };
}

function loaded(reply: OllamaReply): object {
  const reason = reply.keepAlive === 0 || reply.keepAlive === '0' ? 'unload' : 'load';
  return { ...frame(reply, 0, {}), ...reply.asked.words('', []), done: true, done_reason: reason };
}

function callsOf(given: Extract<Answer, { kind: 'tools' }>): readonly object[] {
  return given.calls.map((call, index) => ({ id: call.id, function: { index, name: call.name, arguments: call.arguments } }));
}

function tokenCountOf(reply: OllamaReply): number {
  return answerTokens(reply.given);
}

function tokenMs(faults: Faults): number {
  const rate = faults.tokensPerSecond ?? 0;
  return rate === 0 ? 1 : 1_000 / rate;
}
