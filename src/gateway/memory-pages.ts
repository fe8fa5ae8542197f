/* Lists of memories, page by page: by a cursor, or by a page's number with how many there are, as Mem0's platform has it. */

import { GatewayError } from '../base/errors.ts';
import type { Memory, MemoryEngine, MemoryFilter, MemoryKind, MemoryPartition, RememberedUsers } from '../context/memory/memory.ts';
import { passesFilter } from '../context/memory/memory-condition.ts';

export interface ListWish {
  readonly partition: MemoryPartition;
  readonly filter: MemoryFilter;
  readonly kinds?: readonly MemoryKind[];
  readonly expired: boolean;
}

/** Asked of the engine at once. */
const STEP = 1_000;
/** What lies behind so many is not reached by a page's number: each page would be read through all before it. */
export const NUMBERED_MAX = 100_000;

type Query = Parameters<MemoryEngine['list']>[1];

function queryOf({ filter, kinds, expired }: ListWish, more: Pick<Query, 'limit' | 'after' | 'count'>): Query {
  return { ...more, filter, expired, ...(kinds === undefined ? {} : { kinds }) };
}

export interface CursorPage {
  readonly memories: readonly Memory[];
  readonly next?: string;
}

/** The page after `after`. */
export async function pageAfter(
  engine: MemoryEngine,
  wish: ListWish,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): Promise<CursorPage> {
  const { memories, next } = await engine.list(wish.partition, queryOf(wish, { limit, ...(after === undefined ? {} : { after }) }));
  return { memories: passing(memories, wish), ...(next === undefined ? {} : { next }) };
}

export interface NumberedPage {
  readonly memories: readonly Memory[];
  readonly total: number;
}

/** Page `page`, from 1. Throws `request_invalid` for one that lies too far. */
export async function pageNumbered(
  engine: MemoryEngine,
  wish: ListWish,
  { page, size }: { readonly page: number; readonly size: number },
): Promise<NumberedPage> {
  const from = (page - 1) * size;
  if (from + size > NUMBERED_MAX)
    throw new GatewayError(
      'request_invalid',
      `no more than the first ${NUMBERED_MAX} are reached by a page's number: use 'cursor' of GET /v1/memories`,
      { param: 'page' },
    );
  const wanted: Memory[] = [];
  let seen = 0;
  let total: number | undefined;
  let after: string | undefined;
  do {
    const found = await engine.list(
      wish.partition,
      queryOf(wish, { limit: STEP, count: after === undefined, ...(after === undefined ? {} : { after }) }),
    );
    total ??= found.total;
    const memories = passing(found.memories, wish);
    wanted.push(...memories.slice(Math.max(0, from - seen), Math.max(0, from + size - seen)));
    seen += memories.length;
    after = found.next;
    // Where the engine can't tell how many there are, they are counted.
  } while (after !== undefined && (total === undefined || seen < from + size) && seen < NUMBERED_MAX);
  return { memories: wanted, total: total ?? seen };
}

/** The users of a tenant, as many as are reached by numbered pages. */
export async function usersOf(engine: MemoryEngine, tenant: string): Promise<RememberedUsers['users']> {
  const users: RememberedUsers['users'][number][] = [];
  let after: string | undefined;
  do {
    const page = await engine.users(tenant, { limit: STEP, ...(after === undefined ? {} : { after }) });
    users.push(...page.users);
    after = page.next;
  } while (after !== undefined && users.length < NUMBERED_MAX);
  return users;
}

/** All of them, a step at a time. */
export async function* everyPage(engine: MemoryEngine, wish: ListWish): AsyncGenerator<readonly Memory[], void, undefined> {
  let after: string | undefined;
  do {
    const page = await pageAfter(engine, wish, { limit: STEP / 10, after });
    yield page.memories;
    after = page.next;
  } while (after !== undefined);
}

/** An engine that can't ask its store for all of a filter gives more than what passes. */
function passing(memories: readonly Memory[], { filter }: ListWish): readonly Memory[] {
  return memories.filter((memory) => passesFilter(memory, filter));
}
