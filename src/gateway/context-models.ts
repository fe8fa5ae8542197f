/*
 * The models that the context engines ask, from inside the gateway: on the same way as a caller's request, but for what decides about callers.
 * It is planned, retried and metered as theirs are, has its span and its line in the log, and is counted and priced for the tenant whose data it
 * is. It takes no place from callers (a chat that waits for it holds one already), and no rate limit of theirs.
 *
 * The engines' questions are put in one dialect that has all three operations and says what a text is embedded for; crossings lead from there to
 * whatever the target speaks.
 */

import { type Abortable, raceAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type {
  AskReply,
  AskRequest,
  ContextModels,
  EmbeddedBatch,
  EmbedTextsRequest,
  ModelOwner,
  RerankTextsRequest,
} from '../context/context-models.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { decodeVectors } from '../dialects/dialect-embed.ts';
import { isRecord } from '../dialects/dialect-errors.ts';
import type { OperationKind } from '../operations/operation.ts';
import { Exchange } from '../pipeline/exchange.ts';
import { errorFact, principalFact } from '../pipeline/facts.ts';
import { compose, type Handler, type Policy } from '../pipeline/policy.ts';
import { isStream, type Reply } from '../pipeline/reply.ts';
import type { RouteInfo } from '../pipeline/route.ts';
import type { Router } from '../routing/router.ts';

export interface ContextModelsDeps {
  readonly router: Pick<Router, 'plan' | 'targets' | 'knows'>;
  /** The innermost handler of model routes. */
  readonly call: Handler;
  /** Sees every exchange begin and end. */
  readonly observe: Policy;
  /** What the questions are put in. */
  readonly dialect: Dialect;
  readonly clock: Clock;
  /** A correlation id that nobody had before. */
  readonly createId: () => string;
}

type Kind = Extract<OperationKind, 'embed' | 'rerank' | 'chat'>;

/** In the log and in metrics; no caller can ask for such a path. */
const PATTERNS: Readonly<Record<Kind, string>> = { embed: 'context:embed', rerank: 'context:rerank', chat: 'context:chat' };
const PRINCIPAL = { id: 'gatehouse:context', tier: '', admin: false, kind: 'key' } as const;
const INPUT_TYPES = { document: 'search_document', query: 'search_query' } as const;
const ADDRESS = 'context';
const MESSAGE_CHARS_MAX = 300;

/** Every call rejects with what a caller would have been told. */
export function createContextModels(deps: ContextModelsDeps): ContextModels {
  const { router, dialect } = deps;
  const handlers = new Map<Kind, InternalRoute>();
  const routeOf = (kind: Kind): InternalRoute => {
    let made = handlers.get(kind);
    if (made === undefined) handlers.set(kind, (made = createRoute(kind, deps)));
    return made;
  };
  const ask = (kind: Kind, question: Question, signal: AbortSignal) => exchangeOf(routeOf(kind), { question, signal, deps });
  return {
    async embed({ model, target, texts, kind, dimensions, owner }: EmbedTextsRequest, signal): Promise<EmbeddedBatch> {
      const asked = meant(router, dialect, { model, target });
      const body = {
        model: asked,
        texts,
        input_type: INPUT_TYPES[kind],
        // What crosses is written in base64, which costs far less to write and to read; of a target's own bytes numbers are sure.
        embedding_types: [router.targets(asked, dialect.name).length === 0 ? 'base64' : 'float'],
        output_dimension: dimensions,
        truncate: 'END',
      };
      const { embeddings } = await ask('embed', { body, owner }, signal);
      const lists = isRecord(embeddings) ? (embeddings['base64'] ?? embeddings['float']) : embeddings;
      return batchOf(lists, texts.length);
    },
    async rerank({ model, query, texts, owner }: RerankTextsRequest, signal) {
      const { results } = await ask('rerank', { body: { model, query, documents: texts }, owner }, signal);
      return scoresOf(results, texts.length);
    },
    async ask({ model, messages, outputTokensMax, schema, temperature, owner }: AskRequest, signal): Promise<AskReply> {
      const format = schema === undefined ? undefined : { type: 'json_object', json_schema: schema.schema };
      const body = { model, messages, max_tokens: outputTokensMax, temperature, response_format: format };
      return answerOf(await ask('chat', { body, owner }, signal));
    },
  };
}

/** What a configured name of an embedding model means: `provider/model`; the name itself where it means nothing. */
export function targetOf(router: Pick<Router, 'plan'>, model: string, dialect: Pick<Dialect, 'name'>): string {
  try {
    // Always the same one, of those that weights choose from.
    return router.plan({ model, kind: 'embed', dialect: dialect.name }, () => 0).targets[0]?.id ?? model;
  } catch (error) {
    if (error instanceof GatewayError) return model;
    throw error;
  }
}

/** The name that is to be asked, which may mean something else by now than when vectors were first made. */
function meant(
  router: Pick<Router, 'plan' | 'knows'>,
  dialect: Pick<Dialect, 'name'>,
  { model, target }: { readonly model: string; readonly target: string | undefined },
): string {
  if (target === undefined || target === model || targetOf(router, model, dialect) === target) return model;
  return router.knows(target) ? target : model;
}

interface Question {
  readonly body: Readonly<Record<string, unknown>>;
  readonly owner: ModelOwner;
}

interface InternalRoute {
  readonly info: RouteInfo;
  readonly kind: Kind;
  readonly handler: Handler;
}

function createRoute(kind: Kind, { observe, call, dialect }: ContextModelsDeps): InternalRoute {
  const info: RouteInfo = { pattern: PATTERNS[kind], kind: 'model', access: 'key', dialect: dialect.name, operation: kind };
  return { info, kind, handler: compose([observe], info, call) };
}

interface Asked {
  readonly question: Question;
  readonly signal: AbortSignal;
  readonly deps: ContextModelsDeps;
}

/** The whole answer as an object. */
async function exchangeOf(
  { info, kind, handler }: InternalRoute,
  { question, signal, deps }: Asked,
): Promise<Readonly<Record<string, unknown>>> {
  signal.throwIfAborted();
  const { body, owner } = question;
  const exchange = new Exchange({ id: deps.createId(), route: info, signal, address: ADDRESS, clock: deps.clock });
  exchange.set(principalFact, { ...PRINCIPAL, tenant: owner.tenant, ...(owner.user === undefined ? {} : { user: owner.user }) });
  try {
    const bytes = Buffer.from(JSON.stringify(body));
    const operation = deps.dialect.decode(kind, bytes, { hasModel: () => true });
    if (operation === undefined) throw new Error(`the dialect knows no '${kind}'`);
    const request = {
      method: 'POST',
      path: info.pattern,
      search: '',
      headers: new Headers(),
      body: { kind: 'bytes', bytes },
      operation,
    } as const;
    const reply = await raceAbort(handler(request, exchange), signal);
    const text = textOf(reply);
    exchange.end({ kind: 'complete', status: reply.status, bytesSent: text.length });
    return parsed(reply.status, text);
  } catch (error) {
    if (exchange.outcome === undefined) end(exchange, error, signal);
    throw error;
  }
}

function end(exchange: Exchange, error: unknown, signal: Abortable): void {
  if (signal.aborted) {
    exchange.end({ kind: 'client_closed', status: 499, error: 'client_closed', bytesSent: 0 });
    return;
  }
  const known = error instanceof GatewayError ? error : new GatewayError('internal_error', 'a model could not be asked', { cause: error });
  if (exchange.peek(errorFact) === undefined) exchange.set(errorFact, known);
  exchange.end({ kind: 'complete', status: known.status, error: known.code, bytesSent: 0 });
}

function textOf({ body }: Reply): string {
  if (typeof body === 'string') return body;
  if (body === null || isStream(body)) throw new Error('a whole answer was asked for');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
}

function parsed(status: number, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('upstream_reply_invalid', 'the model answered with what is no JSON', { cause });
  }
  // A target that speaks our dialect refuses in its own words, which pass.
  if (status >= 400) {
    const said = isRecord(value) && typeof value['message'] === 'string' ? value['message'] : `status ${status}`;
    throw new GatewayError('request_invalid', said.slice(0, MESSAGE_CHARS_MAX), { status });
  }
  if (!isRecord(value)) throw new GatewayError('upstream_reply_invalid', 'the model answered with what is no object');
  return value;
}

function batchOf(lists: unknown, count: number): EmbeddedBatch {
  const rows = decodeVectors(lists);
  const dimensions = rows[0]?.length ?? 0;
  if (rows.length !== count || rows.some((row) => row.length !== dimensions))
    throw new GatewayError('upstream_reply_invalid', 'the embedding model did not answer with one vector of one length for each text');
  const values = new Float32Array(count * dimensions);
  for (const [index, row] of rows.entries()) values.set(row, index * dimensions);
  return { values, dimensions };
}

function scoresOf(results: unknown, count: number): readonly number[] {
  const scores = Array.from({ length: count }, (): number | undefined => undefined);
  for (const result of Array.isArray(results) ? results : []) {
    const { index, relevance_score: score } = isRecord(result) ? result : {};
    if (typeof index === 'number' && index in scores && typeof score === 'number') scores[index] = score;
  }
  return scores.map((score) => {
    if (score === undefined)
      throw new GatewayError('upstream_reply_invalid', 'the reranking model did not answer with one score for each text');
    return score;
  });
}

/** Thoughts are not part of the answer. */
function answerOf({ message, finish_reason: reason }: Readonly<Record<string, unknown>>): AskReply {
  const content = isRecord(message) ? message['content'] : undefined;
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  const texts = parts.flatMap((part) =>
    isRecord(part) && part['type'] === 'text' && typeof part['text'] === 'string' ? [part['text']] : [],
  );
  return { text: typeof content === 'string' ? content : texts.join(''), isWhole: reason === 'COMPLETE' || reason === 'STOP_SEQUENCE' };
}

/** The models of the configuration that is in force: whoever outlives a reload asks these. */
export interface CurrentContextModels extends ContextModels {
  use(models: ContextModels): void;
}

export function createCurrentContextModels(): CurrentContextModels {
  let current: ContextModels | undefined;
  const models = (): ContextModels => {
    if (current === undefined) throw new GatewayError('draining', 'the gateway is not yet ready');
    return current;
  };
  return {
    use(next) {
      current = next;
    },
    embed: async (request, signal) => models().embed(request, signal),
    rerank: async (request, signal) => models().rerank(request, signal),
    ask: async (request, signal) => models().ask(request, signal),
  };
}
