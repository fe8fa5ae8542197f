/* Voyage AI's rerankers and embeddings. Source: docs.voyageai.com/reference (reranker-api, embeddings-api). */

import type { EmbedReply, EmbedRequest } from '../../operations/embedding.ts';
import type { RerankReply, RerankRequest } from '../../operations/rerank.ts';
import type { Dialect } from '../dialect.ts';
import type { WholeCodec } from '../dialect-codec.ts';
import { detailedErrorSchema, encodeDetailedError } from '../dialect-detail.ts';
import { inputTexts, purposeOf, readTexts, readTokens, readVectorList, wordOf, writeTokens, writeVectorList } from '../dialect-embed.ts';
import { ofOperation } from '../dialect-operations.ts';
import { FieldReader } from '../dialect-reader.ts';
import { readDocuments, readResults, readTop, textsOf, wantedResults } from '../dialect-rerank.ts';
import { classifyAny, createWholeDecoder, embedRules, inspectWhole, parseWhole, rerankRules, WITHOUT_STREAMS } from '../dialect-whole.ts';

const VOYAGE = 'voyage';
const PATHS = { rerank: '/rerank', embed: '/embeddings' };

/** What else vectors may be for it does not ask: they are then made for no purpose. */
const INPUT_TYPES: Readonly<Record<string, EmbedRequest['purpose']>> = { query: 'query', document: 'document' };

const rerank: WholeCodec<RerankRequest, RerankReply> = {
  decodeRequest({ bytes }) {
    const body = FieldReader.ofBody(bytes);
    const unread = new Set<string>();
    body.any('model');
    const documents = readDocuments(body, 'documents');
    const request = {
      query: body.requiredString('query'),
      documents,
      ...readTop(body, 'top_k', documents),
      withDocuments: body.boolean('return_documents') ?? false,
      truncate: body.boolean('truncation') ?? true,
    };
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },
  encodeRequest: (request, { model }) =>
    Buffer.from(
      JSON.stringify({
        model,
        query: request.query,
        documents: textsOf(request),
        top_k: request.top,
        truncation: request.truncate,
      }),
    ),
  decodeReply(bytes) {
    const body = parseWhole(bytes);
    const usage = readTokens(body['usage']);
    return {
      results: readResults(body['data'], 'relevance_score'),
      ...(typeof body['model'] === 'string' ? { model: body['model'] } : {}),
      ...(usage === undefined ? {} : { usage }),
    };
  },
  encodeReply: (reply, { model }, request) =>
    JSON.stringify({
      object: 'list',
      data: wantedResults(reply, request).map(({ index, score }) => ({
        relevance_score: score,
        index,
        ...(request.withDocuments ? { document: request.documents[index]?.text } : {}),
      })),
      model: reply.model ?? model,
      usage: { total_tokens: writeTokens(reply.usage).total_tokens },
    }),
};

const embed: WholeCodec<EmbedRequest, EmbedReply> = {
  decodeRequest({ bytes }) {
    const body = FieldReader.ofBody(bytes);
    const unread = new Set<string>();
    body.any('model');
    const type = body.string('input_type');
    const purpose = type === undefined ? undefined : purposeOf(INPUT_TYPES, type);
    if (type !== undefined && purpose === undefined) throw body.wrong('input_type', '"query" or "document"');
    const written = body.string('encoding_format');
    if (written !== undefined && written !== 'base64') throw body.wrong('encoding_format', '"base64", or left out');
    if ((body.string('output_dtype') ?? 'float') !== 'float')
      throw body.wrong('output_dtype', '"float": nothing else can be had of a model of another API');
    const dimensions = body.integer('output_dimension');
    const request = {
      inputs: readTexts(body, 'input'),
      encoding: written ?? 'float',
      truncate: body.boolean('truncation') ?? true,
      ...(purpose === undefined ? {} : { purpose }),
      ...(dimensions === undefined ? {} : { dimensions }),
    } as const;
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },
  encodeRequest: (request, { model }) =>
    Buffer.from(
      JSON.stringify({
        model,
        input: inputTexts(request),
        input_type: wordOf(INPUT_TYPES, request.purpose),
        output_dimension: request.dimensions,
        truncation: request.truncate,
      }),
    ),
  decodeReply: (bytes) => readVectorList(parseWhole(bytes)),
  encodeReply: (reply, { model }, request) => writeVectorList(reply, model, request),
};

const decode = createWholeDecoder({ rerank: rerankRules('documents', 'top_k'), embed: embedRules('input') }, { modelRequired: true });

export const voyage: Dialect = {
  ...WITHOUT_STREAMS,
  name: VOYAGE,
  decode: (kind, bytes) => decode(bytes, { kind, dialect: VOYAGE }),
  path: ({ kind }) => ofOperation(PATHS, kind),
  codecs: { rerank, embed },
  encodeError: encodeDetailedError,
  errorSchema: detailedErrorSchema,
  classifyError: classifyAny,
  inspectReply: (_operation, bytes) => inspectWhole(bytes, 'data'),
};
