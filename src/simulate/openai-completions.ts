/** `POST /v1/completions`: the older API, text in and text out, whole and streamed. */
import { type Answer, answer, type Question } from './answer.ts';
import { type Script, streamReply, wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import type { JsonObject } from './json-instance.ts';
import { type CompletionOptions, modelUnknown, readCount, readModel, readOptions, readStops, refuse } from './openai-request.ts';
import { CREATED, DONE, JSON_HEADERS, SSE_HEADERS, sseEvent, type TextCompletion, usageOf } from './openai-shapes.ts';
import { estimateTokens, hash, hashDigits } from './text.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

/** The vendor's default for this API, where chat has none. */
const TOKENS_MAX_DEFAULT = 16;

/** Throws RequestRefused; rejects when the client leaves. */
export async function completions(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = askedModel(visit, readModel(body));
  if (!isServed(visit.world.options, name)) throw modelUnknown(name);
  const prompts = readPrompts(body['prompt']);
  const tokensMax = readCount(body, 'max_tokens') ?? TOKENS_MAX_DEFAULT;
  const promptTokens = prompts.reduce((total, prompt) => total + prompt.tokens, 0);
  const failed = await insteadOfAnswer(faults, visit, promptTokens + tokensMax);
  if (failed !== undefined) return failed;

  const options = readOptions(body);
  const seed = seedOf(visit, faults);
  const answers = prompts.flatMap((prompt) =>
    Array.from({ length: options.choices }, (_, choice) => textAnswer(questionOf(prompt.text, body, tokensMax), faults, seed + choice)),
  );
  const key = prompts.map((prompt) => prompt.text).join('\n');
  const reply: TextReply = {
    id: `cmpl-${hashDigits(`${name}\n${key}`, seed, 29)}`,
    model: name,
    fingerprint: `fp_${hashDigits(name, seed, 10)}`,
    seed: hash(key, seed),
    options,
    promptTokens,
    answers,
  };
  return options.stream ? streamReply(textScript(reply, faults), faults, visit) : wholeReply(textWhole(reply, faults), faults, visit);
}

type TextAnswer = Exclude<Answer, { kind: 'tools' }>;

interface TextReply {
  readonly id: string;
  readonly model: string;
  readonly fingerprint: string;
  readonly seed: number;
  readonly options: CompletionOptions;
  readonly promptTokens: number;
  readonly answers: readonly TextAnswer[];
}

interface Prompt {
  readonly text: string;
  readonly tokens: number;
}

/** A prompt is a text, a list of token numbers, or a list of either. Throws RequestRefused. */
export function readPrompts(value: unknown, param = 'prompt'): readonly Prompt[] {
  if (typeof value === 'string') return [{ text: value, tokens: estimateTokens(value) }];
  if (!Array.isArray(value) || value.length === 0) {
    return refuse(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
  }
  if (value.every((entry) => typeof entry === 'number')) return [{ text: value.join(' '), tokens: value.length }];
  return value.flatMap((entry: unknown) => readPrompts(entry, param));
}

function textAnswer(question: Question, faults: Faults, seed: number): TextAnswer {
  const given = answer(question, faults, seed);
  return given.kind === 'tools' ? { kind: 'text', tokens: [], finish: 'stop' } : given;
}

function questionOf(prompt: string, body: JsonObject, tokensMax: number): Question {
  return {
    conversation: prompt,
    lastUserText: prompt,
    tools: [],
    toolChoice: undefined,
    parallelTools: false,
    format: undefined,
    stops: readStops(body['stop']),
    tokensMax,
  };
}

function textWhole(reply: TextReply, faults: Faults) {
  return {
    headers: JSON_HEADERS,
    seed: reply.seed,
    tokenCount: tokensOf(reply),
    body: JSON.stringify(textCompletion(reply, faults)),
    failure: failureBody(FAILURE_IN_BAND, 'openai'),
  };
}

function textCompletion(reply: TextReply, faults: Faults): TextCompletion {
  const choices = reply.answers.map((given, index) => choiceOf(index, given.tokens.join(''), faults.noFinish ? null : finishOf(given)));
  const completion = { ...frame(reply), choices };
  return faults.noUsage ? completion : { ...completion, usage: usageOf(reply.promptTokens, tokensOf(reply)) };
}

function textScript(reply: TextReply, faults: Faults): Script {
  const { options } = reply;
  const open: Pick<TextCompletion, 'usage'> = options.includeUsage ? { usage: null } : {};
  const event = (index: number, text: string, finish: 'stop' | 'length' | null = null) =>
    sseEvent({ ...frame(reply), choices: [choiceOf(index, text, finish)], ...open } satisfies TextCompletion);

  const pieces = reply.answers.flatMap((given, index) => given.tokens.map((text) => ({ index, text })));
  const finishes = faults.noFinish ? '' : reply.answers.map((given, index) => event(index, '', finishOf(given))).join('');
  const usage: TextCompletion = { ...frame(reply), choices: [], usage: usageOf(reply.promptTokens, tokensOf(reply)) };
  return {
    headers: SSE_HEADERS,
    seed: reply.seed,
    opening: '',
    tokenCount: pieces.length,
    event: (position) => event(pieces[position]?.index ?? 0, pieces[position]?.text ?? ''),
    closing: finishes + (options.includeUsage && !faults.noUsage ? sseEvent(usage) : '') + (faults.noDone ? '' : DONE),
    malformed: `data: {"id":"${reply.id}","object":"text_completion","choices":[{"text":"bro\n\n`,
    failure: `data: ${failureBody(FAILURE_IN_BAND, 'openai')}\n\n`,
    huge: (contentBytes) => event(0, 'x'.repeat(contentBytes)),
  };
}

function frame(reply: TextReply): Omit<TextCompletion, 'choices'> {
  return { id: reply.id, object: 'text_completion', created: CREATED, model: reply.model, system_fingerprint: reply.fingerprint };
}

function choiceOf(index: number, text: string, finish: 'stop' | 'length' | null): TextCompletion['choices'][number] {
  return { text, index, logprobs: null, finish_reason: finish };
}

function finishOf(given: TextAnswer): 'stop' | 'length' {
  return given.kind === 'text' ? given.finish : 'stop';
}

function tokensOf(reply: TextReply): number {
  return reply.answers.reduce((total, given) => total + given.tokens.length, 0);
}
