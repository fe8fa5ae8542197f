/* Cohere's API, second version: chat, reranking and embeddings. Source: docs.cohere.com/reference. */

import type { OperationKind } from '../../operations/operation.ts';
import type { Dialect } from '../dialect.ts';
import { EVENT_STREAM } from '../dialect-events.ts';
import { namesIn } from '../dialect-model-list.ts';
import { ofOperation } from '../dialect-operations.ts';
import { ABILITIES, HEARD } from './abilities.ts';
import { conversation } from './conversation.ts';
import { COHERE } from './dialect-name.ts';
import { embedCodec } from './embed.ts';
import { classifyError, encodeError, encodeStreamError } from './errors.ts';
import { inspectReply } from './reply.ts';
import { decodeChatReply, encodeChatReply } from './reply-codec.ts';
import { decodeRequest } from './request.ts';
import { decodeChatRequest } from './request-decode.ts';
import { encodeChatRequest } from './request-encode.ts';
import { rerankCodec } from './rerank.ts';
import { CohereStreamMeter } from './stream.ts';
import { CohereStreamDecoder } from './stream-decode.ts';
import { CohereStreamEncoder } from './stream-encode.ts';

const PATHS: Readonly<Partial<Record<OperationKind, string>>> = { chat: '/chat', rerank: '/rerank', embed: '/embed' };

export const cohere: Dialect = {
  name: COHERE,
  streamType: () => EVENT_STREAM,
  decode: decodeRequest,
  path: ({ kind }) => ofOperation(PATHS, kind),
  // The list of models has stayed in the first version.
  modelList: { path: '/../v1/models?page_size=1000', names: (body) => namesIn(body, 'models', 'name') },
  codecs: {
    chat: {
      abilities: ABILITIES,
      heard: HEARD,
      decodeRequest: decodeChatRequest,
      encodeRequest: encodeChatRequest,
      decodeReply: decodeChatReply,
      encodeReply: encodeChatReply,
      createDecoder: () => new CohereStreamDecoder(),
      createEncoder: (facts) => new CohereStreamEncoder(facts),
    },
    rerank: rerankCodec,
    embed: embedCodec,
  },
  conversation,
  encodeError,
  errorSchema: async () => (await import('./schemas.ts')).cohereError,
  classifyError,
  inspectReply,
  createMeter: () => new CohereStreamMeter(),
  encodeStreamError,
  ping: Buffer.from(': ping\n\n'),
};
