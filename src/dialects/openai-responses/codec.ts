/* What the dialect can say, and who says it. */

import { GatewayError } from '../../base/errors.ts';
import type { ChatRequest } from '../../operations/chat.ts';
import { abilities } from '../../operations/chat-features.ts';
import type { ChatCodec, TokenCount, WholeCodec } from '../dialect-codec.ts';
import { decodeReply, parseReply } from './reply-decode.ts';
import { encodeReply } from './reply-encode.ts';
import { decodeChat } from './request-decode.ts';
import { encodeChat } from './request-encode.ts';
import { ResponsesDecoder } from './stream-decode.ts';
import { ResponsesEncoder } from './stream-encode.ts';
import { textOf } from './unread.ts';

export const chatCodec: ChatCodec = {
  abilities: abilities({
    yes: [
      'system-anywhere',
      'developer-role',
      'images',
      'image-urls',
      'image-detail',
      'files',
      'file-urls',
      'uploaded-files',
      'tools',
      'custom-tools',
      'native-tools',
      'native-tools-needed',
      'native-parts',
      'tool-choice-none',
      'tool-choice-required',
      'tool-choice-named',
      'tool-choice-allowed',
      'parallel-tool-calls',
      'tool-result-media',
      'json-output',
      'schema-output',
      'reasoning-effort',
      'reasoning-signatures',
      'temperature',
      'top-p',
      'log-probabilities',
      'user',
      'metadata',
      'service-tier',
      'verbosity',
      'prompt-cache-key',
      'reply-reasoning',
      'reply-signatures',
      'reply-refusals',
      'reply-native',
      'reply-log-probabilities',
      'usage-cache-write',
    ],
    near: [
      'strict-tools', // without a choice the API chooses itself, so we choose `false`
      'reasoning-switch', // off is the effort `none`; on alone is a middle effort
      'reasoning-budget', // by an effort
      'reasoning-shown', // by a summary; yes alone is `auto`
      'output-limit', // the API takes none below 16
      'store', // a caller that did not choose has not asked for it to be kept
      'reply-citations', // of the source's words only those of web pages
      'reply-images', // as data; one that is elsewhere is a link in a text
      'usage-cached', // what is unknown is told as 0
      'usage-reasoning',
    ],
  }),
  // Thoughts without the vendor's seal, audio, and a beginning of the answer: read, and of no use to the API.
  heard: ['reasoning-history', 'audio-input', 'assistant-prefill'],
  decodeRequest: decodeChat,
  encodeRequest: encodeChat,
  decodeReply,
  encodeReply,
  createDecoder: () => new ResponsesDecoder(),
  createEncoder: (facts) => new ResponsesEncoder(facts),
};

/** `POST /v1/responses/input_tokens`: the same request, of which nothing is generated. */
export const tokenCodec: WholeCodec<ChatRequest, TokenCount> = {
  decodeRequest: decodeChat,
  encodeRequest(request, target) {
    const body = JSON.parse(new TextDecoder().decode(encodeChat(request, { ...target, stream: false }))) as Record<string, unknown>;
    const counted = Object.entries(body).filter(([name]) => COUNTED.has(name));
    return Buffer.from(JSON.stringify(Object.fromEntries(counted)));
  },
  decodeReply(bytes) {
    const reply = parseReply(bytes);
    const tokens = reply['input_tokens'];
    if (typeof tokens !== 'number' || !Number.isSafeInteger(tokens) || tokens < 0)
      throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'input_tokens'");
    const model = textOf(reply['model']);
    return { inputTokens: tokens, ...(model === undefined ? {} : { model }) };
  },
  encodeReply: ({ inputTokens }) => JSON.stringify({ object: 'response.input_tokens', input_tokens: inputTokens }),
};

/** Fields of a request that its tokens depend on, and that the counter takes. */
const COUNTED: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'tool_choice',
  'tools',
]);
