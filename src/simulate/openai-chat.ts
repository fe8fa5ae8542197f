/** `POST /v1/chat/completions`, whole and streamed, as OpenAI's API reference describes both. */
import { type Answer, answer, answerTokens, callPieces } from './answer.ts';
import { type Script, streamReply, type Whole, wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import { fixedChatReply, isFixed } from './fixed.ts';
import { interleave } from './interleave.ts';
import type { JsonObject } from './json-instance.ts';
import { logprobsOf } from './logprobs.ts';
import { type ChatRequest, modelUnknown, readChat, readModel } from './openai-request.ts';
import {
  type ChatChunk,
  type ChatCompletion,
  type ChatDelta,
  CREATED,
  DONE,
  type FinishReason,
  JSON_HEADERS,
  type Logprobs,
  SSE_HEADERS,
  sseEvent,
  usageOf,
} from './openai-shapes.ts';
import { hash, hashDigits } from './text.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

/** Throws RequestRefused; rejects when the client leaves. */
export async function chatCompletions(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = askedModel(visit, readModel(body));
  if (isFixed(name)) {
    return (await insteadOfAnswer(faults, visit)) ?? fixedChatReply(body, faults, visit);
  }
  if (!isServed(visit.world.options, name)) throw modelUnknown(name);

  const request = readChat(body);
  const failed = await insteadOfAnswer(faults, visit, request.promptTokens + (request.question.tokensMax ?? 0));
  if (failed !== undefined) return failed;

  const seed = seedOf(visit, faults);
  const reply: ChatReply = {
    id: `chatcmpl-${hashDigits(`${name}\n${request.question.conversation}`, seed, 29)}`,
    model: name,
    fingerprint: `fp_${hashDigits(name, seed, 10)}`,
    seed: hash(request.question.conversation, seed),
    request,
    answers: Array.from({ length: request.choices }, (_, choice) => answer(request.question, faults, seed + choice)),
  };
  return request.stream ? streamReply(chatScript(reply, faults), faults, visit) : wholeReply(chatWhole(reply, faults), faults, visit);
}

/** All that a reply says, before it is put into one piece or many. */
interface ChatReply {
  readonly id: string;
  readonly model: string;
  readonly fingerprint: string;
  readonly seed: number;
  readonly request: ChatRequest;
  /** One for each choice. */
  readonly answers: readonly Answer[];
}

function chatWhole(reply: ChatReply, faults: Faults): Whole {
  return {
    headers: { ...JSON_HEADERS, 'x-request-id': `req_${reply.id.slice(9)}` },
    seed: reply.seed,
    tokenCount: tokensOf(reply),
    body: JSON.stringify(chatCompletion(reply, faults)),
    failure: failureBody(FAILURE_IN_BAND, 'openai'),
  };
}

function chatCompletion(reply: ChatReply, faults: Faults): ChatCompletion {
  const usage = faults.noUsage ? {} : { usage: usageOf(reply.request.promptTokens, tokensOf(reply)) };
  return {
    id: reply.id,
    object: 'chat.completion',
    created: CREATED,
    model: reply.model,
    choices: reply.answers.map((given, index) => ({
      index,
      message: messageOf(given),
      logprobs: logprobs(given, reply),
      finish_reason: faults.noFinish ? null : finishOf(given),
    })),
    ...usage,
    service_tier: 'default',
    system_fingerprint: reply.fingerprint,
  };
}

function messageOf(given: Answer): ChatCompletion['choices'][number]['message'] {
  switch (given.kind) {
    case 'text':
      return { role: 'assistant', content: given.tokens.join(''), refusal: null, annotations: [] };
    case 'refusal':
      return { role: 'assistant', content: null, refusal: given.tokens.join(''), annotations: [] };
    case 'tools':
      return {
        role: 'assistant',
        content: null,
        tool_calls: given.calls.map((call) => ({
          id: call.id,
          type: 'function',
          function: { name: call.name, arguments: callPieces(call).join('') },
        })),
        refusal: null,
        annotations: [],
      };
  }
}

interface ChoiceExtra {
  readonly finish?: FinishReason;
  readonly logprobs?: Logprobs | null;
}

function chatScript(reply: ChatReply, faults: Faults): Script {
  const { answers, request } = reply;
  const event = (index: number, delta: ChatDelta, more: ChoiceExtra = {}) =>
    sseEvent(chatChunk(reply, [{ index, delta, logprobs: more.logprobs ?? null, finish_reason: more.finish ?? null }]));

  const deltas = interleave(answers.map(deltasOf));
  const finishes = faults.noFinish ? '' : answers.map((given, index) => event(index, {}, { finish: finishOf(given) })).join('');
  const usage = request.includeUsage && !faults.noUsage ? sseEvent(usageChunk(reply)) : '';
  return {
    headers: { ...SSE_HEADERS, 'x-request-id': `req_${reply.id.slice(9)}` },
    seed: reply.seed,
    opening: answers.map((given, index) => event(index, openingDelta(given))).join(''),
    tokenCount: deltas.length,
    event(position) {
      const { index, delta } = deltas[position] ?? { index: 0, delta: {} };
      const token = delta.content ?? delta.refusal;
      return event(index, delta, { logprobs: token === undefined || token === null ? null : tokenLogprobs(token, delta, request) });
    },
    closing: finishes + usage + (faults.noDone ? '' : DONE),
    malformed: `data: {"id":"${reply.id}","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"bro\n\n`,
    failure: `data: ${failureBody(FAILURE_IN_BAND, 'openai')}\n\n`,
    huge: (contentBytes) => event(0, { content: 'x'.repeat(contentBytes) }),
  };
}

/** With usage asked for, each chunk but the last says `usage: null`; otherwise none names it. */
function chatChunk(reply: ChatReply, choices: ChatChunk['choices']): ChatChunk {
  const chunk: ChatChunk = {
    id: reply.id,
    object: 'chat.completion.chunk',
    created: CREATED,
    model: reply.model,
    service_tier: 'default',
    system_fingerprint: reply.fingerprint,
    choices,
  };
  if (reply.request.includeUsage) chunk.usage = null;
  return chunk;
}

function usageChunk(reply: ChatReply): ChatChunk {
  return { ...chatChunk(reply, []), usage: usageOf(reply.request.promptTokens, tokensOf(reply)) };
}

function openingDelta(given: Answer): ChatDelta {
  return { role: 'assistant', content: given.kind === 'text' ? '' : null, refusal: null };
}

/** The pieces of an answer, one for each token: a tool call opens with its id and name, and goes on with its arguments. */
function deltasOf(given: Answer): readonly ChatDelta[] {
  switch (given.kind) {
    case 'text':
      return given.tokens.map((content) => ({ content }));
    case 'refusal':
      return given.tokens.map((refusal) => ({ refusal }));
    case 'tools':
      return given.calls.flatMap((call, index) => [
        { tool_calls: [{ index, id: call.id, type: 'function' as const, function: { name: call.name, arguments: '' } }] },
        ...callPieces(call).map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
      ]);
  }
}

function finishOf(given: Answer): FinishReason {
  return given.kind === 'tools' ? 'tool_calls' : given.kind === 'text' ? given.finish : 'stop';
}

function tokensOf(reply: ChatReply): number {
  return reply.answers.reduce((total, given) => total + answerTokens(given), 0);
}

function logprobs(given: Answer, reply: ChatReply): Logprobs | null {
  const { topLogprobs } = reply.request;
  if (topLogprobs === undefined || given.kind === 'tools') return null;
  const tokens = logprobsOf(given.tokens, topLogprobs);
  return given.kind === 'text' ? { content: tokens, refusal: null } : { content: null, refusal: tokens };
}

function tokenLogprobs(token: string, delta: ChatDelta, request: ChatRequest): Logprobs | null {
  if (request.topLogprobs === undefined) return null;
  const tokens = logprobsOf([token], request.topLogprobs);
  return delta.content === undefined ? { content: null, refusal: tokens } : { content: tokens, refusal: null };
}
