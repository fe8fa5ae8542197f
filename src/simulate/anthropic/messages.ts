/**
 * `POST /v1/messages`, whole and streamed, and `POST /v1/messages/count_tokens`, as Anthropic's API reference describes them. Prompts that are
 * marked with `cache_control` are billed as written the first time and as read from then on; all else follows from the request and the seed.
 */
import { type Script, streamReply, type Whole, wholeReply } from '../delivery.ts';
import { failureBody, failureReply, insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import type { JsonObject } from '../json-instance.ts';
import { NamedEvents, namedEvent } from '../named-events.ts';
import { JSON_HEADERS, SSE_HEADERS } from '../openai-shapes.ts';
import type { PrefixUse } from '../prefix-cache.ts';
import { hash, hashDigits } from '../text.ts';
import { type AskedModel, askedModel, isServed, seedOf, type Visit } from '../visit.ts';
import { type Said, sayAll } from './blocks.ts';
import { refuse } from './check.ts';
import { ANTHROPIC_ERROR_EVENT, ANTHROPIC_WORDS, requestId } from './failure-words.ts';
import { type MessagesRequest, type Prompt, readCountTokens, readMessages, readModel } from './request.ts';
import type { BlockDelta, Message, StreamEvent, Usage } from './shapes.ts';

/** Throws RequestRefused; rejects when the client leaves. */
export async function messages(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = asked(body, visit);
  const request = readMessages(body, betasOf(visit));
  if (faults.noPrefill && request.prefill !== undefined)
    refuse('This model does not support assistant message prefill. The conversation must end with a user message.');
  const failed = await insteadOfAnswer(faults, visit, request.promptTokens);
  if (failed !== undefined) return failed;

  const seed = seedOf(visit, faults);
  const { conversation } = request.question;
  const reply: Reply = {
    id: `msg_01${hashDigits(`${name}\n${conversation}\n${request.prefill ?? ''}`, seed, 22)}`,
    model: name,
    seed: hash(conversation, seed),
    request,
    said: sayAll(request, faults, seed),
    cache: visit.world.prefixes.use(name, request.parts),
  };
  return request.stream ? streamReply(scriptOf(reply, faults), faults, visit) : wholeReply(wholeOf(reply, faults), faults, visit);
}

/** Throws RequestRefused; rejects when the client leaves. */
export async function countTokens(body: JsonObject, visit: Visit): Promise<Response> {
  const { faults } = asked(body, visit);
  const prompt: Prompt = readCountTokens(body, betasOf(visit));
  const failed = await insteadOfAnswer(faults, visit, prompt.promptTokens);
  if (failed !== undefined) return failed;
  const headers = { ...JSON_HEADERS, 'request-id': requestId(prompt.question.conversation) };
  const counted = JSON.stringify({ input_tokens: prompt.promptTokens });
  return wholeReply(
    { headers, seed: 1, tokenCount: 0, body: counted, failure: failureBody(ANTHROPIC_WORDS.inBand, 'anthropic') },
    faults,
    visit,
  );
}

/** Whatever else is asked for below `/v1/messages`. */
export function noSuchMessage(visit: Visit): Promise<Response> {
  return Promise.resolve(failureReply(ANTHROPIC_WORDS.status(404), visit));
}

function asked(body: JsonObject, visit: Visit): AskedModel {
  const version = visit.request.headers.get('anthropic-version');
  if (version === null) refuse('anthropic-version: header is required');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(version)) refuse(`anthropic-version: "${version}" is not a valid version`);
  const found = askedModel(visit, readModel(body));
  return isServed(visit.world.options, found.name) ? found : refuse(`model: ${found.name}`, 404);
}

function betasOf(visit: Visit): string {
  return visit.request.headers.get('anthropic-beta') ?? '';
}

/** All that a reply says, before it is put into one piece or many. */
interface Reply {
  readonly id: string;
  readonly model: string;
  readonly seed: number;
  readonly request: MessagesRequest;
  readonly said: Said;
  readonly cache: PrefixUse;
}

function wholeOf(reply: Reply, faults: Faults): Whole {
  const { said } = reply;
  const message: Message = {
    ...messageOf(reply, faults, usageOf(reply, said.outputTokens)),
    content: said.blocks.map(({ whole }) => whole),
    ...endOf(said, faults),
  };
  return {
    headers: { ...JSON_HEADERS, 'request-id': requestId(reply.id) },
    seed: reply.seed,
    tokenCount: said.outputTokens,
    body: JSON.stringify(message),
    failure: failureBody(ANTHROPIC_WORDS.inBand, 'anthropic'),
  };
}

function scriptOf(reply: Reply, faults: Faults): Script {
  const { said } = reply;
  const events = new NamedEvents<StreamEvent>();
  events.frame({ type: 'message_start', message: messageOf(reply, faults, { ...usageOf(reply, 1), output_tokens_details: null }) });
  events.opened();
  for (const [index, block] of said.blocks.entries()) {
    events.frame({ type: 'content_block_start', index, content_block: block.open });
    if (index === 0) {
      events.frame({ type: 'ping' });
      events.opened();
    }
    for (const delta of block.before) events.frame({ type: 'content_block_delta', index, delta });
    for (const delta of block.tokens) events.token({ type: 'content_block_delta', index, delta });
    for (const delta of block.after) events.frame({ type: 'content_block_delta', index, delta });
    events.frame({ type: 'content_block_stop', index });
  }
  return {
    headers: { ...SSE_HEADERS, 'request-id': requestId(reply.id) },
    seed: reply.seed,
    opening: events.opening,
    tokenCount: events.tokenCount,
    event: (index) => events.event(index),
    closing: events.rest + closingOf(reply, faults),
    malformed: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"bro\n\n',
    failure: namedEvent(ANTHROPIC_ERROR_EVENT),
    huge: (contentBytes) => namedEvent(hugeEvent(said, contentBytes)),
  };
}

/** In the block that the first token belongs to. Arguments are made long by white space, and stay what they are. */
function hugeEvent({ blocks }: Said, contentBytes: number): StreamEvent {
  const index = Math.max(
    0,
    blocks.findIndex(({ tokens }) => tokens.length > 0),
  );
  const text = 'x'.repeat(contentBytes);
  const type = blocks[index]?.open.type;
  const delta: BlockDelta =
    type === 'thinking'
      ? { type: 'thinking_delta', thinking: text }
      : type === 'tool_use'
        ? { type: 'input_json_delta', partial_json: ' '.repeat(contentBytes) }
        : { type: 'text_delta', text };
  return { type: 'content_block_delta', index, delta };
}

/** The finish and usage come in one event, which is there as long as one of them is. */
function closingOf(reply: Reply, faults: Faults): string {
  const { said } = reply;
  const usage = faults.noUsage ? {} : { usage: deltaUsage(usageOf(reply, said.outputTokens)) };
  const finish: StreamEvent = { type: 'message_delta', delta: { ...endOf(said, faults), container: null }, ...usage };
  return (faults.noFinish && faults.noUsage ? '' : namedEvent(finish)) + (faults.noDone ? '' : namedEvent({ type: 'message_stop' }));
}

function endOf(said: Said, faults: Faults): Pick<Message, 'stop_reason' | 'stop_sequence' | 'stop_details'> {
  if (faults.noFinish) return { stop_reason: null, stop_sequence: null, stop_details: null };
  return { stop_reason: said.stopReason, stop_sequence: said.stopSequence, stop_details: said.stopDetails };
}

function messageOf(reply: Reply, faults: Faults, usage: Usage): Message {
  return {
    id: reply.id,
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    ...(faults.noUsage ? {} : { usage }),
  };
}

const HOUR_MS = 3_600_000;

function usageOf({ request, said, cache }: Reply, outputTokens: number): Usage {
  const hour = cache.written.get(HOUR_MS) ?? 0;
  const written = [...cache.written.values()].reduce((total, tokens) => total + tokens, 0);
  return {
    input_tokens: request.promptTokens - written - cache.readTokens,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cache.readTokens,
    cache_creation: { ephemeral_5m_input_tokens: written - hour, ephemeral_1h_input_tokens: hour },
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: said.thinkingTokens },
    inference_geo: null,
    server_tool_use: null,
    service_tier: 'standard',
    speed: 'standard',
  };
}

function deltaUsage(usage: Usage): NonNullable<Extract<StreamEvent, { type: 'message_delta' }>['usage']> {
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens, output_tokens_details } = usage;
  return {
    input_tokens,
    cache_creation_input_tokens,
    cache_read_input_tokens,
    output_tokens,
    output_tokens_details,
    server_tool_use: null,
  };
}
