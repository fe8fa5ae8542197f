/* OpenAI's Responses API: responses, the count of a request's tokens, and the compaction of a conversation. */

import type { OperationKind } from '../../operations/operation.ts';
import type { Dialect } from '../dialect.ts';
import { EVENT_STREAM } from '../dialect-events.ts';
import { namesIn } from '../dialect-model-list.ts';
import { encodeError } from '../dialect-openai-errors.ts';
import { ofOperation } from '../dialect-operations.ts';
import { chatCodec, tokenCodec } from './codec.ts';
import { conversation } from './conversation.ts';
import { classifyError, errorEvent } from './errors.ts';
import { NAME } from './name.ts';
import { inspectReply } from './reply.ts';
import { decodeRequest } from './request.ts';
import { ResponsesStreamMeter } from './stream.ts';

const PATHS: Readonly<Partial<Record<OperationKind, string>>> = {
  chat: '/responses',
  compact: '/responses/compact',
  'count-tokens': '/responses/input_tokens',
};

export const openaiResponses: Dialect = {
  name: NAME,
  streamType: () => EVENT_STREAM,
  decode: decodeRequest,
  path: ({ kind }) => ofOperation(PATHS, kind),
  passedHeaders: ['openai-beta'],
  codecs: { chat: chatCodec, countTokens: tokenCodec },
  conversation,
  encodeError,
  modelList: { path: '/models', names: (body) => namesIn(body, 'data', 'id') },
  errorSchema: async () => (await import('./reply-schemas.ts')).responsesError,
  classifyError,
  inspectReply,
  createMeter: () => new ResponsesStreamMeter(),
  // Where there was no stream before it.
  encodeStreamError: (error, correlationId) => errorEvent(error, correlationId, 0),
  ping: Buffer.from(': ping\n\n'),
};
