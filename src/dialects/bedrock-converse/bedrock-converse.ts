/*
 * Converse and ConverseStream of Amazon Bedrock: one form for the models of all its vendors. The model stands in the path, and streams are binary.
 * Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
 */

import type { Dialect } from '../dialect.ts';
import { bedrockCodecs } from './chat-codec.ts';
import { conversation } from './conversation.ts';
import { BEDROCK_CONVERSE } from './dialect-name.ts';
import { classifyError, encodeError, encodeStreamError } from './errors.ts';
import { FRAMES } from './frames.ts';
import { inspectReply } from './reply.ts';
import { decodeRequest } from './request.ts';
import { BedrockStreamMeter } from './stream.ts';

export const bedrockConverse: Dialect = {
  name: BEDROCK_CONVERSE,
  streamType: () => FRAMES,
  decode: decodeRequest,
  path: ({ stream }, model) => `/model/${pathSegment(model)}/${stream ? 'converse-stream' : 'converse'}`,
  passedReplyHeaders: ['x-amzn-errortype', 'x-amzn-requestid'],
  codecs: bedrockCodecs,
  conversation,
  encodeError,
  errorSchema: async () => (await import('./error-schema.ts')).bedrockError,
  classifyError,
  inspectReply,
  createMeter: () => new BedrockStreamMeter(),
  encodeStreamError,
  // There is no event that clients pass over in silence.
  ping: new Uint8Array(0),
};

/** An ARN has slashes and colons: all but unreserved characters are escaped, as AWS's own clients do (RFC 3986). */
function pathSegment(model: string): string {
  return encodeURIComponent(model).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
