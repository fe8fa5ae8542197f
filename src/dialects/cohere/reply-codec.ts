/* A whole answer in our words, and out of them. Source: docs.cohere.com/reference/chat. */

import { GatewayError } from '../../base/errors.ts';
import type { ChatPart, ChatReply, TokenLogProbability, ToolCallPart } from '../../operations/chat.ts';
import { scanReply } from '../dialect-body.ts';
import { createCallId } from '../dialect-call-id.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { readCitation, writeCitation } from './citations.ts';
import { toldError } from './errors.ts';
import { isFailure, readFinish, writeFinish } from './finish.ts';
import { readUsage, writeUsage } from './usage.ts';

type Json = Readonly<Record<string, unknown>>;
type Mutable<Part> = { -readonly [Name in keyof Part]: Part[Name] };

/** Throws `upstream_reply_invalid`, and `upstream_error` where it tells that the answer failed. */
export function decodeChatReply(bytes: Uint8Array): ChatReply {
  scanReply(bytes);
  const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isRecord(body)) throw invalid('is no object');
  const { id, message, finish_reason: reason } = body;
  if (typeof message === 'string') throw toldError('upstream_error', message);
  if (!isRecord(message)) throw invalid("has no 'message'");
  if (isFailure(reason)) throw toldError('upstream_error', body['error']);
  const parts = readParts(message);
  const logProbabilities = readProbabilities(body['logprobs']);
  const usage = readUsage(body['usage']);
  return {
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    choices: [
      {
        parts,
        finish: readFinish(
          reason,
          parts.some(({ kind }) => kind === 'tool-call'),
        ),
        ...(logProbabilities.length === 0 ? {} : { logProbabilities }),
      },
    ],
    ...(usage === undefined ? {} : { usage }),
  };
}

function readParts(message: Json): readonly ChatPart[] {
  const byContent = listOf(message['content']).map(readContent);
  cite(byContent, listOf(message['citations']));
  const parts: ChatPart[] = byContent.filter((part) => part !== undefined);
  const plan = message['tool_plan'];
  if (typeof plan === 'string' && plan !== '') parts.push({ kind: 'text', text: plan });
  for (const call of listOf(message['tool_calls'])) parts.push({ ...readCall(call), arguments: argumentsOf(call) });
  return parts;
}

type Content = Mutable<ChatPart & { kind: 'text' }> | (ChatPart & { kind: 'reasoning' });

/** Undefined for what is empty, or of a kind that does not exist yet: the places of the others do not change. */
function readContent(item: unknown): Content | undefined {
  if (typeof item === 'string') return item === '' ? undefined : { kind: 'text', text: item };
  if (!isRecord(item)) return undefined;
  if (typeof item['thinking'] === 'string') return item['thinking'] === '' ? undefined : { kind: 'reasoning', text: item['thinking'] };
  return typeof item['text'] === 'string' && item['text'] !== '' ? { kind: 'text', text: item['text'] } : undefined;
}

function cite(byContent: readonly (Content | undefined)[], citations: readonly unknown[]): void {
  for (const { content, citation } of citations.flatMap((value) => readCitation(value))) {
    const part = content === undefined ? byContent.find((each) => each?.kind === 'text') : byContent[content];
    if (part?.kind === 'text') part.citations = [...(part.citations ?? []), citation];
  }
}

/** A call as it begins. Throws `upstream_reply_invalid` for one of no tool. */
export function readCall(call: unknown): Omit<ToolCallPart, 'arguments'> {
  const named = isRecord(call) ? call['function'] : undefined;
  if (!isRecord(call) || !isRecord(named) || typeof named['name'] !== 'string' || named['name'] === '')
    throw invalid('calls a tool without a name');
  return { kind: 'tool-call', id: typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : createCallId(), name: named['name'] };
}

export function argumentsOf(call: unknown): string {
  const named = isRecord(call) ? call['function'] : undefined;
  const written = isRecord(named) ? named['arguments'] : undefined;
  if (typeof written === 'string') return written;
  return isRecord(written) ? JSON.stringify(written) : '';
}

/** Of a piece of several tokens, how likely all of it was. */
export function readProbability(row: unknown): readonly TokenLogProbability[] {
  if (!isRecord(row) || typeof row['text'] !== 'string') return [];
  const numbers = listOf(row['logprobs']).filter((value) => typeof value === 'number');
  if (numbers.length === 0) return [];
  return [{ token: row['text'], logProbability: numbers.reduce((sum, value) => sum + value, 0), top: [] }];
}

function readProbabilities(rows: unknown): readonly TokenLogProbability[] {
  return listOf(rows).flatMap((row) => readProbability(row));
}

export function writeProbability({ token, logProbability }: TokenLogProbability): Json {
  // The client holds the numbers of tokens to be there; nobody else's are Cohere's.
  return { text: token, token_ids: [], logprobs: [logProbability] };
}

export function encodeChatReply(reply: ChatReply, { id }: EncodeFacts): string {
  const [choice] = reply.choices;
  const { parts = [], finish = 'other', logProbabilities } = choice ?? {};
  const contents = parts.filter((part) => part.kind === 'text' || part.kind === 'reasoning' || part.kind === 'refusal');
  const told = contents.filter(({ text }) => text !== '');
  const citations = told.flatMap((part, index) =>
    part.kind === 'text' ? (part.citations ?? []).map((citation) => writeCitation(citation, part.text, index)) : [],
  );
  const calls = parts.flatMap((part) => (part.kind === 'tool-call' ? [writeCall(part)] : []));
  return JSON.stringify({
    id: reply.id ?? id,
    message: {
      role: 'assistant',
      ...(told.length === 0 ? {} : { content: told.map(({ kind, text }) => writeContent(kind, text)) }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...(citations.length === 0 ? {} : { citations }),
    },
    finish_reason: writeFinish(finish),
    ...(logProbabilities === undefined ? {} : { logprobs: logProbabilities.map(writeProbability) }),
    ...(reply.usage === undefined ? {} : { usage: writeUsage(reply.usage) }),
  });
}

function writeContent(kind: ChatPart['kind'], text: string): Json {
  return kind === 'reasoning' ? { type: 'thinking', thinking: text } : { type: 'text', text };
}

/** A tool that takes text is one whose only argument is that text. */
function writeCall(part: ToolCallPart): Json {
  const written = part.custom === true ? JSON.stringify({ input: part.arguments }) : part.arguments;
  return { id: part.id, type: 'function', function: { name: part.name, arguments: written } };
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function invalid(what: string): GatewayError {
  return new GatewayError('upstream_reply_invalid', `the upstream's reply ${what}`);
}
