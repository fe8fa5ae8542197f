/* Whole replies, both ways. Source: ai.google.dev/api/generate-content#GenerateContentResponse. */

import { GatewayError } from '../../base/errors.ts';
import type { ChatChoice, ChatPart, ChatReply } from '../../operations/chat.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
import { answerCallId } from './calls.ts';
import { GroundingWriter, isBeside, nativeBeside, placeCitations, readCitations } from './citations.ts';
import { type Fields, fieldsOf, listOf, textOf } from './fields.ts';
import { decodeFinish, encodeFinish } from './finish.ts';
import { readLogProbabilities, writeLogProbabilities } from './log-probabilities.ts';
import { decodePart, type PartReader } from './part-decode.ts';
import { ANSWER, encodePart } from './part-encode.ts';
import { parseReply } from './reply.ts';
import { readUsage, writeUsage } from './usage.ts';

/** Client side. Throws `upstream_reply_invalid`, or `upstream_error` for an error in a 200's clothes. */
export function decodeReply(bytes: Uint8Array): ChatReply {
  const reply = fieldsOf(parseReply(bytes)) ?? {};
  const id = textOf(reply['responseId']);
  const model = textOf(reply['modelVersion']);
  const usage = readUsage(reply['usageMetadata']);
  const createdAtMs = readTime(reply['createTime']);
  const choices = listOf(reply['candidates']).map((candidate, index) => decodeCandidate(candidate, `${id ?? ''}#${index}`));
  if (choices.length === 0 && reply['promptFeedback'] === undefined && usage === undefined)
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'candidates'");
  return {
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    choices: choices.length === 0 ? [{ parts: [], finish: isBlocked(reply) ? 'content-filter' : 'other' }] : choices,
    ...(usage === undefined ? {} : { usage }),
  };
}

/** The prompt itself is refused. */
export function isBlocked(reply: Fields): boolean {
  return typeof fieldsOf(reply['promptFeedback'])?.['blockReason'] === 'string';
}

export function readTime(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

function decodeCandidate(value: unknown, place: string): ChatChoice {
  const candidate = fieldsOf(value) ?? {};
  let calls = 0;
  const reader: PartReader = { side: 'target', callId: (call) => call.id ?? answerCallId(place, String(calls++), call) };
  const given = listOf(fieldsOf(candidate['content'])?.['parts']);
  const parts = readAnswer(() => given.flatMap((part) => decodePart(part, 'parts', reader)));
  const texts = parts.flatMap((part) => (part.kind === 'text' ? [part.text] : []));
  const logProbabilities = readLogProbabilities(candidate['logprobsResult']);
  return {
    parts: [...placeCitations(parts, readCitations(candidate, texts.join(''))), ...nativeBeside(candidate)],
    finish: decodeFinish(
      candidate['finishReason'],
      parts.some(({ kind }) => kind === 'tool-call'),
    ),
    ...(logProbabilities === undefined ? {} : { logProbabilities }),
  };
}

/** What is no part is the upstream's fault here, and not the caller's. */
export function readAnswer<Read>(read: () => Read): Read {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply has a part that is none", { cause });
  }
}

/** Server side. */
export function encodeReply(reply: ChatReply, facts: EncodeFacts): string {
  return JSON.stringify({
    candidates: reply.choices.map(encodeCandidate),
    ...writeUsage(reply.usage),
    modelVersion: reply.model ?? facts.model,
    responseId: reply.id ?? facts.id,
  });
}

function encodeCandidate({ parts, finish, logProbabilities }: ChatChoice, index: number): Fields {
  const beside = parts.flatMap((part) => (part.kind === 'native' && isBeside(part.value) ? [part.value] : []));
  const content = parts.flatMap((part: ChatPart) => (part.kind === 'native' && isBeside(part.value) ? [] : encodePart(part, ANSWER)));
  const grounding = new GroundingWriter();
  for (const part of parts) if (part.kind === 'text') grounding.add(part);
  return {
    ...(content.length === 0 ? {} : { content: { parts: content, role: 'model' } }),
    finishReason: encodeFinish(finish),
    index,
    ...grounding.told,
    ...Object.fromEntries(beside.flatMap((value) => Object.entries(value))),
    ...writeLogProbabilities(logProbabilities),
  };
}
