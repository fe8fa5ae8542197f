/*
 * Hugging Face's Text Embeddings Inference: a server for one model, so that its requests name none, and its answers are bare lists.
 * Source: huggingface.github.io/text-embeddings-inference.
 */

import type { GatewayError } from '../../base/errors.ts';
import { memberString } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import type { EmbedReply, EmbedRequest } from '../../operations/embedding.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import type { RerankReply, RerankRequest } from '../../operations/rerank.ts';
import type { Dialect, EncodedError } from '../dialect.ts';
import { scanBody, scanReply } from '../dialect-body.ts';
import type { WholeCodec } from '../dialect-codec.ts';
import { readVectors, wantedVectors } from '../dialect-embed.ts';
import { isRecord } from '../dialect-errors.ts';
import { ofOperation } from '../dialect-operations.ts';
import { FieldReader } from '../dialect-reader.ts';
import { invalidReply, readDocuments, readResults, textsOf, wantedResults } from '../dialect-rerank.ts';
import { classifyAny, createWholeDecoder, embedRules, rerankRules, WITHOUT_STREAMS } from '../dialect-whole.ts';

const TEI = 'tei';
const PATHS = { rerank: '/rerank', embed: '/embed' };
/** The model that is meant where a request names none: an entry or alias of this name. */
const MODEL_DEFAULTS: Readonly<Partial<Record<OperationKind, string>>> = { rerank: 'rerank', embed: 'embed' };

const rerank: WholeCodec<RerankRequest, RerankReply> = {
  decodeRequest({ bytes }) {
    const body = FieldReader.ofBody(bytes);
    const unread = new Set<string>();
    body.any('model');
    const request = {
      query: body.requiredString('query'),
      documents: readDocuments(body, 'texts'),
      withDocuments: body.boolean('return_text') ?? false,
      truncate: body.boolean('truncate') ?? false,
    };
    // Scores from 0 to 1 are what everybody gives.
    if (body.boolean('raw_scores') === true) unread.add('raw_scores');
    readDirection(body, unread);
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },
  encodeRequest: (request) =>
    // All others cut what is too long, unless they are told not to; it refuses.
    Buffer.from(JSON.stringify({ query: request.query, texts: textsOf(request), truncate: request.truncate ?? true })),
  decodeReply: (bytes) => ({ results: readResults(parseList(bytes), 'score') }),
  encodeReply: (reply, _facts, request) =>
    JSON.stringify(
      wantedResults(reply, request).map(({ index, score }) => ({
        index,
        ...(request.withDocuments ? { text: request.documents[index]?.text } : {}),
        score,
      })),
    ),
};

const embed: WholeCodec<EmbedRequest, EmbedReply> = {
  decodeRequest({ bytes }) {
    const body = FieldReader.ofBody(bytes);
    const unread = new Set<string>();
    body.any('model');
    const dimensions = body.integer('dimensions');
    const request = {
      inputs: readInputs(body),
      encoding: 'float',
      truncate: body.boolean('truncate') ?? false,
      ...(dimensions === undefined ? {} : { dimensions }),
    } as const;
    if (body.boolean('normalize') === false) unread.add('normalize');
    readDirection(body, unread);
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },
  encodeRequest: ({ inputs, truncate, dimensions }) => Buffer.from(JSON.stringify({ inputs, truncate: truncate ?? true, dimensions })),
  decodeReply: (bytes) => ({ vectors: readVectors(parseList(bytes)) }),
  encodeReply: (reply, _facts, request) => JSON.stringify(wantedVectors(reply, request)),
};

/** A text, or a list of texts or of numbers of tokens. */
function readInputs(body: FieldReader): EmbedRequest['inputs'] {
  const given = body.any('inputs');
  if (typeof given === 'string') return [given];
  if (!Array.isArray(given) || given.length === 0) throw body.wrong('inputs', 'a text, or an array with at least one');
  return given.map((entry: unknown, index) => {
    if (typeof entry === 'string') return entry;
    if (
      Array.isArray(entry) &&
      entry.length > 0 &&
      entry.every((token: unknown) => typeof token === 'number' && Number.isSafeInteger(token))
    )
      return entry as readonly number[];
    throw body.wrong(`inputs[${index}]`, 'a text, or an array of token numbers');
  });
}

/** To cut at the end is what everybody does. */
function readDirection(body: FieldReader, unread: Set<string>): void {
  const direction = body.string('truncation_direction');
  if (direction !== undefined && direction.toLowerCase() !== 'right') unread.add('truncation_direction');
}

function parseList(bytes: Uint8Array): unknown {
  scanReply(bytes);
  const list: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!Array.isArray(list)) throw invalidReply('no list');
  return list;
}

const decode = createWholeDecoder({ rerank: rerankRules('texts'), embed: embedRules('inputs') }, { modelRequired: false });

function decodeRequest(kind: OperationKind, bytes: Uint8Array): Operation {
  const operation = decode(bytes, { kind, dialect: TEI, modelDefault: ofOperation(MODEL_DEFAULTS, kind) });
  return {
    ...operation,
    // A name that says which model is meant is for the gateway; the server has but one.
    encode() {
      const scan = scanBody(bytes);
      return memberString(scan, 'model') === undefined ? bytes : editMembers(scan, { model: undefined });
    },
  };
}

const TYPES: Readonly<Record<number, string>> = { 429: 'Overloaded', 503: 'Unhealthy' };
const SERVER_FAULT = 500;

function encodeError(error: GatewayError): EncodedError {
  const { status } = error.row;
  const type = TYPES[status] ?? (status < SERVER_FAULT ? 'Validation' : 'Backend');
  return { contentType: 'application/json', body: JSON.stringify({ error: error.message, error_type: type }) };
}

/** Its words for what is wrong with a request are 413 and 422. */
export const tei: Dialect = {
  ...WITHOUT_STREAMS,
  name: TEI,
  decode: decodeRequest,
  path: ({ kind }) => ofOperation(PATHS, kind),
  modelList: {
    path: '/info',
    names: (body) => (isRecord(body) && typeof body['model_id'] === 'string' ? [body['model_id']] : []),
  },
  codecs: { rerank, embed },
  encodeError,
  errorSchema: async () => (await import('./schemas.ts')).teiError,
  classifyError: classifyAny,
  inspectReply(_operation, bytes) {
    if (scanReply(bytes).kind !== 'array') throw invalidReply('no list');
    return {};
  },
};
