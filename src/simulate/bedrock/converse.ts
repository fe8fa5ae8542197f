/** `POST /model/{id}/converse` and `/converse-stream`, as the API reference of Bedrock Runtime describes them. */
import { type Script, streamReply, type Whole, wholeReply } from '../delivery.ts';
import { insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import type { JsonObject } from '../json-instance.ts';
import { NamedEvents } from '../named-events.ts';
import { hash } from '../text.ts';
import { type AskedModel, seedOf, type Visit } from '../visit.ts';
import { EVENT_STREAM_HEADERS, eventMessage, exceptionMessage, padded } from './event-stream.ts';
import { BEDROCK_WORDS, requestId } from './failure-words.ts';
import { type ConverseRequest, readConverse } from './request.ts';
import { BLOCKED, type Cited, type Said, type SaidBlock, sayAll } from './said.ts';

/** Throws RequestRefused; rejects when the client leaves. */
export async function converse(body: JsonObject, visit: Visit, asked: AskedModel): Promise<Response> {
  const told = await tell(body, visit, asked);
  return told instanceof Response ? told : wholeReply(wholeOf(told, asked.faults), asked.faults, visit);
}

/** Throws RequestRefused; rejects when the client leaves. */
export async function converseStream(body: JsonObject, visit: Visit, asked: AskedModel): Promise<Response> {
  const told = await tell(body, visit, asked);
  return told instanceof Response ? told : streamReply(scriptOf(told, asked.faults), asked.faults, visit);
}

interface Told {
  readonly request: ConverseRequest;
  readonly said: Said;
  readonly seed: number;
}

async function tell(body: JsonObject, visit: Visit, { faults }: AskedModel): Promise<Told | Response> {
  const request = readConverse(body);
  // Where there is a guardrail, it intervenes: that is an answer and no failure.
  const { contentPolicy, ...rest } = faults;
  const isGuarded = contentPolicy === true && request.hasGuardrail;
  const failed = await insteadOfAnswer(isGuarded ? rest : faults, visit, request.promptTokens + (request.question.tokensMax ?? 0));
  if (failed !== undefined) return failed;
  const seed = seedOf(visit, faults);
  return { request, said: isGuarded ? BLOCKED : sayAll(request, faults, seed), seed: hash(request.question.conversation, seed) };
}

const STOP_REASONS: Readonly<Record<Said['end'], string>> = {
  turn: 'end_turn',
  length: 'max_tokens',
  stop: 'stop_sequence',
  tool: 'tool_use',
  refusal: 'content_filtered',
  guardrail: 'guardrail_intervened',
};

function wholeOf(told: Told, faults: Faults): Whole {
  const { said, seed, request } = told;
  const reply = {
    metrics: metricsOf(said, faults),
    output: { message: { content: said.blocks.map(wholeBlock), role: 'assistant' } },
    ...stopOf(told, faults),
    ...traceOf(told),
    ...usageOf(told, faults),
  };
  return {
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId(request.question.conversation, seed) },
    seed,
    tokenCount: said.outputTokens,
    body: JSON.stringify(reply),
    failure: BEDROCK_WORDS.body(BEDROCK_WORDS.inBand),
  };
}

function stopOf({ said, request }: Told, faults: Faults): object {
  const fields = Object.fromEntries(
    request.extraFields.flatMap((path) => (path === '/stop_sequence' ? [['stop_sequence', said.stopSequence] as const] : [])),
  );
  return {
    ...(faults.noFinish ? {} : { stopReason: faults.finish ?? STOP_REASONS[said.end] }),
    ...(Object.keys(fields).length === 0 ? {} : { additionalModelResponseFields: fields }),
  };
}

function usageOf({ request, said }: Told, faults: Faults): object {
  if (faults.noUsage) return {};
  const { promptTokens, cache } = request;
  return {
    usage: {
      // What the cache gave or took is counted apart.
      inputTokens: promptTokens - cache.readTokens - cache.writtenTokens,
      outputTokens: said.outputTokens,
      totalTokens: promptTokens + said.outputTokens,
      cacheReadInputTokens: cache.readTokens,
      cacheWriteInputTokens: cache.writtenTokens,
    },
  };
}

/** From the pace that was asked for, and not from a clock: a reply can be repeated. */
function metricsOf({ outputTokens }: Said, faults: Faults): object {
  const rate = faults.tokensPerSecond ?? 0;
  return { latencyMs: Math.round((faults.firstTokenMs ?? 0) + outputTokens * (rate === 0 ? 1 : 1_000 / rate)) };
}

function traceOf({ request, said }: Told): object {
  if (!request.tellsTrace) return {};
  const topicPolicy = { topics: [{ name: 'simulated', type: 'DENY', action: 'BLOCKED', detected: true }] };
  const inputAssessment = said.end === 'guardrail' ? { simulated: { topicPolicy } } : {};
  return { trace: { guardrail: { ...(said.end === 'guardrail' ? { actionReason: 'Guardrail blocked.' } : {}), inputAssessment } } };
}

function wholeBlock(block: SaidBlock): object {
  const text = block.kind === 'redacted' || block.kind === 'tool' ? '' : block.tokens.join('');
  switch (block.kind) {
    case 'thought':
      return { reasoningContent: { reasoningText: { text, signature: block.signature } } };
    case 'redacted':
      return { reasoningContent: { redactedContent: block.data } };
    case 'tool':
      return { toolUse: { input: block.call.arguments, name: block.call.name, toolUseId: block.call.id } };
    case 'text':
      return block.cited.length === 0 ? { text } : { citationsContent: { content: [{ text }], citations: block.cited.map(citation) } };
  }
}

function citation({ title, text, index }: Cited): object {
  return { title, sourceContent: [{ text }], location: { documentChar: { documentIndex: index, start: 0, end: text.length } } };
}

/** An event, with its payload beside its type. */
interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

function encode({ type, ...payload }: StreamEvent): string {
  return eventMessage(type, padded(payload));
}

function scriptOf(told: Told, faults: Faults): Script {
  const events = new NamedEvents<StreamEvent>(encode);
  events.frame({ type: 'messageStart', role: 'assistant' });
  events.opened();
  for (const [contentBlockIndex, block] of told.said.blocks.entries()) {
    const delta = (value: object): StreamEvent => ({ type: 'contentBlockDelta', contentBlockIndex, delta: value });
    // Only what has a name is announced: text begins with its first piece.
    if (block.kind === 'tool') {
      const start = { toolUse: { name: block.call.name, toolUseId: block.call.id } };
      events.frame({ type: 'contentBlockStart', contentBlockIndex, start });
    }
    const { tokens, after } = piecesOf(block);
    for (const piece of tokens) events.token(delta(piece));
    for (const piece of after) events.frame(delta(piece));
    events.frame({ type: 'contentBlockStop', contentBlockIndex });
  }
  return {
    headers: { ...EVENT_STREAM_HEADERS, 'x-amzn-requestid': requestId(told.request.question.conversation, told.seed) },
    isBinary: true,
    seed: told.seed,
    opening: events.opening,
    tokenCount: events.tokenCount,
    event: (index) => events.event(index),
    closing: events.rest + closingOf(told, faults),
    malformed: eventMessage('contentBlockDelta', '{"contentBlockIndex":0,"delta":{"text":"bro'),
    failure: FAILURE_MESSAGE,
    huge: (contentBytes) => encode({ type: 'contentBlockDelta', contentBlockIndex: 0, delta: { text: 'x'.repeat(contentBytes) } }),
  };
}

export const FAILURE_MESSAGE = exceptionMessage(
  'modelStreamErrorException',
  JSON.stringify({ message: BEDROCK_WORDS.inBand.message, originalStatusCode: 500, originalMessage: 'Internal server error' }),
);

function piecesOf(block: SaidBlock): { readonly tokens: readonly object[]; readonly after: readonly object[] } {
  switch (block.kind) {
    case 'thought':
      return {
        tokens: block.tokens.map((text) => ({ reasoningContent: { text } })),
        after: [{ reasoningContent: { signature: block.signature } }],
      };
    case 'redacted':
      return { tokens: [], after: [{ reasoningContent: { redactedContent: block.data } }] };
    case 'tool':
      return { tokens: block.tokens.map((input) => ({ toolUse: { input } })), after: [] };
    case 'text':
      return { tokens: block.tokens.map((text) => ({ text })), after: block.cited.map((quote) => ({ citation: citation(quote) })) };
  }
}

/** Without its terminal, a stream has neither the stop nor what follows it. */
function closingOf(told: Told, faults: Faults): string {
  const stop = encode({ type: 'messageStop', ...stopOf(told, faults) });
  const metadata = encode({ type: 'metadata', metrics: metricsOf(told.said, faults), ...usageOf(told, faults), ...traceOf(told) });
  return faults.noDone ? '' : stop + metadata;
}
