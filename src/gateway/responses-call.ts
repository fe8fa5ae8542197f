/*
 * A response, answered like any model route; but one that goes on from an earlier one (`previous_response_id`) is first put together, or sent to who has it;
 * and items that are kept here stand where the input only names them (`item_reference`):
 *
 *   the conversation is kept here      its items go before the new ones, and any target can answer
 *   a provider has it                  that provider is asked
 *   nothing is known                   a target of this dialect may know it; no other can, and refuses (dialects/openai-responses/request-decode.ts, input.ts)
 */

import { memberBoolean, memberJson, memberString, scanJson } from '../base/json-scan.ts';
import { editMembers } from '../base/json-splice.ts';
import { REPLY_LIMITS, scanBody } from '../dialects/dialect-body.ts';
import { isRecord } from '../dialects/dialect-errors.ts';
import { NAME } from '../dialects/openai-responses/name.ts';
import { mayHoldReference } from '../dialects/openai-responses/references.ts';
import { decodeRequest } from '../dialects/openai-responses/request.ts';
import { previousUnknown } from '../dialects/openai-responses/request-decode.ts';
import type { Operation } from '../operations/operation.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { contextFact, principalFact, upstreamFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import { type ByteStream, isStream, type Reply } from '../pipeline/reply.ts';
import type { Router } from '../routing/router.ts';
import { inputItems, joinItems, outputItems } from './responses-items.ts';
import type { Keeper, ResponsesMemory } from './responses-memory.ts';
import { resolveReferences } from './responses-references.ts';

export interface ResponsesCallDeps {
  readonly call: Handler;
  readonly memory: ResponsesMemory;
  readonly router: Router;
  /** As of ReferencesDeps. */
  readonly bodyBytesMax: number;
}

export function createResponsesCall(deps: ResponsesCallDeps): Handler {
  return async (request, exchange) => {
    const { operation } = request;
    if (operation === undefined) throw new Error(`${exchange.route.pattern} is no model route`);
    const asked = await goOn(operation, exchange, deps);
    const reply = await deps.call({ ...request, operation: asked }, exchange);
    if (asked.kind !== 'chat' || reply.status !== 200) return reply;
    const scan = scanBody(asked.bytes);
    return memberBoolean(scan, 'store') === false
      ? reply
      : keep(reply, { asked, told: operation.told?.text, exchange, memory: deps.memory });
  };
}

/** The operation with all that it goes on from, as far as it is known here; throws `previous_response_not_found` where that is somebody else's. */
async function goOn(operation: Operation, exchange: Exchange, deps: ResponsesCallDeps): Promise<Operation> {
  const asked = await withConversation(operation, exchange, deps);
  if (!mayHoldReference(asked.bytes)) return asked;
  const scan = scanBody(asked.bytes);
  const { model } = asked;
  const items = await resolveReferences(memberJson(scan, 'input'), exchange.get(principalFact), {
    ...deps,
    // A name that means nothing is refused as such.
    isKnownElsewhere: !deps.router.knows(model) || deps.router.targets(model, NAME).length > 0,
  });
  return items === undefined ? asked : decodeRequest(asked.kind, editMembers(scan, { input: `[${items}]` }));
}

async function withConversation(operation: Operation, exchange: Exchange, { memory, router }: ResponsesCallDeps): Promise<Operation> {
  if (!Buffer.from(operation.bytes.buffer, operation.bytes.byteOffset, operation.bytes.length).includes('"previous_response_id"'))
    return operation;
  const scan = scanBody(operation.bytes);
  const id = memberString(scan, 'previous_response_id') ?? '';
  const found = id === '' ? undefined : await memory.find(id, exchange.get(principalFact));
  if (found === undefined) return operation;
  if (found === 'foreign') throw previousUnknown(id);
  if (found.kind === 'passed') return pinned(operation, found.provider, router);
  const items = joinItems(found.items, inputItems(memberJson(scan, 'input')));
  const bytes = editMembers(scan, { previous_response_id: undefined, input: `[${items}]` });
  return decodeRequest(operation.kind, bytes);
}

/** Of several providers that might answer, the one that has the conversation. */
function pinned(operation: Operation, provider: string, router: Router): Operation {
  const targets = router.targets(operation.model, NAME);
  const own = targets.find((target) => target.provider === provider);
  return own === undefined || targets.every((target) => target.provider === provider) ? operation : { ...operation, model: own.id };
}

interface Keeping {
  readonly asked: Operation;
  /** What the gateway had put beside the caller's words: looked up anew for each question, it is no part of the conversation. */
  readonly told: string | undefined;
  readonly exchange: Exchange;
  readonly memory: ResponsesMemory;
}

/** The reply, unchanged; what has to be known of it later is kept before its last byte is given out. */
async function keep(reply: Reply, keeping: Keeping): Promise<Reply> {
  const crossed = keeping.exchange.replyHeaders['x-gatehouse-translated'] !== undefined;
  const { body } = reply;
  if (body !== null && isStream(body)) {
    const look = crossed ? watchEnd((response) => keepConversation(response, keeping)) : watchBeginning((id) => keepProvider(id, keeping));
    return { ...reply, body: new WatchedStream(body, look) };
  }
  if (body === null) return reply;
  if (crossed) await keepConversation(JSON.parse(typeof body === 'string' ? body : decoder.decode(body)), keeping);
  else if (typeof body !== 'string') await keepProvider(memberString(scanJson(body, REPLY_LIMITS), 'id'), keeping);
  return reply;
}

async function keepProvider(id: string | undefined, { asked, exchange, memory }: Keeping): Promise<void> {
  const provider = exchange.peek(upstreamFact)?.provider;
  if (id !== undefined && provider !== undefined) await memory.keep(id, keeperOf(exchange, asked), { kind: 'passed', provider });
}

async function keepConversation(response: unknown, { asked, told, exchange, memory }: Keeping): Promise<void> {
  if (!isRecord(response) || typeof response['id'] !== 'string') return;
  const { output } = response;
  const keeper = keeperOf(exchange, asked);
  const items = joinItems(inputItems(memberJson(scanBody(asked.bytes), 'input'), told), outputItems(output, true));
  const itemIds = await memory.keepItems(Array.isArray(output) ? output : [], keeper);
  await memory.keep(response['id'], keeper, { kind: 'conversation', items, itemIds });
}

function keeperOf(exchange: Exchange, asked: Operation): Keeper {
  return { principal: exchange.get(principalFact), user: exchange.peek(contextFact)?.user ?? asked.user };
}

/** Looks at a chunk; false when it need look no more. */
type Look = (chunk: Uint8Array) => boolean | Promise<boolean>;

/** The id stands in the first event. */
function watchBeginning(found: (id: string) => Promise<void>): Look {
  return async (chunk) => {
    const id = /"id"\s*:\s*"([^"\\]{1,200})"/.exec(decoder.decode(chunk.subarray(0, HEAD_BYTES)))?.[1];
    if (id !== undefined) await found(id);
    return false;
  };
}

/** More than what comes before the id of a response in its first event. */
const HEAD_BYTES = 4_096;
const ENDS = ['event: response.completed\ndata: ', 'event: response.incomplete\ndata: '].map((text) => Buffer.from(text));

/** Our own encoder wrote it: in whole events, the last of which is the end. */
function watchEnd(found: (response: unknown) => Promise<void>): Look {
  return async (chunk) => {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    for (const mark of ENDS) {
      const at = bytes.lastIndexOf(mark);
      if (at === -1 || (at > 0 && bytes[at - 1] !== LF)) continue;
      const event = JSON.parse(bytes.subarray(at + mark.length).toString()) as { response?: unknown };
      await found(event.response);
      return false;
    }
    return true;
  };
}

const LF = 10;

/** A stream that is looked at for a while. Then the chunks pass as they come: one call each, and no promise of ours. */
class WatchedStream implements ByteStream {
  readonly #body: ByteStream;
  #look: Look | undefined;

  constructor(body: ByteStream, look: Look) {
    this.#body = body;
    this.#look = look;
  }

  next(): Promise<IteratorResult<Uint8Array, void>> {
    return this.#look === undefined ? this.#body.next() : this.#body.next().then(this.#seen);
  }

  return(): Promise<IteratorResult<Uint8Array, void>> {
    return this.#body.return();
  }

  throw(error: unknown): Promise<IteratorResult<Uint8Array, void>> {
    return this.#body.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#body.return();
  }

  readonly #seen = async (result: IteratorResult<Uint8Array, void>): Promise<IteratorResult<Uint8Array, void>> => {
    if (result.done !== true && this.#look !== undefined && !(await this.#look(result.value))) this.#look = undefined;
    return result;
  };
}

const decoder = new TextDecoder();
