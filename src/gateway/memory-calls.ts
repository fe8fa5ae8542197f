/* The memories API: each call reads what is asked, sees whose it is, asks the engine, and tells the answer in Mem0's words. */

import type { z } from 'zod';
import { jsonReply } from '../admin/json-reply.ts';
import { GatewayError } from '../base/errors.ts';
import type { Memory, MemoryChange, MemoryEngine } from '../context/memory/memory.ts';
import { type MemoryCondition, passesFilter } from '../context/memory/memory-condition.ts';
import { publicMemoryId } from '../context/memory/memory-id.ts';
import { expiryOf, readTime } from '../context/memory/memory-times.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import { type MemoryPlace, placeOf, unknownMemory } from './memory-access.ts';
import {
  addRequest,
  batchDeleteRequest,
  batchUpdateRequest,
  checked,
  flagParameter,
  listRequest,
  ownerNames,
  PAGE_MAX,
  readBody,
  readQuery,
  searchRequest,
  updateRequest,
  wholeParameter,
} from './memory-fields.ts';
import { eventJson, historyJson, memoryJson, onlyFields, resultJson } from './memory-json.ts';
import { type ListWish, NUMBERED_MAX, pageAfter, pageNumbered, usersOf } from './memory-pages.ts';
import { kindsOf, nobodyNamed, rememberingOf, type Wanted, wantedOf } from './memory-wishes.ts';

export interface MemoryCallDeps {
  readonly engine: MemoryEngine;
  readonly createId: () => string;
}

const SEARCH_LIMIT = 10;
const PAGE_DEFAULT = 100;
const LINKED_MAX = 1_000;

export class MemoryCalls {
  readonly #engine: MemoryEngine;
  readonly #createId: () => string;

  constructor({ engine, createId }: MemoryCallDeps) {
    this.#engine = engine;
    this.#createId = createId;
  }

  readonly add: Handler = async (request, exchange) => {
    const body = await readBody(request, addRequest);
    const idempotencyKey = request.headers.get('idempotency-key');
    const context = { principal: exchange.get(principalFact), idempotencyKey, createId: this.#createId };
    const { partition, request: asked, leftOut } = rememberingOf(body, context);
    const { turns, events } = await this.#engine.remember(partition, asked);
    return jsonReply(200, {
      results: events.filter(({ event }) => event !== 'NONE').map((event) => eventJson(partition, event)),
      turns: turns.map((id) => publicMemoryId(partition.name, id)),
      status: 'SUCCEEDED',
      message: 'Memories added successfully!',
      ...(leftOut.length === 0 ? {} : { left_out: leftOut }),
    });
  };

  readonly search: Handler = async (request, exchange) => {
    const body = await readBody(request, searchRequest);
    const { partition, filter } = wantedOf(exchange.get(principalFact), body);
    const reference = readTime(body.reference_date);
    const latest = body.latest_only ?? undefined;
    const { memories, leftOut } = await this.#engine.recall(partition, {
      query: body.query,
      limit: body.top_k ?? body.limit ?? SEARCH_LIMIT,
      filter: { ...filter, ...((body.metadata ?? undefined) === undefined ? {} : { metadata: body.metadata ?? {} }) },
      expired: body.show_expired ?? false,
      ...(typeof body.decay === 'string' ? { decay: body.decay } : {}),
      ...(Array.isArray(body.kinds) ? { kinds: body.kinds } : {}),
      ...(reference === undefined ? {} : { referenceMs: reference.fromMs }),
      ...(latest === undefined ? {} : { superseded: !latest }),
    });
    const fields = body.fields ?? undefined;
    const results = memories
      // An engine that can't ask its store for all of a filter gives more than what passes.
      .filter(({ memory, score }) => score >= (body.threshold ?? 0) && passesFilter(memory, filter))
      .map((found) => onlyFields(resultJson(partition, found, body.explain === true), fields && [...fields, 'score', 'score_details']));
    return jsonReply(200, { results, ...(leftOut.length === 0 ? {} : { left_out: leftOut }) });
  };

  /** `GET /v1/memories?user_id=…` */
  readonly list: Handler = async (request, exchange) => {
    const given = readQuery(request, [
      'user_id',
      'agent_id',
      'run_id',
      'session_id',
      'kinds',
      'limit',
      'top_k',
      'page_size',
      'page',
      'cursor',
      'show_expired',
    ]);
    const { partition, filter } = wantedOf(exchange.get(principalFact), named(given));
    const kinds = kindsOf(given.kinds);
    const wish: ListWish = {
      partition,
      filter: given.session_id === undefined ? filter : { ...filter, session: given.session_id },
      expired: flagParameter('show_expired', given.show_expired) ?? false,
      ...(kinds === undefined ? {} : { kinds }),
    };
    const range = { min: 1, max: PAGE_MAX };
    const limit =
      wholeParameter('limit', given.limit, range) ??
      wholeParameter('top_k', given.top_k, range) ??
      wholeParameter('page_size', given.page_size, range) ??
      PAGE_DEFAULT;
    const page = wholeParameter('page', given.page, { min: 1, max: NUMBERED_MAX });
    if (page !== undefined) return this.#numbered(wish, { page, size: limit, request });
    const { memories, next } = await pageAfter(this.#engine, wish, { limit, after: given.cursor });
    return jsonReply(200, { results: memories.map((memory) => memoryJson(partition, memory)), next_cursor: next ?? null });
  };

  /** `POST /v3/memories/?page=…`: the list as Mem0's platform has it. */
  readonly listPaged: Handler = async (request, exchange) => {
    const given = readQuery(request, ['page', 'page_size']);
    const body = await readBody(request, listRequest);
    const from = readTime(body.start_date);
    const to = readTime(body.end_date);
    const more: MemoryCondition[] = [
      ...(from === undefined ? [] : [{ type: 'gte', field: 'created', value: from.fromMs } as const]),
      ...(to === undefined ? [] : [{ type: 'lte', field: 'created', value: to.toMs } as const]),
      ...(body.latest_only === true ? [{ type: 'not', condition: { type: 'exists', field: 'superseded' } } as const] : []),
    ];
    const { partition, filter } = wantedOf(exchange.get(principalFact), body, more);
    const page = wholeParameter('page', given.page, { min: 1, max: NUMBERED_MAX }) ?? 1;
    const size = wholeParameter('page_size', given.page_size, { min: 1, max: PAGE_MAX }) ?? PAGE_DEFAULT;
    const wish: ListWish = { partition, filter, expired: body.show_expired ?? false };
    return this.#numbered(wish, { page, size, request, fields: body.fields ?? undefined });
  };

  readonly get: Handler = async (request, exchange) => {
    const { partition, id } = placeOf(exchange.get(principalFact), request.params?.['id'] ?? '', userOf(request));
    return jsonReply(200, memoryJson(partition, await this.#existing({ partition, id })));
  };

  readonly update: Handler = async (request, exchange) => {
    const { partition, id } = placeOf(exchange.get(principalFact), request.params?.['id'] ?? '', userOf(request));
    const { data, memory, ...body } = await readBody(request, updateRequest);
    const change = changeOf({ ...body, text: body.text ?? data ?? memory });
    if (Object.keys(change).length === 0)
      throw new GatewayError('request_invalid', "one of 'text', 'metadata' and 'expiration_date' is needed", { param: 'text' });
    const changed = await this.#engine.update(partition, id, change);
    if (changed === undefined) throw unknownMemory();
    return jsonReply(200, { ...memoryJson(partition, changed), message: 'Memory updated successfully!' });
  };

  /** `?delete_linked=true`: with what it superseded. */
  readonly remove: Handler = async (request, exchange) => {
    const given = readQuery(request, ['user_id', 'delete_linked']);
    const { partition, id } = placeOf(exchange.get(principalFact), request.params?.['id'] ?? '', given.user_id);
    const linked = flagParameter('delete_linked', given.delete_linked) === true;
    const deleted = await this.#engine.delete(partition, linked ? await this.#linked({ partition, id }) : [id]);
    if (deleted === 0) throw unknownMemory();
    return jsonReply(200, { message: 'Memory deleted successfully!', ...(linked ? { deleted } : {}) });
  };

  /** `DELETE /v1/memories?user_id=…` */
  readonly removeMatching: Handler = async (request, exchange) => {
    const given = readQuery(request, ['user_id', 'agent_id', 'run_id']);
    // A key says who is calling, and not that all is to go: that is said.
    if ((given.user_id ?? given.agent_id ?? given.run_id) === undefined) throw nobodyNamed();
    return this.#removeAll(wantedOf(exchange.get(principalFact), named(given)), 'Memories deleted successfully!');
  };

  /** `DELETE /v2/entities/agent/{id}` */
  removeEntity(type: 'user' | 'agent' | 'run'): Handler {
    return async (request, exchange) => {
      const owners = named({ [`${type}_id`]: request.params?.['id'] ?? '' });
      return this.#removeAll(wantedOf(exchange.get(principalFact), owners), 'Entity deleted successfully!');
    };
  }

  /** `GET /v1/entities`: the users of the caller's tenant; of a key that is bound to one, that one. */
  readonly users: Handler = async (request, exchange) => {
    const given = readQuery(request, ['page', 'page_size']);
    const { tenant, user } = exchange.get(principalFact);
    const page = wholeParameter('page', given.page, { min: 1, max: NUMBERED_MAX }) ?? 1;
    const size = wholeParameter('page_size', given.page_size, { min: 1, max: PAGE_MAX }) ?? PAGE_DEFAULT;
    const users = user === undefined ? await usersOf(this.#engine, tenant) : [{ name: user }];
    const results = users.slice((page - 1) * size, page * size).map((one) => ({ id: one.name, type: 'user', ...one }));
    return jsonReply(200, { count: users.length, ...linksOf(request, { page, isMore: page * size < users.length }), results });
  };

  readonly history: Handler = async (request, exchange) => {
    const { partition, id } = placeOf(exchange.get(principalFact), request.params?.['id'] ?? '', userOf(request));
    await this.#existing({ partition, id });
    return jsonReply(200, historyJson(partition, id, await this.#engine.history(partition, id)));
  };

  readonly updateBatch: Handler = async (request, exchange) => {
    const { memories, user_id: user } = await readBody(request, batchUpdateRequest);
    const principal = exchange.get(principalFact);
    const changes = memories.map(({ memory_id, ...body }) => ({
      place: placeOf(principal, memory_id, user ?? undefined),
      change: changeOf(body),
    }));
    const empty = changes.findIndex(({ change }) => Object.keys(change).length === 0);
    if (empty !== -1)
      throw new GatewayError('request_invalid', `'memories[${empty}]' needs one of 'text', 'metadata' and 'expiration_date'`, {
        param: `memories[${empty}]`,
      });
    // All are looked up before the first is changed: either all are there, or nothing happens.
    for (const { place } of changes) await this.#existing(place);
    let updated = 0;
    for (const { place, change } of changes) if ((await this.#engine.update(place.partition, place.id, change)) !== undefined) updated += 1;
    return jsonReply(200, { message: `Successfully updated ${updated} memories`, updated });
  };

  /** What is not there, or not the caller's, is not deleted: sent again it answers the same, with another count. */
  readonly removeBatch: Handler = async (request, exchange) => {
    const { memories, user_id: user } = await readBody(request, batchDeleteRequest);
    const principal = exchange.get(principalFact);
    const byUser = new Map<string, string[]>();
    for (const { memory_id } of memories) {
      const place = placeIfTheirs(() => placeOf(principal, memory_id, user ?? undefined));
      if (place === undefined) continue;
      const ids = byUser.get(place.partition.name) ?? [];
      byUser.set(place.partition.name, ids);
      ids.push(place.id);
    }
    let deleted = 0;
    for (const [name, ids] of byUser)
      deleted += await this.#engine.delete({ tenant: principal.tenant, kind: 'memory', name }, [...new Set(ids)]);
    return jsonReply(200, { message: `Successfully deleted ${deleted} memories`, deleted });
  };

  async #removeAll({ partition, filter }: Wanted, message: string): Promise<Reply> {
    return jsonReply(200, { message, deleted: await this.#engine.deleteMatching(partition, filter) });
  }

  async #existing({ partition, id }: MemoryPlace): Promise<Memory> {
    const memory = await this.#engine.get(partition, id);
    if (memory === undefined) throw unknownMemory();
    return memory;
  }

  /** With what it came in the place of, and that with what that did. */
  async #linked({ partition, id }: MemoryPlace): Promise<string[]> {
    const ids = new Set([id]);
    for (const one of ids) {
      if (ids.size > LINKED_MAX) break;
      for (const older of (await this.#engine.get(partition, one))?.supersedes ?? []) ids.add(older);
    }
    return [...ids];
  }

  async #numbered(
    wish: ListWish,
    {
      page,
      size,
      request,
      fields,
    }: { readonly page: number; readonly size: number; readonly request: GatewayRequest; readonly fields?: readonly string[] | undefined },
  ): Promise<Reply> {
    const { memories, total } = await pageNumbered(this.#engine, wish, { page, size });
    return jsonReply(200, {
      count: total,
      ...linksOf(request, { page, isMore: page * size < total }),
      results: memories.map((memory) => onlyFields(memoryJson(wish.partition, memory), fields)),
    });
  }
}

/** Where the pages beside this one are. */
function linksOf(
  request: GatewayRequest,
  { page, isMore }: { readonly page: number; readonly isMore: boolean },
): { next: string | null; previous: string | null } {
  const link = (to: number): string => {
    const search = new URLSearchParams(request.search);
    search.set('page', String(to));
    return `${request.path}?${search.toString()}`;
  };
  return { next: isMore ? link(page + 1) : null, previous: page > 1 ? link(page - 1) : null };
}

function placeIfTheirs(find: () => MemoryPlace): MemoryPlace | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'resource_unknown') return undefined;
    throw error;
  }
}

function userOf(request: GatewayRequest): string | undefined {
  return readQuery(request, ['user_id']).user_id;
}

type Owners = z.output<typeof ownerNames>;

/** Names of a query or a path, checked as those of a body are. */
function named({ user_id, agent_id, run_id }: Owners): Owners {
  return checked(ownerNames, {
    ...(user_id === undefined ? {} : { user_id }),
    ...(agent_id === undefined ? {} : { agent_id }),
    ...(run_id === undefined ? {} : { run_id }),
  });
}

/** `null` is what takes an expiry away; elsewhere it is a member that is left out. */
function changeOf({ text, metadata, expiration_date: expiration }: ChangeBody): MemoryChange {
  const expires = readTime(expiration);
  return {
    ...(typeof text === 'string' ? { text } : {}),
    ...(metadata === null || metadata === undefined ? {} : { metadata }),
    ...(expires === undefined ? {} : { expiresMs: expiryOf(expires) }),
    ...(expiration === null ? { expiresMs: null } : {}),
  };
}

interface ChangeBody {
  readonly text?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
  readonly expiration_date?: string | number | null | undefined;
}
