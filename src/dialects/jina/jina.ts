/*
 * Jina's rerankers and embeddings. vLLM, llama.cpp, Together and others have the same reranking. Source: api.jina.ai/redoc, and the servers' own documents.
 */

import type { EmbedReply, EmbedRequest } from '../../operations/embedding.ts';
import type { RerankReply, RerankRequest } from '../../operations/rerank.ts';
import type { Dialect } from '../dialect.ts';
import type { WholeCodec } from '../dialect-codec.ts';
import { detailedErrorSchema, encodeDetailedError } from '../dialect-detail.ts';
import { inputTexts, purposeOf, readTexts, readTokens, readVectorList, wordOf, writeTokens, writeVectorList } from '../dialect-embed.ts';
import { ofOperation } from '../dialect-operations.ts';
import { FieldReader } from '../dialect-reader.ts';
import { documentOf, readDocuments, readResults, readTop, textsOf, wantedResults } from '../dialect-rerank.ts';
import { classifyAny, createWholeDecoder, embedRules, inspectWhole, parseWhole, rerankRules, WITHOUT_STREAMS } from '../dialect-whole.ts';

const JINA = 'jina';
const PATHS = { rerank: '/rerank', embed: '/embeddings' };
const CONTENT = { rerank: 'results', embed: 'data' };

/** Source: jina.ai/embeddings, `task`. */
const TASKS: Readonly<Record<string, EmbedRequest['purpose']>> = {
  'retrieval.query': 'query',
  'retrieval.passage': 'document',
  'text-matching': 'similarity',
  classification: 'classification',
  separation: 'clustering',
};

const rerank: WholeCodec<RerankRequest, RerankReply> = {
  decodeRequest({ bytes }) {
    const body = FieldReader.ofBody(bytes);
    const unread = new Set<string>();
    body.any('model');
    // Objects with several fields are Cohere's, whose clients ask on this path too.
    const documents = readDocuments(body, 'documents', body.strings('rank_fields'));
    const truncate = body.boolean('truncation') ?? body.boolean('truncate');
    const request = {
      query: body.requiredString('query'),
      documents,
      ...readTop(body, 'top_n', documents),
      withDocuments: body.boolean('return_documents') ?? true,
      ...(truncate === undefined ? {} : { truncate }),
    };
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },
  encodeRequest: (request, { model }) =>
    Buffer.from(JSON.stringify({ model, query: request.query, documents: textsOf(request), top_n: request.top, return_documents: false })),
  decodeReply(bytes) {
    const body = parseWhole(bytes);
    const usage = readTokens(body['usage']);
    return {
      results: readResults(body['results'], 'relevance_score'),
      ...(typeof body['id'] === 'string' ? { id: body['id'] } : {}),
      ...(typeof body['model'] === 'string' ? { model: body['model'] } : {}),
      ...(usage === undefined ? {} : { usage }),
    };
  },
  encodeReply: (reply, facts, request) =>
    JSON.stringify({
      id: reply.id ?? facts.id,
      model: reply.model ?? facts.model,
      object: 'list',
      usage: writeTokens(reply.usage),
      results: wantedResults(reply, request).map(({ index, score }) => ({
        index,
        relevance_score: score,
        ...(request.withDocuments ? { document: documentOf(request, index) } : {}),
      })),
    }),
};

const embed: WholeCodec<EmbedRequest, EmbedReply> = {
  decodeRequest({ bytes }) {
    const body = FieldReader.ofBody(bytes);
    const unread = new Set<string>();
    body.any('model');
    const task = body.string('task');
    const purpose = task === undefined ? undefined : purposeOf(TASKS, task);
    if (task !== undefined && purpose === undefined) unread.add('task');
    const encoding = body.string('embedding_type') ?? 'float';
    if (encoding !== 'float' && encoding !== 'base64')
      throw body.wrong('embedding_type', '"float" or "base64": nothing else can be had of a model of another API');
    const dimensions = body.integer('dimensions');
    const truncate = body.boolean('truncate');
    const request = {
      inputs: readTexts(body, 'input'),
      encoding,
      ...(purpose === undefined ? {} : { purpose }),
      ...(dimensions === undefined ? {} : { dimensions }),
      ...(truncate === undefined ? {} : { truncate }),
    } as const;
    // Vectors of length 1 are what everybody gives.
    if (body.boolean('normalized') === false) unread.add('normalized');
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },
  encodeRequest: (request, { model }) =>
    Buffer.from(
      JSON.stringify({
        model,
        input: inputTexts(request),
        task: wordOf(TASKS, request.purpose),
        dimensions: request.dimensions,
        truncate: request.truncate,
      }),
    ),
  decodeReply: (bytes) => readVectorList(parseWhole(bytes)),
  encodeReply: (reply, { model }, request) => writeVectorList(reply, model, request),
};

const decode = createWholeDecoder({ rerank: rerankRules('documents', 'top_n'), embed: embedRules('input') }, { modelRequired: true });

export const jina: Dialect = {
  ...WITHOUT_STREAMS,
  name: JINA,
  decode: (kind, bytes) => decode(bytes, { kind, dialect: JINA }),
  path: ({ kind }) => ofOperation(PATHS, kind),
  codecs: { rerank, embed },
  encodeError: encodeDetailedError,
  errorSchema: detailedErrorSchema,
  classifyError: classifyAny,
  inspectReply: ({ kind }, bytes) => inspectWhole(bytes, ofOperation(CONTENT, kind)),
};
