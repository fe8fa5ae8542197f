/*
 * The model `sim-fixed`, for benches: the same bytes every time, made once, so that what is measured is the gateway and not the
 * simulator. Whole: one constant answer. Streamed: `max_tokens` (default 64) chunks, all alike, at the pace that is asked for.
 * It takes faults as every model does.
 */
import { type Script, streamReply, type Whole, wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody } from './failures.ts';
import type { Faults } from './faults.ts';
import type { JsonObject } from './json-instance.ts';
import { readCount, readOptions } from './openai-request.ts';
import { type ChatChunk, type ChatCompletion, CREATED, DONE, JSON_HEADERS, SSE_HEADERS, sseEvent, usageOf } from './openai-shapes.ts';
import { prose, seededRandom } from './text.ts';
import type { Visit } from './visit.ts';

const NAME = 'sim-fixed';
const CHUNKS_DEFAULT = 64;
const PROMPT_TOKENS = 16;
const ID = 'chatcmpl-simfixed';
const FINGERPRINT = 'fp_simfixed';

export function isFixed(model: string): boolean {
  return model === NAME;
}

export const FIXED_MODEL = NAME;

/** Throws RequestRefused. */
export function fixedChatReply(body: JsonObject, faults: Faults, visit: Visit): Response | Promise<Response> {
  const plain = faults === visit.world.options.behaviour && visit.world.isPlain;
  if (body['stream'] !== true) {
    if (!plain) return wholeReply(WHOLE, faults, visit);
    visit.record.answer(200);
    visit.record.sent(CHUNKS_DEFAULT);
    visit.record.end('complete');
    return new Response(WHOLE_BYTES, WHOLE_INIT);
  }
  const { includeUsage } = readOptions(body);
  return streamReply(fixedScript(readCount(body, 'max_tokens') ?? CHUNKS_DEFAULT, includeUsage, faults), faults, visit);
}

const COMPLETION: ChatCompletion = {
  id: ID,
  object: 'chat.completion',
  created: CREATED,
  model: NAME,
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: prose(CHUNKS_DEFAULT, seededRandom(1)).join(''), refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: usageOf(PROMPT_TOKENS, CHUNKS_DEFAULT),
  service_tier: 'default',
  system_fingerprint: FINGERPRINT,
};

const WHOLE = {
  headers: JSON_HEADERS,
  seed: 1,
  tokenCount: CHUNKS_DEFAULT,
  body: JSON.stringify(COMPLETION),
  failure: failureBody(FAILURE_IN_BAND, 'openai'),
} satisfies Whole;
const WHOLE_BYTES = new TextEncoder().encode(WHOLE.body);
const WHOLE_INIT = { headers: new Headers(JSON_HEADERS) };

function chunk(choice: Omit<ChatChunk['choices'][number], 'index' | 'logprobs'>, usage: { usage?: null }): string {
  return sseEvent({
    id: ID,
    object: 'chat.completion.chunk',
    created: CREATED,
    model: NAME,
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
    choices: [{ index: 0, logprobs: null, ...choice }],
    ...usage,
  } satisfies ChatChunk);
}

interface FixedChunks {
  readonly opening: string;
  readonly token: string;
  readonly finish: string;
}

function fixedChunks(usage: { usage?: null }): FixedChunks {
  return {
    opening: chunk({ delta: { role: 'assistant', content: '', refusal: null }, finish_reason: null }, usage),
    token: chunk({ delta: { content: ' steady' }, finish_reason: null }, usage),
    finish: chunk({ delta: {}, finish_reason: 'length' }, usage),
  };
}

const CHUNKS = fixedChunks({});
const CHUNKS_WITH_USAGE = fixedChunks({ usage: null });

function fixedScript(tokenCount: number, includeUsage: boolean, faults: Faults): Script {
  const { opening, token, finish } = includeUsage ? CHUNKS_WITH_USAGE : CHUNKS;
  const usage: ChatChunk = {
    id: ID,
    object: 'chat.completion.chunk',
    created: CREATED,
    model: NAME,
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
    choices: [],
    usage: usageOf(PROMPT_TOKENS, tokenCount),
  };
  return {
    headers: SSE_HEADERS,
    seed: 1,
    opening,
    tokenCount,
    event: () => token,
    closing: (faults.noFinish ? '' : finish) + (includeUsage && !faults.noUsage ? sseEvent(usage) : '') + (faults.noDone ? '' : DONE),
    malformed: `data: {"id":"${ID}","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"bro\n\n`,
    failure: `data: ${failureBody(FAILURE_IN_BAND, 'openai')}\n\n`,
    huge: (contentBytes) =>
      chunk({ delta: { content: 'x'.repeat(contentBytes) }, finish_reason: null }, includeUsage ? { usage: null } : {}),
  };
}
