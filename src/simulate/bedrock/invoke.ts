/**
 * `POST /model/{id}/invoke` and `/invoke-with-response-stream` with Anthropic's body: the reply is Anthropic's message, and the stream its
 * events, each as the `bytes` of a chunk.
 */
import { type Script, streamReply, type Whole, wholeReply } from '../delivery.ts';
import { insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import type { JsonObject } from '../json-instance.ts';
import { NamedEvents } from '../named-events.ts';
import { hash, hashDigits } from '../text.ts';
import { type AskedModel, seedOf, type Visit } from '../visit.ts';
import { converseBody, forbidsTools } from './anthropic-body.ts';
import { type AnthropicEvent, type AnthropicReply, anthropicMessage, blockEvents, messageDelta, messageStart } from './anthropic-events.ts';
import { FAILURE_MESSAGE } from './converse.ts';
import { EVENT_STREAM_HEADERS, eventMessage, padded } from './event-stream.ts';
import { BEDROCK_WORDS, requestId } from './failure-words.ts';
import { type ConverseRequest, readConverse } from './request.ts';
import { sayAll } from './said.ts';

/** Throws RequestRefused; rejects when the client leaves. */
export async function invoke(body: JsonObject, visit: Visit, asked: AskedModel): Promise<Response> {
  const reply = await replyTo(body, visit, asked);
  return reply instanceof Response ? reply : wholeReply(wholeOf(reply, asked.faults), asked.faults, visit);
}

/** Throws RequestRefused; rejects when the client leaves. */
export async function invokeStream(body: JsonObject, visit: Visit, asked: AskedModel): Promise<Response> {
  const reply = await replyTo(body, visit, asked);
  return reply instanceof Response ? reply : streamReply(scriptOf(reply, asked.faults), asked.faults, visit);
}

/** Anthropic's body as what it asks of the model. Throws RequestRefused. */
export function readInvoke(body: JsonObject): ConverseRequest {
  const request = readConverse(converseBody(body));
  return forbidsTools(body) ? { ...request, question: { ...request.question, toolChoice: 'none' } } : request;
}

interface Reply extends AnthropicReply {
  readonly seed: number;
}

async function replyTo(body: JsonObject, visit: Visit, { name, faults }: AskedModel): Promise<Reply | Response> {
  const request = readInvoke(body);
  const { conversation, tokensMax = 0 } = request.question;
  const failed = await insteadOfAnswer(faults, visit, request.promptTokens + tokensMax);
  if (failed !== undefined) return failed;
  const seed = seedOf(visit, faults);
  const said = sayAll(request, faults, seed);
  const { cache } = request;
  return {
    id: `msg_bdrk_01${hashDigits(`${name}\n${conversation}`, seed, 22)}`,
    // The model's own name: without the region it was asked in, and the vendor in front of it.
    model: name.replace(/^(?:[a-z]+\.)?anthropic\./, ''),
    said,
    usage: {
      input_tokens: request.promptTokens - cache.readTokens - cache.writtenTokens,
      cache_creation_input_tokens: cache.writtenTokens,
      cache_read_input_tokens: cache.readTokens,
      output_tokens: said.outputTokens,
    },
    seed: hash(conversation, seed),
  };
}

function wholeOf(reply: Reply, faults: Faults): Whole {
  const counts = {
    'x-amzn-bedrock-input-token-count': String(reply.usage.input_tokens),
    'x-amzn-bedrock-output-token-count': String(reply.usage.output_tokens),
  };
  return {
    headers: {
      'content-type': 'application/json',
      'x-amzn-requestid': requestId(reply.id),
      'x-amzn-bedrock-invocation-latency': String(latencyOf(reply)),
      ...(faults.noUsage ? {} : counts),
    },
    seed: reply.seed,
    tokenCount: reply.said.outputTokens,
    body: JSON.stringify(anthropicMessage(reply, faults)),
    failure: BEDROCK_WORDS.body(BEDROCK_WORDS.inBand),
  };
}

function scriptOf(reply: Reply, faults: Faults): Script {
  const events = new NamedEvents<AnthropicEvent>(chunk);
  events.frame(messageStart(reply, faults));
  events.opened();
  for (const [index, block] of reply.said.blocks.entries()) {
    const { open, tokens, after } = blockEvents(block);
    const delta = (value: object): AnthropicEvent => ({ type: 'content_block_delta', index, delta: value });
    events.frame({ type: 'content_block_start', index, content_block: open });
    for (const piece of tokens) events.token(delta(piece));
    for (const piece of after) events.frame(delta(piece));
    events.frame({ type: 'content_block_stop', index });
  }
  return {
    headers: {
      ...EVENT_STREAM_HEADERS,
      'x-amzn-requestid': requestId(reply.id),
      'x-amzn-bedrock-content-type': 'application/json',
    },
    isBinary: true,
    seed: reply.seed,
    opening: events.opening,
    tokenCount: events.tokenCount,
    event: (index) => events.event(index),
    closing: events.rest + [...messageDelta(reply, faults), ...lastEvent(reply, faults)].map(chunk).join(''),
    malformed: bytesChunk('{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"bro'),
    failure: FAILURE_MESSAGE,
    huge: (contentBytes) => chunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x'.repeat(contentBytes) } }),
  };
}

/** The service adds its own measures to the last event. */
function lastEvent(reply: Reply, faults: Faults): readonly AnthropicEvent[] {
  if (faults.noDone) return [];
  if (faults.noUsage) return [{ type: 'message_stop' }];
  const metrics = {
    inputTokenCount: reply.usage.input_tokens,
    outputTokenCount: reply.usage.output_tokens,
    invocationLatency: latencyOf(reply),
    firstByteLatency: 1,
    cacheReadInputTokenCount: reply.usage.cache_read_input_tokens,
    cacheWriteInputTokenCount: reply.usage.cache_creation_input_tokens,
  };
  return [{ type: 'message_stop', 'amazon-bedrock-invocationMetrics': metrics }];
}

/** A millisecond for each token: not measured, so that a reply can be repeated. */
function latencyOf({ said }: AnthropicReply): number {
  return said.outputTokens;
}

function chunk(event: AnthropicEvent): string {
  return bytesChunk(JSON.stringify(event));
}

function bytesChunk(json: string): string {
  return eventMessage('chunk', padded({ bytes: Buffer.from(json).toString('base64') }));
}
