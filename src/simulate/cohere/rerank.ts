/*
 * Rerankers. Cohere's are at `/v2/rerank` and `/v1/rerank`; Jina's and Voyage's share the latter path, and are known by what is asked:
 *
 *   `top_k` or `truncation`, or a model `rerank-2.5`, `rerank-lite-1` …     Voyage: `data[]`, and a document is a string
 *   a model `jina-…`                                                        Jina: `results[]` and `usage`
 *   else                                                                    Cohere: `results[]` and `meta`
 *
 * `/voyage/v1/rerank` and `/jina/v1/rerank` are theirs whatever is asked. `/rerank` is Text Embeddings Inference's: a bare list.
 */
import { wholeReply } from '../delivery.ts';
import { failureBody, failureReply, insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import { isObject, type JsonObject } from '../json-instance.ts';
import { RequestRefused } from '../openai-request.ts';
import { estimateTokens, hash } from '../text.ts';
import { type ErrorShape, faultsOf, type Visit } from '../visit.ts';
import { askModel, checkKey, count, flag, list, onlyFields, readBody, refuse, text } from './check.ts';
import { COHERE_WORDS, uuidOf } from './failure-words.ts';
import { type Ranked, ranked } from './relevance.ts';

interface Asked {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  readonly body: JsonObject;
  readonly tokens: number;
}

interface Vendor {
  readonly shape: ErrorShape;
  readonly fields: readonly string[];
  /** The field with how many results are wanted. */
  readonly most: 'top_n' | 'top_k';
  /** Whether documents come back unless asked otherwise. */
  readonly returnsDocuments: boolean;
  readonly documentsMax: number;
  reply(asked: Asked, rows: readonly Ranked[], returnsDocuments: boolean): object;
}

const COHERE_FIELDS = ['model', 'query', 'documents', 'top_n', 'priority'];

function cohere(version: '1' | '2'): Vendor {
  return {
    shape: 'cohere',
    fields:
      version === '2'
        ? [...COHERE_FIELDS, 'max_tokens_per_doc']
        : [...COHERE_FIELDS, 'rank_fields', 'return_documents', 'max_chunks_per_doc', 'max_tokens_per_doc'],
    most: 'top_n',
    returnsDocuments: false,
    documentsMax: 10_000,
    reply: ({ query, documents }, rows, returnsDocuments) => ({
      id: uuidOf(`${query}\n${documents.length}`),
      results: rows.map(({ index, score }) => ({
        index,
        relevance_score: score,
        ...(returnsDocuments ? { document: { text: documents[index] } } : {}),
      })),
      meta: { api_version: { version }, billed_units: { search_units: Math.ceil(documents.length / 100) } },
    }),
  };
}

const JINA: Vendor = {
  shape: 'service',
  fields: ['model', 'query', 'documents', 'top_n', 'return_documents', 'return_embeddings', 'truncate', 'truncation', 'max_doc_length'],
  most: 'top_n',
  returnsDocuments: true,
  documentsMax: 2_048,
  reply: ({ model, documents, tokens }, rows, returnsDocuments) => ({
    model,
    object: 'list',
    usage: { total_tokens: tokens },
    results: rows.map(({ index, score }) => ({
      index,
      relevance_score: score,
      ...(returnsDocuments ? { document: { text: documents[index] } } : {}),
    })),
  }),
};

const VOYAGE: Vendor = {
  shape: 'service',
  fields: ['model', 'query', 'documents', 'top_k', 'return_documents', 'truncation'],
  most: 'top_k',
  returnsDocuments: false,
  documentsMax: 1_000,
  reply: ({ model, documents, tokens }, rows, returnsDocuments) => ({
    object: 'list',
    data: rows.map(({ index, score }) => ({ relevance_score: score, index, ...(returnsDocuments ? { document: documents[index] } : {}) })),
    model,
    usage: { total_tokens: tokens },
  }),
};

/** `POST /v2/rerank`. Rejects when the client leaves. */
export function cohereRerank(visit: Visit): Promise<Response> {
  return rerank(visit, () => cohere('2'));
}

/** `POST /v1/rerank`. */
export function sharedRerank(visit: Visit): Promise<Response> {
  return rerank(visit, vendorOf);
}

/** `POST /jina/v1/rerank`. */
export function jinaRerank(visit: Visit): Promise<Response> {
  return rerank(visit, () => JINA);
}

/** `POST /voyage/v1/rerank`. */
export function voyageRerank(visit: Visit): Promise<Response> {
  return rerank(visit, () => VOYAGE);
}

function vendorOf(body: JsonObject): Vendor {
  const { model } = body;
  const name = typeof model === 'string' ? model : '';
  if ('top_k' in body || 'truncation' in body || /^rerank-(?:lite-)?\d/.test(name)) return VOYAGE;
  return name.startsWith('jina-') ? JINA : cohere('1');
}

async function rerank(visit: Visit, choose: (body: JsonObject) => Vendor): Promise<Response> {
  checkKey(visit);
  const body = await readBody(visit);
  const vendor = choose(body);
  return inShape({ ...visit, shape: vendor.shape }, async (shaped) => {
    const { name, faults } = askModel(shaped, body);
    onlyFields(body, vendor.fields);
    const asked = readAsked(body, name, vendor);
    const most = count(body, vendor.most, [1, Number.MAX_SAFE_INTEGER]);
    const returnsDocuments = flag(body, 'return_documents') ?? vendor.returnsDocuments;
    const failed = await insteadOfAnswer(faults, shaped, asked.tokens);
    if (failed !== undefined) return failed;
    return told(vendor.reply(asked, ranked(asked.query, asked.documents, most), returnsDocuments), faults, shaped);
  });
}

/** Refusals in the words of whoever was asked. */
async function inShape(visit: Visit, run: (visit: Visit) => Promise<Response>): Promise<Response> {
  try {
    return await run(visit);
  } catch (error) {
    if (error instanceof RequestRefused) return failureReply(error.failure, visit);
    throw error;
  }
}

function readAsked(body: JsonObject, model: string, { documentsMax }: Vendor): Asked {
  const query = text(body, 'query') ?? '';
  if (query === '') refuse('invalid request: query is required.');
  const given = list(body, 'documents') ?? [];
  if (given.length === 0) refuse('invalid request: list of documents must not be empty.');
  if (given.length > documentsMax) refuse(`invalid request: too many documents: at most ${documentsMax} - received ${given.length}.`);
  const documents = given.map((document, index) => {
    if (typeof document === 'string') return document;
    if (isObject(document) && typeof document['text'] === 'string') return document['text'];
    return refuse(`invalid type: parameter documents[${index}] should be of type string.`);
  });
  return { model, query, documents, body, tokens: tokensOf(query, documents) };
}

function tokensOf(query: string, documents: readonly string[]): number {
  return documents.reduce((total, document) => total + estimateTokens(query) + estimateTokens(document), 0);
}

const BATCH_MAX = 32;

/** `POST /rerank`, as Text Embeddings Inference has it: no key, no model, and a list. Rejects when the client leaves. */
export function teiRerank(visit: Visit): Promise<Response> {
  return inShape(visit, async (shaped) => {
    const body = await readBody(shaped);
    const faults = faultsOf(shaped);
    const query = text(body, 'query');
    const texts = list(body, 'texts');
    if (query === undefined || texts === undefined) return refuse(`missing field \`${query === undefined ? 'query' : 'texts'}\``, 422);
    if (texts.length === 0) refuse('`texts` cannot be empty', 413);
    if (texts.length > BATCH_MAX) refuse(`batch size ${texts.length} > maximum allowed batch size ${BATCH_MAX}`, 413);
    const documents = texts.map((item) => (typeof item === 'string' ? item : refuse('invalid type: expected a string', 422)));
    const failed = await insteadOfAnswer(faults, shaped, tokensOf(query, documents));
    if (failed !== undefined) return failed;
    const isRaw = flag(body, 'raw_scores') === true;
    const hasText = flag(body, 'return_text') === true;
    const rows = ranked(query, documents).map(({ index, score }) => ({
      index,
      ...(hasText ? { text: documents[index] } : {}),
      // Raw scores are what comes before the sigmoid.
      score: isRaw ? logit(score) : score,
    }));
    return told(rows, faults, shaped);
  });
}

const SCORE_MARGIN = 0.001;

function logit(score: number): number {
  const within = Math.min(1 - SCORE_MARGIN, Math.max(SCORE_MARGIN, score));
  return Math.log(within / (1 - within));
}

function told(value: object, faults: Faults, visit: Visit): Promise<Response> {
  const body = JSON.stringify(value);
  const failure = failureBody(COHERE_WORDS.inBand, visit.shape);
  return wholeReply({ headers: { 'content-type': 'application/json' }, seed: hash(body, 0), tokenCount: 1, body, failure }, faults, visit);
}
