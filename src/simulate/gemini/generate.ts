/** `:generateContent` and `:streamGenerateContent`, the latter as SSE (`?alt=sse`) or as one JSON array that grows. */
import { type Script, streamReply, type Whole, wholeReply } from '../delivery.ts';
import { insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import { seedOf } from '../visit.ts';
import { askModel, type GeminiCall } from './call.ts';
import { GEMINI_WORDS, geminiError } from './failure-words.ts';
import { readProto } from './proto.ts';
import {
  blockedResponse,
  candidateTokens,
  chunkOf,
  closingChunk,
  deltasOf,
  type GeminiReply,
  geminiReply,
  promptTokens,
  wholeResponse,
} from './reply.ts';
import { readGenerate } from './request.ts';

export const GEMINI_JSON_HEADERS = { 'content-type': 'application/json; charset=UTF-8' } as const;

export const FAILURE_BODY = GEMINI_WORDS.body(GEMINI_WORDS.inBand);

/** As Google's servers print it. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Throws RequestRefused; rejects when the client leaves. */
export async function generateContent(call: GeminiCall, body: unknown): Promise<Response> {
  return generated(call, body, (reply, faults) => wholeReply(wholeOf(reply, faults), faults, call.visit));
}

/** Throws RequestRefused; rejects when the client leaves. */
export async function streamGenerateContent(call: GeminiCall, body: unknown): Promise<Response> {
  const isSse = new URLSearchParams(call.visit.query).get('alt') === 'sse';
  return generated(call, body, (reply, faults) => {
    const framing = isSse ? sseFraming(faults) : arrayFraming(faults);
    return streamReply(scriptOf(reply, faults, framing), faults, call.visit);
  });
}

type Deliver = (reply: GeminiReply, faults: Faults) => Response | Promise<Response>;

async function generated(call: GeminiCall, body: unknown, deliver: Deliver): Promise<Response> {
  const { visit, isVertex } = call;
  const { name: model, faults } = askModel(call);
  const request = readGenerate(readProto('GenerateContentRequest', body), model);
  // A blocked prompt is no failure here: it is an answer without candidates.
  const { contentPolicy, ...failing } = faults;
  const failed = await insteadOfAnswer(failing, visit, promptTokens(request) + (request.question.tokensMax ?? 0));
  if (failed !== undefined) return failed;
  const reply = geminiReply({ model, isVertex, request }, faults, request.seed ?? seedOf(visit, faults));
  return deliver(contentPolicy ? { ...reply, answers: [], thoughts: [] } : reply, faults);
}

function wholeOf(reply: GeminiReply, faults: Faults): Whole {
  return {
    headers: GEMINI_JSON_HEADERS,
    seed: reply.seed,
    tokenCount: reply.thoughts.length + candidateTokens(reply),
    body: jsonText(reply.answers.length === 0 ? blockedResponse(reply, faults) : wholeResponse(reply, faults)),
    failure: FAILURE_BODY,
  };
}

/** How responses follow each other on the wire. Asked for in the order in which they are sent. */
interface Framing {
  readonly headers: Readonly<Record<string, string>>;
  /** Before the first. */
  readonly opening: string;
  /** A response, given as JSON. */
  item(json: string): string;
  /** After the last. */
  readonly closing: string;
  /** The last response is the end of the stream, and goes with it. */
  readonly endsWithLast: boolean;
}

function sseFraming(faults: Faults): Framing {
  return {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' },
    opening: '',
    item: (json) => `data: ${json}\r\n\r\n`,
    closing: '',
    endsWithLast: faults.noDone === true,
  };
}

function arrayFraming(faults: Faults): Framing {
  let isFirst = true;
  return {
    headers: GEMINI_JSON_HEADERS,
    opening: '[',
    item(json) {
      const separator = isFirst ? '' : ',\r\n';
      isFirst = false;
      return separator + json;
    },
    closing: faults.noDone === true ? '' : ']',
    endsWithLast: false,
  };
}

function scriptOf(reply: GeminiReply, faults: Faults, framing: Framing): Script {
  const deltas = deltasOf(reply);
  const isBlocked = reply.answers.length === 0;
  const last = isBlocked ? blockedResponse(reply, faults) : closingChunk(reply, faults);
  let tokens = 0;
  const item = (value: unknown) => framing.item(JSON.stringify(value));
  return {
    headers: framing.headers,
    seed: reply.seed,
    opening: framing.opening,
    tokenCount: deltas.length,
    event(position) {
      const placed = deltas[position] ?? NOTHING;
      tokens += placed.delta.tokens;
      return item(chunkOf(reply, placed, { tokens, faults }));
    },
    // Each in its turn, for in an array the first has no comma before it.
    get closing() {
      return (framing.endsWithLast ? '' : item(last)) + framing.closing;
    },
    get malformed() {
      return framing.item('{"candidates":[{"content":{"parts":[{"text":"bro');
    },
    get failure() {
      return item(geminiError(GEMINI_WORDS.inBand)) + framing.closing;
    },
    huge: (contentBytes) =>
      item(chunkOf(reply, { index: 0, delta: { part: { text: 'x'.repeat(contentBytes) }, tokens: 0 } }, { tokens, faults })),
  };
}

const NOTHING = { index: 0, delta: { part: {}, tokens: 0 } };
