/*
 * Google's Gemini API, and Vertex AI's, which has the same messages: `models/{model}:generateContent` and its siblings. Source: ai.google.dev/api;
 * cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
 */

import type { Dialect, StreamType } from '../dialect.ts';
import { isRecord } from '../dialect-errors.ts';
import { EVENT_STREAM } from '../dialect-events.ts';
import { namesIn } from '../dialect-model-list.ts';
import { GeminiArrayMeter } from './array-meter.ts';
import { geminiCodecs } from './codecs.ts';
import { conversation } from './conversation.ts';
import { GEMINI } from './dialect-name.ts';
import { classifyError, encodeError, encodeStreamError, errorSchema } from './errors.ts';
import { inspectReply } from './reply.ts';
import { candidatesWanted, decodeRequest, pathOf } from './request.ts';
import { GeminiSseMeter } from './sse-meter.ts';

const JSON_STREAM: StreamType = {
  media: 'application/json',
  header: 'application/json; charset=UTF-8',
  matches: /^application\/json/i,
};

export const gemini: Dialect = {
  name: GEMINI,
  streamType: ({ form }) => (form === 'array' ? JSON_STREAM : EVENT_STREAM),
  decode: decodeRequest,
  path: pathOf,
  modelList: {
    path: '/models?pageSize=1000',
    // The Gemini API names them `models/…`, Vertex AI `publishers/google/models/…`, in a list of another name.
    names: (body) =>
      namesIn(body, isRecord(body) && 'publisherModels' in body ? 'publisherModels' : 'models', 'name').map((name) =>
        name.replace(/^(?:publishers\/google\/)?models\//, ''),
      ),
  },
  codecs: geminiCodecs,
  conversation,
  encodeError,
  errorSchema,
  classifyError,
  inspectReply,
  createMeter: ({ form, bytes }) =>
    form === 'array' ? new GeminiArrayMeter(candidatesWanted(bytes)) : new GeminiSseMeter(candidatesWanted(bytes)),
  encodeStreamError,
  // Comments are an error to google-genai, which takes every line for JSON; blank lines are nothing to any client.
  ping: Buffer.from('\r\n\r\n'),
};
