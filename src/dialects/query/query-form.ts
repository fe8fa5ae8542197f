/* The form of POST /v1/query: what AIVillage's callers send and get, and the chat request and reply that stand behind it. */

import { z } from 'zod';
import { GatewayError } from '../../base/errors.ts';
import { JsonScanError, scanJson } from '../../base/json-scan.ts';
import type { ContextAnswer, ContextPart } from '../../operations/context-answer.ts';
import type { ContextWish } from '../../operations/context-wish.ts';

export interface Query {
  readonly query: string;
  readonly sessionId: string | null;
  readonly model: string;
  /** The caller named none. */
  readonly modelDefaulted: boolean;
  /** The chat request that asks the same. */
  readonly chat: Uint8Array;
  /** Options that mean nothing here, by path. */
  readonly ignored: readonly string[];
}

const QUERY_LENGTH_MAX = 100_000;
const SESSION_LENGTH_MAX = 256;

/** Options that are a chat request's own; `null` leaves one out. */
const chatOptions = z.object({
  max_tokens: z.int().min(1).max(1_000_000).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string().max(1_000), z.array(z.string().max(1_000)).max(16)]).nullish(),
});

const options = chatOptions.extend({
  model: z.string().min(1).max(256).nullish(),
  stream: z.literal(false, { error: "streams are not offered here: ask '/v1/chat/completions'" }).nullish(),
});

export const queryRequest = z.object({
  query: z
    .string({ error: ({ input }) => (input === undefined ? 'is required: a string' : 'must be a string') })
    .max(QUERY_LENGTH_MAX)
    .refine((text) => text.trim() !== '', 'must not be empty'),
  session_id: z.string().min(1).max(SESSION_LENGTH_MAX).nullish(),
  options: options.loose().nullish(),
});

/** Throws `json_invalid`, or `request_invalid` with the field at fault. */
export function parseQuery(bytes: Uint8Array, defaultModel: string): Query {
  const parsed = queryRequest.safeParse(parseObject(bytes));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw invalid(field === '' ? undefined : field, `'${field}': ${issue?.message ?? 'is not as it must be'}`);
  }
  const { query, session_id: sessionId, options: given } = parsed.data;
  const model = given?.model ?? defaultModel;
  const passed = Object.fromEntries(
    Object.keys(chatOptions.shape).flatMap((name) => (given?.[name] === undefined || given[name] === null ? [] : [[name, given[name]]])),
  );
  const chat = { model, messages: [{ role: 'user', content: query }], ...passed };
  return {
    query,
    sessionId: sessionId ?? null,
    model,
    modelDefaulted: (given?.model ?? undefined) === undefined,
    chat: new TextEncoder().encode(JSON.stringify(chat)),
    ignored: Object.keys(given ?? {}).flatMap((name) => (Object.hasOwn(options.shape, name) ? [] : [`options.${name.slice(0, 64)}`])),
  };
}

function parseObject(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw new GatewayError('json_invalid', 'the request has no body; a JSON object is expected');
  try {
    if (scanJson(bytes).kind !== 'object') throw invalid(undefined, 'the body must be a JSON object');
  } catch (cause) {
    if (cause instanceof JsonScanError) throw new GatewayError('json_invalid', `the body is no valid JSON: ${cause.message}`, { cause });
    throw cause;
  }
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** What the question is answered from besides what the model knows: documents, and what was said before, where the gateway keeps them. */
export function wishOf({ sessionId }: Query): { readonly said: ContextWish; readonly usual: ContextWish } {
  return {
    said: sessionId === null ? {} : { session: sessionId },
    usual: { knowledge: { on: true }, memory: { read: true, write: true } },
  };
}

export interface QueryFacts {
  /** Milliseconds from the call of the model to its whole answer; of a cached answer, to that. */
  readonly generationMs: number;
  readonly totalMs: number;
  /** What it was answered from. */
  readonly context?: ContextAnswer | undefined;
}

/** The parts of a chat completion that the answer is made of. */
interface Completion {
  readonly model?: string;
  readonly usage?: unknown;
  readonly choices?: readonly { readonly message?: { readonly content?: unknown }; readonly finish_reason?: unknown }[];
}

/** What the caller gets. Throws `upstream_reply_invalid` when the completion has no text. */
export function queryAnswer(query: Query, completion: Completion, facts: QueryFacts): object {
  const [choice] = completion.choices ?? [];
  const content = choice?.message?.content;
  if (typeof content !== 'string') throw new GatewayError('upstream_reply_invalid', "the model's reply holds no text");
  return {
    answer: content,
    response: content,
    query: query.query,
    session_id: query.sessionId,
    sources: sourcesOf(facts.context),
    model: completion.model ?? query.model,
    usage: completion.usage ?? null,
    metadata: {
      finish_reason: choice?.finish_reason ?? null,
      generation_ms: rounded(facts.generationMs),
      total_ms: rounded(facts.totalMs),
      left_out: leftOutOf(facts.context),
      ignored_options: query.ignored,
    },
  };
}

/** Parts of documents, and then what was said before; each best first. */
function sourcesOf(context: ContextAnswer | undefined): readonly object[] {
  const documents = context?.documents.map(({ text, score, metadata }) => ({ ...metadata, type: 'document', text, score: rounded(score) }));
  const memories = context?.memories.map(({ id, text, score }) => ({ type: 'memory', id, text, score: rounded(score) }));
  return [...(documents ?? []), ...(memories ?? [])];
}

/** What had no part in the answer: an answer without sources says why it has none. */
function leftOutOf(context: ContextAnswer | undefined): readonly string[] {
  const isOut = (part: ContextPart): boolean => context === undefined || context.skipped.includes(part);
  return [...(isOut('knowledge') ? ['knowledge'] : []), ...(isOut('memory') ? ['session_memory'] : [])];
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}

function invalid(param: string | undefined, message: string): GatewayError {
  return new GatewayError('request_invalid', message, param === undefined ? {} : { param });
}
