/* A whole answer of Ollama's in our words, and out of them: a chat's, or that of a `generate`, which has the text where the chat has a message. */

import { GatewayError } from '../../base/errors.ts';
import { scanJson } from '../../base/json-scan.ts';
import type { ChatPart, ChatReply, FinishReason, TokenLogProbability } from '../../operations/chat.ts';
import type { Usage } from '../../operations/usage.ts';
import { REPLY_LIMITS, scanReply } from '../dialect-body.ts';
import { createCallId } from '../dialect-call-id.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { toldText } from './errors.ts';
import { readUsage } from './reply.ts';
import { readCall, writeCall } from './tool-calls.ts';

type Json = Readonly<Record<string, unknown>>;

/** Throws `upstream_reply_invalid`, and `upstream_error` for an error in a 200's clothes. */
export function decodeChatReply(bytes: Uint8Array): ChatReply {
  const body = parseReply(bytes);
  if (!isRecord(body['message']) || body['done'] !== true)
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'message', or does not say that it is done");
  const parts = readMessage(body['message']);
  const usage = readUsage(scanJson(bytes, REPLY_LIMITS));
  const logProbabilities = readProbabilities(body['logprobs']);
  return {
    ...readOrigin(body),
    choices: [
      {
        parts,
        finish: readFinish(
          body['done_reason'],
          parts.some(({ kind }) => kind === 'tool-call'),
        ),
        ...(logProbabilities.length === 0 ? {} : { logProbabilities }),
      },
    ],
    ...(usage === undefined ? {} : { usage }),
  };
}

/** The object of a whole reply that is no error. */
export function parseReply(bytes: Uint8Array): Json {
  scanReply(bytes);
  const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isRecord(body)) throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no object");
  const { error } = body;
  if (error !== undefined && error !== null) throw new GatewayError('upstream_error', toldText(error) ?? 'the upstream reported an error');
  return body;
}

/** Who answered, and when. */
export function readOrigin({ model, created_at: created }: Json): Pick<ChatReply, 'model' | 'createdAtMs'> {
  const createdAtMs = typeof created === 'string' ? Date.parse(created) : Number.NaN;
  return {
    ...(typeof model === 'string' && model !== '' ? { model } : {}),
    ...(Number.isFinite(createdAtMs) ? { createdAtMs } : {}),
  };
}

function readMessage(message: Json): readonly ChatPart[] {
  const { content, thinking } = message;
  return [
    ...(typeof thinking === 'string' && thinking !== '' ? [{ kind: 'reasoning' as const, text: thinking }] : []),
    ...(typeof content === 'string' && content !== '' ? [{ kind: 'text' as const, text: content }] : []),
    ...readCalls(message['tool_calls']),
  ];
}

export function readCalls(calls: unknown): readonly (ChatPart & { kind: 'tool-call' })[] {
  return (Array.isArray(calls) ? (calls as unknown[]) : []).flatMap((given) => {
    const call = readCall(given);
    return call === undefined ? [] : [{ kind: 'tool-call' as const, ...call, id: call.id ?? createCallId() }];
  });
}

const READ: Readonly<Record<string, FinishReason>> = { stop: 'stop', length: 'length', content_filter: 'content-filter' };
const WRITTEN: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  'stop-sequence': 'stop',
  length: 'length',
  'tool-calls': 'stop',
  // No Ollama says so, but nobody who reads it will be misled.
  'content-filter': 'content_filter',
  refusal: 'content_filter',
  pause: 'stop',
  'context-length': 'length',
  other: 'stop',
};

/** It calls a tool, and says `stop`. Old versions say nothing. */
export function readFinish(reason: unknown, isTooled: boolean): FinishReason {
  const finish = reason === undefined ? 'stop' : typeof reason === 'string' && Object.hasOwn(READ, reason) ? READ[reason] : undefined;
  return finish === 'stop' && isTooled ? 'tool-calls' : (finish ?? 'other');
}

export function readProbabilities(rows: unknown): readonly TokenLogProbability[] {
  return (Array.isArray(rows) ? (rows as unknown[]) : []).flatMap((row): TokenLogProbability[] => {
    const told = readToken(row);
    if (told === undefined || !isRecord(row)) return [];
    const top = Array.isArray(row['top_logprobs']) ? (row['top_logprobs'] as unknown[]) : [];
    return [{ ...told, top: top.flatMap((other) => readToken(other) ?? []) }];
  });
}

function readToken(row: unknown): Omit<TokenLogProbability, 'top'> | undefined {
  if (!isRecord(row) || typeof row['token'] !== 'string' || typeof row['logprob'] !== 'number') return undefined;
  const { token, logprob, bytes } = row;
  const isBytes = Array.isArray(bytes) && bytes.every((byte: unknown) => typeof byte === 'number');
  return { token, logProbability: logprob, ...(isBytes ? { bytes } : {}) };
}

export function writeProbabilities(rows: readonly TokenLogProbability[]): unknown {
  const plain = ({ token, logProbability, bytes }: Omit<TokenLogProbability, 'top'>): Json => ({ token, logprob: logProbability, bytes });
  return rows.map((row) => ({ ...plain(row), top_logprobs: row.top.map(plain) }));
}

/** Knows of one answer only. */
export function encodeChatReply(reply: ChatReply, facts: EncodeFacts): string {
  const [choice] = reply.choices;
  const parts = choice?.parts ?? [];
  const content = textOf(parts, 'text');
  const thinking = textOf(parts, 'reasoning');
  const calls = parts.filter((part) => part.kind === 'tool-call');
  return JSON.stringify({
    model: reply.model ?? facts.model,
    created_at: createdAt(reply.createdAtMs, facts),
    ...writeWords(facts.form, { content, thinking, ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }) }),
    ...(choice?.logProbabilities === undefined ? {} : { logprobs: writeProbabilities(choice.logProbabilities) }),
    ...writeEnd(choice?.finish ?? 'stop', reply.usage),
  });
}

function textOf(parts: readonly ChatPart[], kind: 'text' | 'reasoning'): string {
  return parts.map((part) => (part.kind === kind ? part.text : '')).join('');
}

export function createdAt(createdAtMs: number | undefined, facts: EncodeFacts): string {
  return new Date(createdAtMs ?? facts.nowMs).toISOString();
}

/** Where the form has its words. */
export function writeWords(form: string | undefined, said: { content: string; thinking?: string; tool_calls?: unknown }): Json {
  const { content, thinking = '', tool_calls } = said;
  const thoughts = thinking === '' ? {} : { thinking };
  if (form === 'generate') return { response: content, ...thoughts };
  return { message: { role: 'assistant', content, ...thoughts, ...(tool_calls === undefined ? {} : { tool_calls }) } };
}

/** The last words of an answer. Durations are left out: of another server's work we don't know them. */
export function writeEnd(finish: FinishReason, usage: Usage | undefined): Json {
  return {
    done: true,
    done_reason: WRITTEN[finish],
    prompt_eval_count: usage?.inputTokens,
    eval_count: usage?.outputTokens,
  };
}
