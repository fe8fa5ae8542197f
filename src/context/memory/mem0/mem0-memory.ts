/*
 * A Mem0 server, or Mem0's platform, as the memory. What it has no word for is not there: no profile that is always told, no turns word for word, no supersession,
 * no decay of ours; facts are drawn by its own model. Conditions that it cannot look up are held against what it finds.
 *
 * It knows no tenants, and finds a memory by its id alone: what it tells is held against whose it should be, and is not there if it is somebody else's.
 */

import { GatewayError } from '../../../base/errors.ts';
import type {
  Memory,
  MemoryChange,
  MemoryEngine,
  MemoryEvent,
  MemoryFilter,
  MemoryKind,
  MemoryPage,
  MemoryPartition,
  Recall,
  RecallRequest,
  Remembered,
  RememberRequest,
} from '../memory.ts';
import { passesFilter } from '../memory-condition.ts';
import { Mem0Client, type Mem0ClientDeps } from './mem0-client.ts';
import type { Mem0Config } from './mem0-config.ts';
import { readAdded, readFound, readHistory, readMemory, resultsOf, unusable } from './mem0-reading.ts';
import { mem0User } from './mem0-user.ts';
import { createMem0Wire, type Mem0Scope, type Mem0Wire, ownMembers } from './mem0-wire.ts';

/** The most that it gives at once. */
const AT_ONCE = 1_000;
const PAGES_MAX = 1_000;
/** What has to be held against conditions is asked for in greater number. */
const SPARE = 5;
/** Writes that are remembered as done, for those that come twice. */
const WRITTEN_MAX = 10_000;

export function createMem0Memory(config: Mem0Config, deps: Mem0ClientDeps): MemoryEngine {
  return new Mem0Memory(config, deps);
}

class Mem0Memory implements MemoryEngine {
  readonly #wire: Mem0Wire;
  readonly #client: Mem0Client;
  readonly #clock: Mem0ClientDeps['clock'];
  readonly #written = new Map<string, Promise<Remembered>>();

  constructor(config: Mem0Config, deps: Mem0ClientDeps) {
    this.#wire = createMem0Wire(config);
    this.#client = new Mem0Client(config, this.#wire, deps);
    this.#clock = deps.clock;
  }

  /** The same turn of a session twice is written once, as far as this process remembers: Mem0 has no word for it. */
  remember(partition: MemoryPartition, request: RememberRequest): Promise<Remembered> {
    // It tells no turns that a count could be held against.
    const firstTurn = request.firstTurn ?? request.counted?.place;
    if (firstTurn === undefined) return this.#add(partition, request);
    const texts = request.turns.map(({ role, text }) => [role, text]);
    const key = JSON.stringify([partition.tenant, partition.name, request.session, firstTurn, texts]);
    const known = this.#written.get(key);
    if (known !== undefined) return known;
    const adding = this.#add(partition, request);
    this.#written.set(key, adding);
    // What failed may be tried again.
    adding.catch(() => this.#written.delete(key));
    for (const oldest of this.#written.keys()) {
      if (this.#written.size <= WRITTEN_MAX) break;
      this.#written.delete(oldest);
    }
    return adding;
  }

  async recall(partition: MemoryPartition, request: RecallRequest): Promise<Recall> {
    const { filter, limit, kinds, expired = false, referenceMs } = request;
    if (!mayHold(kinds)) return { memories: [], leftOut: [] };
    const asked = isLookedUp(filter) ? limit : Math.min(AT_ONCE, limit * SPARE);
    const query = request.previous === undefined ? request.query : `${request.previous}\n${request.query}`;
    const scope = scopeOf(partition, filter);
    const answer = (await this.#client.ask(this.#wire.search(scope, { query, limit: asked, expired, referenceMs }))) ?? { results: [] };
    const memories = resultsOf(answer).flatMap((json) => {
      const memory = this.#own(json, scope);
      return memory === undefined || !passesFilter(memory, filter) || this.#isOver(memory, expired) ? [] : [readFound(json, memory)];
    });
    return { memories: memories.sort((one, other) => other.score - one.score).slice(0, limit), leftOut: [] };
  }

  async profile(): Promise<readonly Memory[]> {
    return [];
  }

  async touch(): Promise<void> {}

  async get(partition: MemoryPartition, id: string): Promise<Memory | undefined> {
    const answer = await this.#client.ask(this.#wire.get(id));
    // Older servers answer null for what is not there.
    if (answer === undefined || answer === null) return undefined;
    const memory = this.#own(answer, scopeOf(partition));
    return memory === undefined || memory.id !== id || this.#isOver(memory, false) ? undefined : memory;
  }

  async list(partition: MemoryPartition, query: Parameters<MemoryEngine['list']>[1]): Promise<MemoryPage> {
    if (!mayHold(query.kinds)) return { memories: [], ...(query.count === true ? { total: 0 } : {}) };
    const all = await this.#all(partition, query.filter, query.expired === true);
    all.sort(byNewest);
    const { after } = query;
    const from = after === undefined ? 0 : all.findIndex((memory) => placeText(memory) > after);
    const memories = from === -1 ? [] : all.slice(from, from + query.limit);
    const last = memories.at(-1);
    const isMore = last !== undefined && from + memories.length < all.length;
    return { memories, ...(isMore ? { next: placeText(last) } : {}), ...(query.count === true ? { total: all.length } : {}) };
  }

  async update(partition: MemoryPartition, id: string, change: MemoryChange): Promise<Memory | undefined> {
    const before = await this.get(partition, id);
    if (before === undefined) return undefined;
    // It writes metadata anew: what is ours in it stays.
    const kept =
      change.metadata === undefined
        ? change
        : { ...change, metadata: { ...change.metadata, ...ownMembers({ session: before.session, saidMs: before.eventMs }) } };
    if ((await this.#client.ask(this.#wire.update(id, kept))) === undefined) return undefined;
    return this.get(partition, id);
  }

  async delete(partition: MemoryPartition, ids: readonly string[]): Promise<number> {
    let deleted = 0;
    for (const id of new Set(ids)) {
      if ((await this.get(partition, id)) === undefined) continue;
      if ((await this.#client.ask(this.#wire.remove(id))) !== undefined) deleted += 1;
    }
    return deleted;
  }

  async deleteMatching(partition: MemoryPartition, filter: MemoryFilter): Promise<number> {
    const all = await this.#all(partition, filter, true);
    if (all.length === 0) return 0;
    if (!isLookedUp(filter))
      return this.delete(
        partition,
        all.map(({ id }) => id),
      );
    await this.#client.ask(this.#wire.removeAll(scopeOf(partition, filter)));
    return all.length;
  }

  async history(partition: MemoryPartition, id: string): Promise<readonly MemoryEvent[]> {
    if ((await this.get(partition, id)) === undefined) return [];
    const answer = await this.#client.ask(this.#wire.history(id));
    return answer === undefined || answer === null ? [] : readHistory(answer, id);
  }

  /** It knows no tenants: to look for the users of one would be to look at all. */
  users(): Promise<never> {
    return Promise.reject(new GatewayError('feature_unsupported', 'users cannot be listed where a Mem0 server remembers: ask it'));
  }

  /** What Mem0 keeps of it elsewhere (the server's history of changes) is not ours to delete: it is told, so that somebody does. */
  async erase(partition: MemoryPartition): Promise<Readonly<Record<string, number>>> {
    this.#written.clear();
    const memories = await this.deleteMatching(partition, {});
    return { memories, ...(this.#wire.hasPages || memories === 0 ? {} : { history_left_at_mem0: memories }) };
  }

  async #add(partition: MemoryPartition, request: RememberRequest): Promise<Remembered> {
    const scope: Mem0Scope = { user: mem0User(partition), agent: request.agent, run: request.run };
    const answer = await this.#client.ask(this.#wire.add(scope, request));
    if (answer === undefined) throw unusable();
    const events = readAdded(answer, this.#clock.now());
    // It keeps no turns.
    return { turns: [], events };
  }

  /** All that there are, as far as it gives them. */
  async #all(partition: MemoryPartition, filter: MemoryFilter | undefined, expired: boolean): Promise<Memory[]> {
    const scope = scopeOf(partition, filter);
    const found = new Map<string, Memory>();
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const answer = (await this.#client.ask(this.#wire.list(scope, { page, size: AT_ONCE, expired }))) ?? { results: [] };
      const results = resultsOf(answer);
      for (const json of results) {
        const memory = this.#own(json, scope);
        if (memory !== undefined && passesFilter(memory, filter) && !this.#isOver(memory, expired)) found.set(memory.id, memory);
      }
      if (!this.#wire.hasPages || results.length < AT_ONCE) break;
    }
    return [...found.values()];
  }

  /** Undefined for what is no memory, or somebody else's. */
  #own(json: unknown, { user }: Mem0Scope): Memory | undefined {
    const read = readMemory(json);
    return read === undefined || read.user !== user ? undefined : read.memory;
  }

  #isOver({ expiresMs }: Memory, expired: boolean): boolean {
    return !expired && (expiresMs ?? Infinity) <= this.#clock.now();
  }
}

function scopeOf(partition: MemoryPartition, filter: MemoryFilter = {}): Mem0Scope {
  return { user: mem0User(partition), agent: filter.agent, run: filter.run };
}

/** Whether Mem0 looks all of it up itself. */
function isLookedUp(filter: MemoryFilter | undefined): boolean {
  return filter?.session === undefined && filter?.metadata === undefined && filter?.where === undefined;
}

/** All that it keeps are facts. */
function mayHold(kinds: readonly MemoryKind[] | undefined): boolean {
  return kinds === undefined || kinds.includes('fact');
}

function byNewest(one: Memory, other: Memory): number {
  return placeText(one) < placeText(other) ? -1 : 1;
}

/** Sorts from the newest on. */
function placeText({ createdMs, id }: Memory): string {
  return `${String(10_000_000_000_000_000 - createdMs).padStart(17, '0')} ${id}`;
}
