/* A request of the Responses API in our words. Source: platform.openai.com/docs/api-reference/responses/create. */

import { GatewayError } from '../../base/errors.ts';
import type { ChatMessage, ChatRequest } from '../../operations/chat.ts';
import type { Operation } from '../../operations/operation.ts';
import { isRecord } from '../dialect-errors.ts';
import { invalid } from '../dialect-request.ts';
import { readInput } from './input.ts';
import { readReasoning, readText } from './settings.ts';
import { readToolChoice, readTools } from './tools.ts';
import { textOf, Unread } from './unread.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'text',
  'reasoning',
  'temperature',
  'top_p',
  'max_output_tokens',
  'top_logprobs',
  'user',
  'safety_identifier',
  'metadata',
  'service_tier',
  'prompt_cache_key',
  'store',
  'include',
]);

/** They say what is so anyway, wherever the answer comes from. */
const HARMLESS: readonly (readonly [string, unknown])[] = [
  ['background', false],
  ['truncation', 'disabled'],
];

const LOG_PROBABILITIES = 'message.output_text.logprobs';
/** What we ask a target for by ourselves where it belongs to the answer, and what therefore is not lost. */
const INCLUDED: ReadonlySet<unknown> = new Set(['reasoning.encrypted_content', LOG_PROBABILITIES]);

/** Throws `request_invalid`, and `previous_response_unknown` for a conversation that only another server could know. */
export function decodeChat({ bytes }: Operation): ChatRequest {
  const body = JSON.parse(decoder.decode(bytes)) as Readonly<Record<string, unknown>>;
  const previous = textOf(body['previous_response_id']);
  if (previous !== undefined) throw previousUnknown(previous);
  const unread = new Unread();
  unread.note(withoutHarmless(body), KNOWN);
  const messages = readMessages(body, unread);
  const include: readonly unknown[] = Array.isArray(body['include']) ? body['include'] : [];
  if (include.some((name) => !INCLUDED.has(name))) unread.note({ include: true }, NOTHING);
  const top = numberOf(body['top_logprobs']);
  const wantsProbabilities = include.includes(LOG_PROBABILITIES) || (top ?? 0) > 0;
  const tools = readTools(body['tools'], unread);
  const toolChoice = readToolChoice(body['tool_choice']);
  const reasoning = readReasoning(body['reasoning'], unread);
  const request: Omit<ChatRequest, 'unread'> = {
    messages,
    ...(tools === undefined ? {} : { tools }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...readText(body['text'], unread),
    ...(wantsProbabilities ? { logProbabilities: { top: top ?? 0 } } : {}),
    ...readSettings(body),
  };
  return { ...request, unread: unread.names };
}

/** The vendor's own words, which its clients know: they send the whole conversation then. */
export function previousUnknown(id: string): GatewayError {
  return new GatewayError('previous_response_not_found', `Previous response with id '${id.slice(0, 100)}' not found.`, {
    param: 'previous_response_id',
  });
}

function readMessages(body: Readonly<Record<string, unknown>>, unread: Unread): readonly ChatMessage[] {
  const instructions = textOf(body['instructions']);
  const input = readInput(body['input'], unread);
  const messages: ChatMessage[] =
    instructions === undefined ? input : [{ role: 'system', parts: [{ kind: 'text', text: instructions }] }, ...input];
  if (messages.length === 0) throw invalid('input', "'input' must hold at least one item");
  return messages;
}

function readSettings(body: Readonly<Record<string, unknown>>): Partial<ChatRequest> {
  const temperature = numberOf(body['temperature']);
  const topP = numberOf(body['top_p']);
  const outputTokensMax = numberOf(body['max_output_tokens']);
  const user = textOf(body['safety_identifier']) ?? textOf(body['user']);
  const serviceTier = textOf(body['service_tier']);
  const promptCacheKey = textOf(body['prompt_cache_key']);
  const { store, parallel_tool_calls: parallel, metadata } = body;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...(user === undefined ? {} : { user }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(promptCacheKey === undefined ? {} : { promptCacheKey }),
    ...(typeof store === 'boolean' ? { store } : {}),
    ...(typeof parallel === 'boolean' ? { parallelToolCalls: parallel } : {}),
    ...(isRecord(metadata) && Object.keys(metadata).length > 0 ? { metadata: readMetadata(metadata) } : {}),
  };
}

function readMetadata(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(metadata))
    if (typeof value !== 'string') throw invalid(`metadata.${name.slice(0, 100)}`, "the values of 'metadata' must be strings");
  return metadata as Readonly<Record<string, string>>;
}

function withoutHarmless(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const harmless = HARMLESS.filter(([name, value]) => body[name] === value).map(([name]) => name);
  return harmless.length === 0 ? body : Object.fromEntries(Object.entries(body).filter(([name]) => !harmless.includes(name)));
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

const NOTHING: ReadonlySet<string> = new Set();
const decoder = new TextDecoder();
