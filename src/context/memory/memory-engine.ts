/*
 * The memory of users, over the log of records. What is written rests on a view of the log and is refused by the store when the log has
 * changed meanwhile: then it is decided anew. So of two processes that hear of a change of mind, one supersedes, and the other finds it done.
 *
 * A turn and what rules draw from it are written in one piece: after a crash, both are there or neither.
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { RecordChange, RecordStore } from '../../stores/record/record-store.ts';
import { storageFault } from '../../stores/storage-fault.ts';
import type { ContextModels } from '../context-models.ts';
import type { DenseArm } from '../embedding/dense-arm.ts';
import { createLexicalIndex } from '../lexical/create-index.ts';
import { PartitionViews } from '../views/partition-views.ts';
import { Extraction } from './extraction/extraction.ts';
import type {
  Memory,
  MemoryChange,
  MemoryEngine,
  MemoryEvent,
  MemoryFilter,
  MemoryPage,
  MemoryPartition,
  MemoryUpkeep,
  Recall,
  RecallRequest,
  Remembered,
  RememberedUsers,
  RememberRequest,
} from './memory.ts';
import { MemoryBook } from './memory-book.ts';
import { passesFilter } from './memory-condition.ts';
import type { MemoryConfig } from './memory-config.ts';
import { type ListQuery, listPage } from './memory-list.ts';
import { deletionsOf, historyId, historyOf, TOUCHES_KIND } from './memory-record.ts';
import { edited, eventsOf } from './memory-story.ts';
import { profileOf } from './profile-lane.ts';
import { createRecall, type RecallMemories } from './recall/recall.ts';
import { checkRequest } from './remember-limits.ts';
import { planRemembering } from './remembering.ts';
import { statementsOf } from './rules/rules.ts';
import { createSweep } from './sweep.ts';
import { Touches, type Uses, usesChanges } from './touches.ts';
import { ownerKey, Turnstile } from './turnstile.ts';

export interface MemoryEngineConfig extends MemoryConfig {
  /** For the indexes of all users together, in bytes. */
  readonly indexBytesMax: number;
}

export interface MemoryEngineDeps {
  readonly records: RecordStore;
  /** Without one, memories are compared by their words alone. */
  readonly dense?: DenseArm;
  readonly clock: Clock;
  /** Asks a model of the gateway; without it, rules alone draw facts, whatever is configured. */
  readonly ask?: ContextModels['ask'];
  /** Lets others go on: long work is done by slices. */
  readonly pause: () => Promise<void>;
}

/** Others write to the same user's log at the same moment: so often it is tried before they are too many. */
const ATTEMPTS_MAX = 1_000;
/** Recalls before the first that counts. */
const REHEARSALS = 5;
const REHEARSED_LIMIT = 10;
/** Changes that are written at once. */
const BATCH = 3_000;

/** The engine where it runs. */
export interface LocalMemoryEngine extends MemoryEngine, MemoryUpkeep, AsyncDisposable {
  /** Takes on another configuration, and what goes with it. Calls under way end as they began; the memory for indexes stays as it was. */
  configure(config: MemoryConfig, parts: Pick<MemoryEngineDeps, 'dense'>): void;
  /** Makes the indexes of users before they are asked for, in this order, while there is room. */
  warm(partitions: readonly MemoryPartition[], giveWay: () => Promise<void>): Promise<void>;
}

export function createMemoryEngine(config: MemoryEngineConfig, deps: MemoryEngineDeps): LocalMemoryEngine {
  return new RecordedMemory(config, deps);
}

class RecordedMemory implements LocalMemoryEngine {
  readonly #deps: Omit<MemoryEngineDeps, 'dense'>;
  readonly #books: PartitionViews<MemoryBook>;
  readonly #writers = new Turnstile();
  readonly #touches: Touches;
  #parts: Parts;

  constructor(config: MemoryEngineConfig, { dense, ...deps }: MemoryEngineDeps) {
    const { records, clock, pause } = deps;
    this.#deps = deps;
    this.#books = new PartitionViews(
      { bytesMax: config.indexBytesMax, mayMiss: true },
      { records, create: () => new MemoryBook(createLexicalIndex()), now: () => clock.monotonic(), pause },
    );
    this.#touches = new Touches({ clock, write: (partition, uses) => this.#writeUses(partition, uses) });
    this.#parts = this.#partsOf(config, dense);
  }

  configure(config: MemoryConfig, { dense }: Pick<MemoryEngineDeps, 'dense'>): void {
    const before = this.#parts;
    this.#parts = this.#partsOf(config, dense, before);
    if (before.extraction !== this.#parts.extraction) before.extraction?.stop();
  }

  async warm(partitions: readonly MemoryPartition[], giveWay: () => Promise<void>): Promise<void> {
    for (const partition of partitions) if (!(await this.#books.warm(partition, giveWay))) break;
    const [first] = partitions;
    if (first === undefined || !this.#books.holds(first)) return;
    // A first recall takes several times as long as the second: it is had here, by words alone, for nobody's model is asked without a caller.
    const { view } = await this.#books.at(first);
    const recall = createRecall(this.#parts.config, { view: async () => view, clock: this.#deps.clock });
    for (const { text } of [...view.memories.values()].slice(-REHEARSALS)) {
      await recall(first, { query: text, limit: REHEARSED_LIMIT });
      await giveWay();
    }
  }

  get unextracted(): number {
    return this.#parts.extraction?.waiting ?? 0;
  }

  async extract(): Promise<void> {
    await this.#parts.extraction?.run();
  }

  async remember(partition: MemoryPartition, request: RememberRequest): Promise<Remembered> {
    checkRequest(request);
    const { remembered, isNew } = await this.#write(partition, (book) => {
      const plan = planRemembering(book, request, { nowMs: this.#deps.clock.now(), rules: statementsOf });
      return { changes: plan.changes, result: { remembered: plan.remembered, isNew: plan.changes.length > 0 } };
    });
    const said = request.turns.filter(({ role }) => role === 'user').length;
    if (request.infer && isNew && said > 0) this.#parts.extraction?.added(partition, said);
    return remembered;
  }

  async recall(partition: MemoryPartition, request: RecallRequest): Promise<Recall> {
    const recall = await this.#parts.recall(partition, request);
    return this.#books.isWhole(partition) ? recall : { ...recall, leftOut: [...recall.leftOut, 'storage'] };
  }

  async profile(partition: MemoryPartition, tokensMax: number): Promise<readonly Memory[]> {
    if (tokensMax <= 0) return [];
    return profileOf((await this.#books.at(partition)).view, tokensMax, this.#deps.clock.now());
  }

  async touch(partition: MemoryPartition, ids: readonly string[]): Promise<void> {
    await unlessAway(async () => {
      this.#touches.note(partition, await this.#books.at(partition), { ids, nowMs: this.#deps.clock.now() });
    });
  }

  async get(partition: MemoryPartition, id: string): Promise<Memory | undefined> {
    const memory = (await this.#books.at(partition)).get(id);
    return memory === undefined || (memory.expiresMs ?? Infinity) <= this.#deps.clock.now() ? undefined : memory;
  }

  async list(partition: MemoryPartition, query: ListQuery): Promise<MemoryPage> {
    return listPage((await this.#books.at(partition)).view, query, this.#deps.clock.now());
  }

  async update(partition: MemoryPartition, id: string, change: MemoryChange): Promise<Memory | undefined> {
    const [history] = await this.#deps.records.get(partition, [historyId(id)]);
    const memory = await this.#write(partition, (book) => {
      const before = book.get(id);
      if (before === undefined) return { changes: [], result: undefined };
      const { memory: after, changes } = edited(before, change, { history: historyOf(history), nowMs: this.#deps.clock.now() });
      return { changes, result: after };
    });
    return memory;
  }

  /** The turns that a fact was drawn from tell the same, and go with it: who deletes it wants neither told again. */
  delete(partition: MemoryPartition, ids: readonly string[]): Promise<number> {
    return this.#remove(
      partition,
      (book) =>
        ids.flatMap((id) => {
          const memory = book.get(id);
          return memory === undefined ? [] : [id, ...memory.sources];
        }),
      new Set(ids),
    );
  }

  deleteMatching(partition: MemoryPartition, filter: MemoryFilter): Promise<number> {
    return this.#remove(partition, (book) =>
      [...book.view.memories.values()].filter((each) => passesFilter(each, filter)).map(({ id }) => id),
    );
  }

  async history(partition: MemoryPartition, id: string): Promise<readonly MemoryEvent[]> {
    const [book, [record]] = await Promise.all([this.#books.at(partition), this.#deps.records.get(partition, [historyId(id)])]);
    const memory = book.get(id);
    return memory === undefined ? [] : eventsOf(memory, historyOf(record), (other) => book.get(other));
  }

  async users(tenant: string, { limit, after = '' }: { readonly limit: number; readonly after?: string }): Promise<RememberedUsers> {
    // What belongs to nobody comes first in this order, and is passed over.
    const page = await this.#deps.records.partitions({ tenant, after: { tenant, kind: 'memory', name: after }, limit });
    const users = page.flatMap(({ kind, name, records }) => (kind === 'memory' ? [{ name, records }] : []));
    const last = page.at(-1);
    return { users, ...(last === undefined || page.length < limit ? {} : { next: last.name }) };
  }

  async erase(partition: MemoryPartition): Promise<Readonly<Record<string, number>>> {
    return this.#writers.run(ownerKey(partition), async () => {
      const { view } = await this.#books.at(partition);
      let turns = 0;
      for (const { kind } of view.memories.values()) if (kind === 'turn') turns += 1;
      const memories = view.size - turns;
      const records = await this.#books.erase(partition);
      this.#touches.forget(partition);
      await this.#parts.dense?.erase(partition);
      this.#parts.extraction?.erased(partition);
      return { memories, turns, history: Math.max(0, records - memories - turns) };
    });
  }

  sweep(): Promise<number> {
    return this.#parts.sweep();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#touches.flush();
  }

  #partsOf(config: MemoryConfig, dense: DenseArm | undefined, before?: Parts): Parts {
    const { records, clock, pause } = this.#deps;
    const view = async (partition: MemoryPartition) => (await this.#books.at(partition)).view;
    const remove = (partition: MemoryPartition, ids: readonly string[]): Promise<number> => this.#remove(partition, () => ids);
    return {
      config,
      dense,
      recall: createRecall(config, { view, clock, ...(dense === undefined ? {} : { dense }) }),
      sweep: createSweep(config, { records, clock, pause, remove }),
      // What it knows of waiting turns is worth keeping.
      extraction: Bun.deepEquals(config.extraction, before?.config.extraction) ? before?.extraction : this.#extractionOf(config),
    };
  }

  #extractionOf({ extraction }: MemoryConfig): Extraction | undefined {
    const { records, clock, pause, ask } = this.#deps;
    if (extraction === undefined || ask === undefined) return undefined;
    const write = (partition: MemoryPartition, decide: (book: MemoryBook) => readonly RecordChange[]): Promise<void> =>
      this.#write(partition, (book) => ({ changes: decide(book), result: undefined }));
    const book = (partition: MemoryPartition): Promise<MemoryBook> => this.#books.at(partition);
    return new Extraction(extraction, { records, clock, pause, ask, book, write });
  }

  /** Deletes with all that belongs to it. Resolves with how many memories there were, of those that count. */
  async #remove(
    partition: MemoryPartition,
    choose: (book: MemoryBook) => readonly string[],
    counted?: ReadonlySet<string>,
  ): Promise<number> {
    let removed = 0;
    for (;;) {
      const memories = await this.#write(partition, (book) => {
        const chosen = [...new Set(choose(book))].flatMap((id) => book.get(id) ?? []).slice(0, BATCH);
        return { changes: chosen.flatMap(deletionsOf), result: chosen };
      });
      removed += memories.filter(({ id }) => counted?.has(id) ?? true).length;
      if (memories.length < BATCH) return removed;
    }
  }

  #writeUses(partition: MemoryPartition, uses: Uses): Promise<void> {
    return unlessAway(() => this.#write(partition, (book) => ({ changes: usesChanges(uses, book), result: undefined })));
  }

  /** Decides on the memories as they are, and writes if they still are: else decides anew. */
  #write<T>(
    partition: MemoryPartition,
    decide: (book: MemoryBook) => { readonly changes: readonly RecordChange[]; readonly result: T },
  ): Promise<T> {
    return this.#writers.run(ownerKey(partition), async () => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const book = await this.#books.at(partition);
        if (this.#books.isDoubtful(partition)) throw storageFault('Memories');
        const { changes, result } = decide(book);
        const { applied } = changes.length === 0 ? WRITTEN : await this.#books.apply(partition, changes, { expectedHead: book.head });
        if (applied) {
          if (changes.some(saysSomething)) this.#parts.dense?.changed(partition);
          return result;
        }
        await this.#deps.pause();
      }
      throw new GatewayError('storage_unavailable', 'too many write to the memories of one user at once');
    });
  }
}

const WRITTEN = { applied: true };

/** A use needs no vector. */
function saysSomething({ kind }: RecordChange): boolean {
  return kind !== TOUCHES_KIND;
}

/** That a memory was of use is worth nobody's waiting, nor an error. What is broken in us is not hidden. */
async function unlessAway(note: () => Promise<void>): Promise<void> {
  try {
    await note();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
  }
}

/** What follows from a configuration. */
interface Parts {
  readonly config: MemoryConfig;
  readonly dense: DenseArm | undefined;
  readonly recall: RecallMemories;
  readonly sweep: () => Promise<number>;
  readonly extraction: Extraction | undefined;
}
