/** `POST /v2/chat`, whole and streamed, as Cohere's API reference describes both. */
import { answer, answerTokens, callPieces, type ToolCall, thoughtsOf } from '../answer.ts';
import { type Script, streamReply, type Whole, wholeReply } from '../delivery.ts';
import { insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import { logprobsOf } from '../logprobs.ts';
import { NamedEvents, namedEvent } from '../named-events.ts';
import { hash, tokenize } from '../text.ts';
import { seedOf, type Visit } from '../visit.ts';
import { type CohereRequest, readChat } from './chat-request.ts';
import { askModel, checkKey, readBody } from './check.ts';
import { COHERE_WORDS, uuidOf } from './failure-words.ts';

/** Throws RequestRefused; rejects when the client leaves. */
export async function cohereChat(visit: Visit): Promise<Response> {
  checkKey(visit);
  const body = await readBody(visit);
  const { name, faults } = askModel(visit, body);
  const request = readChat(body);
  const failed = await insteadOfAnswer(faults, visit, request.promptTokens + (request.question.tokensMax ?? 0));
  if (failed !== undefined) return failed;
  const seed = request.seed ?? seedOf(visit, faults);
  const reply: Reply = {
    ...say(request, faults, seed),
    id: uuidOf(`${name}\n${request.question.conversation}`, seed),
    seed: hash(request.question.conversation, seed),
    request,
  };
  return request.stream ? streamReply(scriptOf(reply, faults), faults, visit) : wholeReply(wholeOf(reply, faults), faults, visit);
}

interface Said {
  readonly thoughts: readonly string[];
  /** Before the calls of tools. */
  readonly plan: readonly string[];
  readonly calls: readonly ToolCall[];
  readonly tokens: readonly string[];
  readonly finish: 'COMPLETE' | 'STOP_SEQUENCE' | 'MAX_TOKENS' | 'TOOL_CALL';
  readonly outputTokens: number;
}

interface Reply extends Said {
  readonly id: string;
  readonly seed: number;
  readonly request: CohereRequest;
}

function say({ question, thinks }: CohereRequest, faults: Faults, seed: number): Said {
  const thoughts = thinks ? thoughtsOf(question.conversation, seed) : [];
  const given = answer(question, faults, seed);
  const base = { thoughts, plan: [], calls: [], tokens: [], outputTokens: thoughts.length + answerTokens(given) };
  if (given.kind === 'tools') {
    const calls = given.calls.map((call) => ({ ...call, id: `${call.name}_${call.id.slice('call_'.length, 'call_'.length + 12)}` }));
    const plan = tokenize(`I will use ${calls.map((call) => call.name).join(' and ')}.`);
    return { ...base, plan, calls, finish: 'TOOL_CALL', outputTokens: base.outputTokens + plan.length };
  }
  // The API knows no refusal: the model says that it will not, and that is its answer.
  if (given.kind === 'refusal') return { ...base, tokens: given.tokens, finish: 'COMPLETE' };
  const finish = given.finish === 'length' ? 'MAX_TOKENS' : given.stop === undefined ? 'COMPLETE' : 'STOP_SEQUENCE';
  return { ...base, tokens: given.tokens, finish };
}

function wholeOf(reply: Reply, faults: Faults): Whole {
  const { thoughts, plan, calls, tokens } = reply;
  const content = [
    ...(thoughts.length === 0 ? [] : [{ type: 'thinking', thinking: thoughts.join('') }]),
    ...(tokens.length === 0 ? [] : [{ type: 'text', text: tokens.join('') }]),
  ];
  const citations = citationsOf(reply);
  const message = {
    role: 'assistant',
    ...(calls.length === 0 ? {} : { tool_plan: plan.join(''), tool_calls: calls.map((call) => toolCall(call, callPieces(call).join(''))) }),
    ...(content.length === 0 ? {} : { content }),
    ...(citations.length === 0 ? {} : { citations }),
  };
  const logprobs = reply.request.logprobs ? { logprobs: tokens.map(logprobItem) } : {};
  return {
    headers: { 'content-type': 'application/json', 'x-debug-trace-id': uuidOf(reply.id) },
    seed: reply.seed,
    tokenCount: reply.outputTokens,
    body: JSON.stringify({ id: reply.id, message, ...ending(reply, faults), ...logprobs }),
    failure: COHERE_WORDS.body(COHERE_WORDS.inBand),
  };
}

function toolCall({ id, name }: ToolCall, args: string): object {
  return { id, type: 'function', function: { name, arguments: args } };
}

/** Tokens that the vendor puts around a prompt, and does not bill. */
const PREAMBLE_TOKENS = 8;

function ending({ finish, request, outputTokens }: Reply, faults: Faults): object {
  const usage = {
    billed_units: { input_tokens: request.promptTokens, output_tokens: outputTokens },
    tokens: { input_tokens: request.promptTokens + PREAMBLE_TOKENS, output_tokens: outputTokens },
    cached_tokens: 0,
  };
  return { ...(faults.noFinish ? {} : { finish_reason: faults.finish ?? finish }), ...(faults.noUsage ? {} : { usage }) };
}

function logprobItem(token: string): object {
  const [row] = logprobsOf([token], 0);
  return { text: token, token_ids: [hash(token, 0) % VOCABULARY], logprobs: [row?.logprob ?? 0] };
}

const VOCABULARY = 256_000;
/** Tokens that one citation covers. */
const CITED_TOKENS = 3;

/** Each source has its share of the first words. */
function citationsOf({ tokens, thoughts, request }: Reply): readonly object[] {
  return request.sources.flatMap((source, index) => {
    const cited = tokens.slice(index * CITED_TOKENS, (index + 1) * CITED_TOKENS).join('');
    if (cited === '') return [];
    const before = tokens.slice(0, index * CITED_TOKENS).join('').length;
    const text = cited.trimStart();
    const start = before + cited.length - text.length;
    const content_index = thoughts.length === 0 ? 0 : 1;
    return [{ start, end: start + text.length, text, sources: [source], content_index, type: 'TEXT_CONTENT' }];
  });
}

interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Both kinds of content are streamed alike, each under its own name. */
type ContentKind = 'thinking' | 'text';

function contentDelta(index: number, kind: ContentKind, token: string): StreamEvent {
  return { type: 'content-delta', index, delta: { message: { content: { [kind]: token } } } };
}

function scriptOf(reply: Reply, faults: Faults): Script {
  const events = new NamedEvents<StreamEvent>();
  const empty = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  events.frame({ id: reply.id, type: 'message-start', delta: { message: empty } });
  events.opened();
  for (const token of reply.plan) events.token({ type: 'tool-plan-delta', delta: { message: { tool_plan: token } } });
  for (const [index, call] of reply.calls.entries()) {
    events.frame({ type: 'tool-call-start', index, delta: { message: { tool_calls: toolCall(call, '') } } });
    for (const piece of callPieces(call)) {
      events.token({ type: 'tool-call-delta', index, delta: { message: { tool_calls: { function: { arguments: piece } } } } });
    }
    events.frame({ type: 'tool-call-end', index });
  }
  const contents = (
    [
      ['thinking', reply.thoughts],
      ['text', reply.tokens],
    ] as const
  ).filter(([, tokens]) => tokens.length > 0);
  for (const [index, [kind, tokens]] of contents.entries()) {
    events.frame({ type: 'content-start', index, delta: { message: { content: { type: kind, [kind]: '' } } } });
    const hasLogprobs = reply.request.logprobs && kind === 'text';
    for (const token of tokens)
      events.token({ ...contentDelta(index, kind, token), ...(hasLogprobs ? { logprobs: logprobItem(token) } : {}) });
    if (kind === 'text') frameCitations(events, reply);
    events.frame({ type: 'content-end', index });
  }
  const end: StreamEvent = { type: 'message-end', id: reply.id, delta: ending(reply, faults) };
  return {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-debug-trace-id': uuidOf(reply.id) },
    seed: reply.seed,
    opening: events.opening,
    tokenCount: events.tokenCount,
    event: (index) => events.event(index),
    closing: events.rest + (faults.noDone ? '' : `${namedEvent(end)}data: [DONE]\n\n`),
    malformed: 'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"bro\n\n',
    failure: namedEvent(FAILED),
    huge: (contentBytes) => namedEvent(contentDelta(0, 'text', 'x'.repeat(contentBytes))),
  };
}

/** The stream's end says what went wrong. */
const FAILED: StreamEvent = { type: 'message-end', delta: { finish_reason: 'ERROR', error: COHERE_WORDS.inBand.message } };

function frameCitations(events: NamedEvents<StreamEvent>, reply: Reply): void {
  for (const [index, citations] of citationsOf(reply).entries()) {
    events.frame({ type: 'citation-start', index, delta: { message: { citations } } });
    events.frame({ type: 'citation-end', index });
  }
}
