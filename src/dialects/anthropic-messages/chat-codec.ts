import type { ChatRequest } from '../../operations/chat.ts';
import type { ChatCodec, DialectCodecs, TokenCount, WholeCodec } from '../dialect-codec.ts';
import { ANTHROPIC_ABILITIES } from './abilities.ts';
import { decodeCount, decodeReply, encodeReply } from './reply-codec.ts';
import { decodeChat } from './request-decode.ts';
import { encodeChat, encodeCount } from './request-encode.ts';
import { AnthropicStreamDecoder } from './stream-decode.ts';
import { AnthropicStreamEncoder } from './stream-encode.ts';

const chat: ChatCodec = {
  abilities: ANTHROPIC_ABILITIES,
  // The vendor takes thoughts with its own signature alone.
  heard: ['reasoning-history'],
  decodeRequest: decodeChat,
  encodeRequest: encodeChat,
  decodeReply,
  encodeReply,
  createDecoder: () => new AnthropicStreamDecoder(),
  createEncoder: (facts) => new AnthropicStreamEncoder(facts),
};

const countTokens: WholeCodec<ChatRequest, TokenCount> = {
  decodeRequest: decodeChat,
  encodeRequest: encodeCount,
  decodeReply: decodeCount,
  encodeReply: ({ inputTokens }) => JSON.stringify({ input_tokens: inputTokens }),
};

export const anthropicCodecs: DialectCodecs = { chat, countTokens };
