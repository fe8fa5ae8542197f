/* Reranking in our words, and out of them. Source: docs.cohere.com/reference/rerank. */

import type { RerankReply, RerankRequest } from '../../operations/rerank.ts';
import type { WholeCodec } from '../dialect-codec.ts';
import { FieldReader } from '../dialect-reader.ts';
import { documentOf, readDocuments, readResults, readTop, textsOf, wantedResults } from '../dialect-rerank.ts';
import { parseWhole } from '../dialect-whole.ts';
import { readUsage, writeMeta } from './usage.ts';

export const rerankCodec: WholeCodec<RerankRequest, RerankReply> = {
  decodeRequest({ bytes }) {
    const body = FieldReader.ofBody(bytes);
    const unread = new Set<string>();
    body.any('model');
    // The first version repeats documents, and lets them have several fields.
    const documents = readDocuments(body, 'documents', body.strings('rank_fields'));
    const request = {
      query: body.requiredString('query'),
      documents,
      ...readTop(body, 'top_n', documents),
      withDocuments: body.boolean('return_documents') ?? false,
    };
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },

  encodeRequest: (request, { model }) =>
    Buffer.from(JSON.stringify({ model, query: request.query, documents: textsOf(request), top_n: request.top })),

  decodeReply(bytes) {
    const body = parseWhole(bytes);
    const usage = readUsage(body['meta']);
    return {
      results: readResults(body['results'], 'relevance_score'),
      ...(typeof body['id'] === 'string' ? { id: body['id'] } : {}),
      ...(usage === undefined ? {} : { usage }),
    };
  },

  encodeReply: (reply, facts, request) =>
    JSON.stringify({
      id: reply.id ?? facts.id,
      results: wantedResults(reply, request).map(({ index, score }) => ({
        index,
        relevance_score: score,
        ...(request.withDocuments ? { document: documentOf(request, index) } : {}),
      })),
      meta: writeMeta(reply.usage),
    }),
};
