import type { ChatCodec, DialectCodecs } from '../dialect-codec.ts';
import { BEDROCK_ABILITIES } from './abilities.ts';
import { decodeReply, encodeReply } from './reply-codec.ts';
import { decodeChat } from './request-decode.ts';
import { encodeChat } from './request-encode.ts';
import { BedrockStreamDecoder } from './stream-decode.ts';
import { BedrockStreamEncoder } from './stream-encode.ts';

const chat: ChatCodec = {
  abilities: BEDROCK_ABILITIES,
  decodeRequest: decodeChat,
  encodeRequest: encodeChat,
  decodeReply,
  encodeReply,
  createDecoder: () => new BedrockStreamDecoder(),
  createEncoder: (facts) => new BedrockStreamEncoder(facts),
};

export const bedrockCodecs: DialectCodecs = { chat };
