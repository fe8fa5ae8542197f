import { GatewayError } from '../../base/errors.ts';
import type { ChatRequest } from '../../operations/chat.ts';
import type { ChatCodec, DialectCodecs, TokenCount, WholeCodec } from '../dialect-codec.ts';
import { invalid } from '../dialect-request.ts';
import { GEMINI_ABILITIES } from './abilities.ts';
import { embedCodec } from './embed-codec.ts';
import { fieldsOf, numberOf } from './fields.ts';
import { parseReply } from './reply.ts';
import { decodeReply, encodeReply } from './reply-codec.ts';
import { resourceOf } from './request.ts';
import { decodeBody, decodeChat } from './request-decode.ts';
import { chatBody, encodeChat } from './request-encode.ts';
import { GeminiStreamDecoder } from './stream-decode.ts';
import { GeminiStreamEncoder } from './stream-encode.ts';

const chat: ChatCodec = {
  abilities: GEMINI_ABILITIES,
  decodeRequest: decodeChat,
  encodeRequest: encodeChat,
  decodeReply,
  encodeReply,
  createDecoder: () => new GeminiStreamDecoder(),
  createEncoder: (facts) => new GeminiStreamEncoder(facts),
};

/** Turns alone are counted as they are; with instructions and tools, the whole request is. Source: ai.google.dev/api/tokens. */
const countTokens: WholeCodec<ChatRequest, TokenCount> = {
  decodeRequest({ bytes }) {
    const body = fieldsOf(JSON.parse(new TextDecoder().decode(bytes))) ?? {};
    const whole = body['generateContentRequest'];
    if (whole === undefined) return decodeBody(body, '');
    const request = fieldsOf(whole);
    if (request === undefined) throw invalid('generateContentRequest', "'generateContentRequest' must be an object");
    return decodeBody(request, 'generateContentRequest.');
  },
  encodeRequest(request, target) {
    const { contents, systemInstruction, tools, toolConfig } = chatBody(request, target);
    const more = {
      ...(systemInstruction === undefined ? {} : { systemInstruction }),
      ...(tools === undefined ? {} : { tools, toolConfig }),
    };
    const body =
      Object.keys(more).length === 0 ? { contents } : { generateContentRequest: { model: resourceOf(target.model), contents, ...more } };
    return Buffer.from(JSON.stringify(body));
  },
  decodeReply(bytes) {
    const inputTokens = numberOf(fieldsOf(parseReply(bytes))?.['totalTokens']);
    if (inputTokens === undefined) throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'totalTokens'");
    return { inputTokens };
  },
  encodeReply: ({ inputTokens }) => JSON.stringify({ totalTokens: inputTokens }),
};

export const geminiCodecs: DialectCodecs = { chat, embed: embedCodec, countTokens };
