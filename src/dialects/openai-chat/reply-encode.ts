/* Our words as a whole chat completion, for callers. */

import type { ChatChoice, ChatPart, ChatReply, Citation, FinishReason, TokenLogProbability } from '../../operations/chat.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
import { writeUrl } from '../dialect-media.ts';
import { OPENAI_CHAT } from './dialect-name.ts';
import { writeThoughts, writeToolSignature } from './thoughts.ts';
import { writeUsage } from './usage.ts';

type Json = Record<string, unknown>;

/** The form of a request with `functions`, whose callers look for `function_call`. */
export const FUNCTIONS_FORM = 'functions';

export function encodeChatReply(reply: ChatReply, facts: EncodeFacts): string {
  const isOlder = facts.form === FUNCTIONS_FORM;
  return JSON.stringify({
    id: reply.id ?? replyId(facts),
    object: 'chat.completion',
    created: Math.floor((reply.createdAtMs ?? facts.nowMs) / 1_000),
    model: reply.model ?? facts.model,
    choices: reply.choices.map((choice, index) => writeChoice(choice, index, isOlder)),
    usage: reply.usage === undefined ? undefined : writeUsage(reply.usage),
    service_tier: reply.serviceTier,
  });
}

export function replyId(facts: EncodeFacts): string {
  return `chatcmpl-${facts.id}`;
}

function writeChoice(choice: ChatChoice, index: number, isOlder: boolean): Json {
  const { logProbabilities, stopSequence } = choice;
  return {
    index,
    message: writeMessage(choice.parts, isOlder),
    logprobs: logProbabilities === undefined ? null : writeProbabilities(logProbabilities),
    finish_reason: writeFinish(choice.finish, { isOlder, isRefused: choice.parts.some(({ kind }) => kind === 'refusal') }),
    // vLLM's word for it.
    ...(stopSequence === undefined ? {} : { stop_reason: stopSequence }),
  };
}

const FINISHES: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  'stop-sequence': 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'content_filter',
  // The caller may go on; there is no word for that it should.
  pause: 'stop',
  'context-length': 'length',
  other: 'stop',
};

/** `isRefused`: the refusal itself is told, and OpenAI then calls it a stop. */
export function writeFinish(
  finish: FinishReason,
  { isOlder, isRefused }: { readonly isOlder: boolean; readonly isRefused: boolean },
): string {
  if (isRefused && finish === 'refusal') return 'stop';
  return isOlder && finish === 'tool-calls' ? 'function_call' : FINISHES[finish];
}

function writeMessage(parts: readonly ChatPart[], isOlder: boolean): Json {
  const texts = parts.filter((part) => part.kind === 'text');
  const refusals = parts.filter((part) => part.kind === 'refusal');
  const calls = parts.filter((part) => part.kind === 'tool-call');
  const images = parts.filter((part) => part.kind === 'image');
  const audio = parts.find((part) => part.kind === 'audio');
  const annotations = writeAnnotations(parts);
  const isSilent = texts.length === 0 && (calls.length > 0 || refusals.length > 0 || audio !== undefined);
  return {
    role: 'assistant',
    content: isSilent ? null : texts.map(({ text }) => text).join(''),
    refusal: refusals.length === 0 ? null : refusals.map(({ text }) => text).join(''),
    ...writeThoughts(parts),
    ...writeCalls(calls, isOlder),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(images.length === 0 ? {} : { images: images.map(({ source }, index) => writeImage(source, index)) }),
    ...(audio?.source.kind === 'data' ? { audio: { data: audio.source.base64, transcript: audio.transcript ?? '' } } : {}),
  };
}

function writeCalls(calls: readonly (ChatPart & { kind: 'tool-call' })[], isOlder: boolean): Json {
  const [first] = calls;
  if (first === undefined) return {};
  if (isOlder) return { function_call: { name: first.name, arguments: first.arguments } };
  return {
    tool_calls: calls.map((call) => ({
      id: call.id,
      ...(call.custom === true
        ? { type: 'custom', custom: { name: call.name, input: call.arguments } }
        : { type: 'function', function: { name: call.name, arguments: call.arguments } }),
      ...writeToolSignature(call.signature),
    })),
  };
}

export function writeImage(source: (ChatPart & { kind: 'image' })['source'], index: number): Json {
  return { type: 'image_url', image_url: { url: source.kind === 'id' ? source.id : writeUrl(source) }, index };
}

function writeAnnotations(parts: readonly ChatPart[]): readonly unknown[] {
  const written: unknown[] = [];
  let offset = 0;
  for (const part of parts) {
    if (part.kind !== 'text') continue;
    for (const citation of part.citations ?? []) written.push(...writeCitation(citation, offset, part.text.length));
    offset += part.text.length;
  }
  return written;
}

/** Of pages alone: a place in a document has no word here, and clients refuse kinds of annotations that they don't know. */
export function writeCitation(citation: Citation, offset: number, length: number): readonly unknown[] {
  const { url, title, start, end, native } = citation;
  if (native?.dialect === OPENAI_CHAT && offset === 0) return [native.value];
  if (url === undefined) return [];
  const url_citation = { start_index: offset + (start ?? 0), end_index: offset + (end ?? length), url, title: title ?? '' };
  return [{ type: 'url_citation', url_citation }];
}

export function writeProbabilities(rows: readonly TokenLogProbability[]): Json {
  const plain = ({ token, logProbability, bytes }: Omit<TokenLogProbability, 'top'>): Json => ({
    token,
    logprob: logProbability,
    bytes: bytes ?? null,
  });
  return { content: rows.map((row) => ({ ...plain(row), top_logprobs: row.top.map(plain) })), refusal: null };
}
