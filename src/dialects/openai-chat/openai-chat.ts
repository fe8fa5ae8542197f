/* OpenAI's chat completions, and what shares their errors and addresses: completions, embeddings, and the operations in media/. */

import type { GatewayError } from '../../base/errors.ts';
import type { OperationKind } from '../../operations/operation.ts';
import type { Dialect } from '../dialect.ts';
import { EVENT_STREAM } from '../dialect-events.ts';
import { namesIn } from '../dialect-model-list.ts';
import { encodeError, errorBody } from '../dialect-openai-errors.ts';
import { ofOperation } from '../dialect-operations.ts';
import { ABILITIES, HEARD } from './abilities.ts';
import { conversation } from './conversation.ts';
import { embedCodec } from './embeddings.ts';
import { classifyError } from './errors.ts';
import { realtimeSockets } from './media/realtime.ts';
import { inspectMediaReply } from './media/reply.ts';
import { decodeMedia, isMedia, mediaForms, mediaPath } from './media/request.ts';
import { MediaStreamMeter } from './media/stream.ts';
import { inspectReply } from './reply.ts';
import { decodeChatReply } from './reply-decode.ts';
import { encodeChatReply } from './reply-encode.ts';
import { decodeRequest } from './request.ts';
import { decodeChatRequest } from './request-decode.ts';
import { encodeChatRequest } from './request-encode.ts';
import { OpenAiStreamMeter } from './stream.ts';
import { OpenAiStreamDecoder } from './stream-decode.ts';
import { OpenAiStreamEncoder } from './stream-encode.ts';

const PATHS: Readonly<Partial<Record<OperationKind, string>>> = {
  chat: '/chat/completions',
  completion: '/completions',
  embed: '/embeddings',
};

export const openaiChat: Dialect = {
  name: 'openai-chat',
  streamType: () => EVENT_STREAM,
  decode: (kind, bytes, hints) => (isMedia(kind) ? decodeMedia(kind, bytes, hints) : decodeRequest(kind, bytes)),
  forms: mediaForms,
  path: ({ kind }, model) => (isMedia(kind) ? mediaPath(kind, model) : ofOperation(PATHS, kind)),
  passedHeaders: ['openai-beta'],
  modelList: { path: '/models', names: (body) => namesIn(body, 'data', 'id') },
  sockets: realtimeSockets,
  codecs: {
    chat: {
      abilities: ABILITIES,
      heard: HEARD,
      decodeRequest: decodeChatRequest,
      encodeRequest: encodeChatRequest,
      decodeReply: decodeChatReply,
      encodeReply: encodeChatReply,
      createDecoder: () => new OpenAiStreamDecoder(),
      createEncoder: (facts) => new OpenAiStreamEncoder(facts),
    },
    embed: embedCodec,
  },
  conversation,
  encodeError,
  errorSchema: async () => (await import('./reply-schemas.ts')).openaiError,
  classifyError,
  inspectReply: (operation, bytes) => (isMedia(operation.kind) ? inspectMediaReply(operation, bytes) : inspectReply(operation, bytes)),
  createMeter: (operation) =>
    isMedia(operation.kind)
      ? new MediaStreamMeter(operation)
      : new OpenAiStreamMeter({ stripUsage: operation.stream && !operation.usageWanted }),
  encodeStreamError,
  ping: Buffer.from(': ping\n\n'),
};

/** Clients raise on a chunk with a truthy `error`; ending without `[DONE]` alone would look like success to them. */
function encodeStreamError(error: GatewayError, correlationId: string): Uint8Array {
  return Buffer.from(`data: ${JSON.stringify({ error: errorBody(error, correlationId) })}\n\n`);
}
