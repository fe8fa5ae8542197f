/**
 * OpenAI's Responses API: `POST /v1/responses`, whole and streamed, what is stored of it, and counting. Over a WebSocket: socket-mode.ts.
 * Requests are answered in turns: `previous_response_id` goes on where a stored response ended.
 */
import { type Script, streamReply, wholeReply } from '../delivery.ts';
import { FAILURE_IN_BAND, failureBody, failureReply, insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import type { JsonObject } from '../json-instance.ts';
import { modelUnknown, RequestRefused, readModel, refuse } from '../openai-request.ts';
import { CREATED, JSON_HEADERS } from '../openai-shapes.ts';
import { hash, hashDigits } from '../text.ts';
import { askedModel, faultsOf, isServed, seedOf, type Visit } from '../visit.ts';
import { responseScript } from './events.ts';
import { type Item, itemOfOutput } from './items.ts';
import { type Output, outputOf } from './output.ts';
import { type RequestSource, type ResponseRequest, readResponse } from './request.ts';
import type { ResponseFailure, ResponseObject, ResponseUsage } from './shapes.ts';
import type { Turn } from './store.ts';

/** `POST /v1/responses`. Throws RequestRefused; rejects when the client leaves. */
export function responses(body: JsonObject, visit: Visit): Promise<Response> {
  const store = visit.world.responses;
  return respond(body, visit, { memory: store, known: (id) => store.item(id), isFrame: false });
}

/** The same from wherever a request comes. What is not to be stored is still given to the memory of the connection. */
export async function respond(body: JsonObject, visit: Visit, source: RequestSource): Promise<Response> {
  const { name, faults } = askedModel(visit, readModel(body));
  if (!isServed(visit.world.options, name)) throw modelUnknown(name);
  const request = readResponse({ ...body, model: name }, source);
  const room = Number.isFinite(request.tokensMax) ? request.tokensMax : 0;
  const failed = await insteadOfAnswer(faults, visit, request.promptTokens + room);
  if (failed !== undefined) return failed;

  const reply = replyTo(request, faults, visit);
  if (request.store || source.isFrame) source.memory.keep(turnOf(reply));
  const headers = { 'x-request-id': `req_${reply.id.slice(5, 37)}`, 'openai-version': '2020-10-01' };
  if (request.stream) return streamReply(scriptOf(reply, faults, headers), faults, visit);
  const whole = {
    headers: { ...JSON_HEADERS, ...headers },
    seed: reply.seed,
    tokenCount: reply.output.outputTokens,
    body: JSON.stringify(finishedOf(reply, faults)),
    failure: JSON.stringify(failedOf(reply)),
  };
  return wholeReply(whole, faults, visit);
}

/** All that a reply says, before it is put into one piece or many. */
interface Reply {
  readonly id: string;
  readonly seed: number;
  readonly request: ResponseRequest;
  readonly output: Output;
  readonly usage: ResponseUsage;
}

function replyTo(request: ResponseRequest, faults: Faults, visit: Visit): Reply {
  const seed = seedOf(visit, faults);
  const { conversation } = request.question;
  const { model, prompt_cache_key: key } = request.echo;
  // What is asked differently is answered under another id, or one stored response would take the other's place.
  const id = `resp_${hashDigits(JSON.stringify([request.echo, conversation, request.generate]), seed, 48)}`;
  const output = outputOf(request, faults, { id, seed });
  const { readTokens } = visit.world.prefixes.use(`responses\n${model}\n${key ?? ''}`, request.parts);
  return { id, seed: hash(conversation, seed), request, output, usage: usageOf(request, output, readTokens) };
}

/** The vendor keeps prompts of this length and more, in steps. */
const CACHED_MIN = 1_024;
const CACHED_STEP = 128;

function usageOf({ promptTokens }: ResponseRequest, output: Output, readTokens: number): ResponseUsage {
  const cached = readTokens < CACHED_MIN ? 0 : readTokens - (readTokens % CACHED_STEP);
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
    output_tokens: output.outputTokens,
    output_tokens_details: { reasoning_tokens: output.reasoningTokens },
    total_tokens: promptTokens + output.outputTokens,
  };
}

function startedOf({ id, request }: Reply): ResponseObject {
  return {
    id,
    object: 'response',
    created_at: CREATED,
    status: 'in_progress',
    completed_at: null,
    error: null,
    incomplete_details: null,
    output: [],
    usage: null,
    ...request.echo,
  };
}

function finishedOf(reply: Reply, faults: Faults): ResponseObject {
  const { isIncomplete, scripts } = reply.output;
  const { status: _, ...started } = startedOf(reply);
  return {
    ...started,
    ...(faults.noFinish ? {} : { status: isIncomplete ? 'incomplete' : 'completed' }),
    completed_at: isIncomplete ? null : CREATED,
    incomplete_details: isIncomplete ? { reason: 'max_output_tokens' } : null,
    output: scripts.map(({ item }) => item),
    usage: faults.noUsage ? null : reply.usage,
  };
}

const FAILURE: ResponseFailure = { code: 'server_error', message: FAILURE_IN_BAND.message };

function failedOf(reply: Reply): ResponseObject {
  return { ...startedOf(reply), status: 'failed', error: FAILURE };
}

function turnOf(reply: Reply): Turn {
  const { input } = reply.request;
  const said = reply.output.scripts.map(({ item }) => itemOfOutput(item, reply.output.thoughts));
  return { response: finishedOf(reply, {}), input, context: [...input, ...said] };
}

function scriptOf(reply: Reply, faults: Faults, headers: Readonly<Record<string, string>>): Script {
  const { obfuscate, topLogprobs } = reply.request;
  const parts = { started: startedOf(reply), finished: finishedOf(reply, faults), failed: failedOf(reply) };
  return responseScript({ ...parts, scripts: reply.output.scripts, seed: reply.seed, obfuscate, topLogprobs, headers }, faults);
}

const PATH = '/v1/responses/';

/** `GET` and `DELETE /v1/responses/{id}`, and `GET /v1/responses/{id}/input_items`. Throws RequestRefused. */
export async function storedResponse(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const [id = '', below, ...more] = visit.path.slice(PATH.length).split('/');
  const { method } = visit.request;
  const turn = visit.world.responses.find(id);
  if (visit.path.length < PATH.length || (below !== undefined && below !== 'input_items') || more.length > 0)
    return failureReply({ status: 404, message: `Invalid URL (${method} ${visit.path})` }, visit);
  if (turn === undefined) throw new RequestRefused({ status: 404, message: `Response with id '${id}' not found.` });
  if (method === 'GET' && below !== undefined) return plainReply(listOf(turn.input, visit.query), faults, visit);
  if (method === 'GET') return retrieved(turn, faults, visit);
  if (method !== 'DELETE' || below !== undefined) return notAllowed(visit);
  visit.world.responses.delete(id);
  return plainReply({ id, object: 'response', deleted: true }, faults, visit);
}

function retrieved({ response }: Turn, faults: Faults, visit: Visit): Promise<Response> {
  if (new URLSearchParams(visit.query).get('stream') === 'true')
    refuse('This response cannot be streamed because it was not created with background=true.', 'stream');
  return plainReply(response, faults, visit);
}

export function notAllowed(visit: Visit): Response {
  const message = `Not allowed to ${visit.request.method} on ${visit.path}.`;
  return failureReply({ status: 405, message, code: 'method_not_supported' }, visit);
}

/** `POST /v1/responses/input_tokens`. Throws RequestRefused. */
export async function countInput(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = askedModel(visit, readModel(body));
  const store = visit.world.responses;
  const { promptTokens } = readResponse({ ...body, model: name }, { memory: store, known: (id) => store.item(id), isFrame: false });
  const counted = { object: 'response.input_tokens', input_tokens: promptTokens };
  return (await insteadOfAnswer(faults, visit, promptTokens)) ?? plainReply(counted, faults, visit);
}

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

function listOf(items: readonly Item[], search: string): object {
  const query = new URLSearchParams(search);
  const limit = Number(query.get('limit') ?? LIMIT_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    refuse(`Invalid 'limit': expected an integer between 1 and ${LIMIT_MAX}.`, 'limit', 'invalid_value');
  const ordered = query.get('order') === 'asc' ? items : items.toReversed();
  const after = query.get('after');
  const later = after === null ? ordered : ordered.slice(ordered.findIndex(({ id }) => id === after) + 1);
  const page = later.slice(0, limit);
  return {
    object: 'list',
    data: page.map(({ value }) => value),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: later.length > limit,
  };
}

function plainReply(value: object, faults: Faults, visit: Visit): Promise<Response> {
  const failure = failureBody(FAILURE_IN_BAND, 'openai');
  return wholeReply({ headers: JSON_HEADERS, seed: 1, tokenCount: 0, body: JSON.stringify(value), failure }, faults, visit);
}
