/* Anthropic's messages API, and its counting of tokens. Source: platform.claude.com/docs/en/api/messages. */

import type { OperationKind } from '../../operations/operation.ts';
import type { Dialect } from '../dialect.ts';
import { EVENT_STREAM } from '../dialect-events.ts';
import { namesIn } from '../dialect-model-list.ts';
import { ofOperation } from '../dialect-operations.ts';
import { anthropicCodecs } from './chat-codec.ts';
import { conversation } from './conversation.ts';
import { ANTHROPIC_MESSAGES } from './dialect-name.ts';
import { classifyError, encodeError, encodeStreamError } from './errors.ts';
import { inspectReply } from './reply.ts';
import { decodeRequest } from './request.ts';
import { AnthropicStreamMeter } from './stream.ts';

const PATHS: Readonly<Partial<Record<OperationKind, string>>> = { chat: '/messages', 'count-tokens': '/messages/count_tokens' };

export const anthropicMessages: Dialect = {
  name: ANTHROPIC_MESSAGES,
  streamType: () => EVENT_STREAM,
  decode: decodeRequest,
  path: ({ kind }) => ofOperation(PATHS, kind),
  // Betas and the fields of bodies that belong to them travel together: one without the other is refused.
  passedHeaders: ['anthropic-version', 'anthropic-beta'],
  headers: { 'anthropic-version': '2023-06-01' },
  modelList: { path: '/models?limit=1000', names: (body) => namesIn(body, 'data', 'id') },
  codecs: anthropicCodecs,
  conversation,
  encodeError,
  errorSchema: async () => (await import('./error-schema.ts')).anthropicError,
  classifyError,
  inspectReply,
  createMeter: () => new AnthropicStreamMeter(),
  encodeStreamError,
  ping: Buffer.from('event: ping\ndata: {"type": "ping"}\n\n'),
};
