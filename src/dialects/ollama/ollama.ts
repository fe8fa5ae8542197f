/*
 * Ollama's native API: chat, generate, and embeddings in a newer and an older form. Streams are lines of JSON, and on unless `stream` is
 * false. Source: Ollama's docs/api.md, api/types.go and server/routes.go.
 */

import type { GatewayError } from '../../base/errors.ts';
import type { Dialect, StreamType } from '../dialect.ts';
import { namesIn } from '../dialect-model-list.ts';
import { ABILITIES } from './abilities.ts';
import { conversation } from './conversation.ts';
import { embedCodec } from './embeddings.ts';
import { classifyError, encodeError, errorBody } from './errors.ts';
import { formOf } from './forms.ts';
import { inspectReply } from './reply.ts';
import { decodeChatReply, encodeChatReply } from './reply-codec.ts';
import { decodeRequest } from './request.ts';
import { decodeChatRequest } from './request-decode.ts';
import { encodeChatRequest } from './request-encode.ts';
import { OllamaStreamMeter } from './stream.ts';
import { OllamaStreamDecoder } from './stream-decode.ts';
import { OllamaStreamEncoder } from './stream-encode.ts';

export const ollama: Dialect = {
  name: 'ollama',
  // Its documents show `curl -d` without a header, which calls everything a form; the server never looks.
  otherContentTypes: ['application/x-www-form-urlencoded'],
  streamType: () => LINES,
  decode: decodeRequest,
  path: (operation) => formOf(operation).path,
  codecs: {
    chat: {
      abilities: ABILITIES,
      decodeRequest: decodeChatRequest,
      encodeRequest: encodeChatRequest,
      decodeReply: decodeChatReply,
      encodeReply: encodeChatReply,
      createDecoder: () => new OllamaStreamDecoder(),
      createEncoder: (facts) => new OllamaStreamEncoder(facts),
    },
    embed: embedCodec,
  },
  modelList: { path: '/tags', names: (body) => namesIn(body, 'models', 'name') },
  errorSchema: async () => (await import('./schemas.ts')).ollamaError,
  conversation,
  encodeError,
  classifyError,
  inspectReply,
  createMeter: () => new OllamaStreamMeter(),
  encodeStreamError,
  // White space before a line is part of its JSON (RFC 8259 §2). An empty line would not do: Go's and Python's clients fail on it.
  ping: Buffer.from(' '),
};

const LINES: StreamType = { media: 'application/x-ndjson', header: 'application/x-ndjson', matches: /json/i };

/** Clients raise on a line with `error`; the official one does so, too, when a stream ends without `done`. */
function encodeStreamError(error: GatewayError, correlationId: string): Uint8Array {
  return Buffer.from(`${JSON.stringify(errorBody(error, correlationId))}\n`);
}
