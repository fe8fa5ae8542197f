/*
 * What is made in memory of partitions: indexes, and what records say. A view follows the log of its partition, whoever writes there (this
 * process, another one), by asking for what came later each time that it is used. The least recently used are dropped when all of
 * them hold too much; they are made anew from the log.
 *
 * A record that cannot be read (its store lies, or it was damaged there) must not take all others with it: it is passed over, and looked up by itself until it
 * can be read. Where a record that is missing would be taken for one that was deleted, nothing is passed over, and the view is refused.
 */

import { partitionKey } from '../../stores/record/partition-key.ts';
import type { ApplyOptions, ApplyResult, Partition, RecordChange, RecordStore, StoredRecord } from '../../stores/record/record-store.ts';
import { storageFault } from '../../stores/storage-fault.ts';

export interface PartitionView {
  /** Bytes that it holds, as an estimate. */
  readonly bytes: number;
  /** Puts what the record says in the place of what was there; without a body, it is gone. Throws for a record that cannot be read, which may be put anew. */
  apply(record: StoredRecord): void;
}

export interface PartitionViewsConfig {
  /** All views together hold about so many bytes at most; the one in use may be larger by itself. */
  readonly bytesMax: number;
  /** Whether records that cannot be read are passed over. */
  readonly mayMiss?: boolean;
}

export interface PartitionViewsDeps<View> {
  readonly records: RecordStore;
  readonly create: (partition: Partition) => View;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Lets others go on: a long log is taken in by slices. */
  readonly pause: () => Promise<void>;
}

interface Held<View> {
  readonly view: View;
  generation: string;
  head: number;
  /** Ids of records that could not be read, with the monotonic time at which that began. */
  readonly unread: Map<string, number>;
  /** When they are looked up again. */
  rereadMs: number;
}

interface Page<View> {
  readonly view: View;
  /** There is nothing behind it. */
  readonly isLast: boolean;
}

interface Slot<View> {
  readonly partition: Partition;
  held: Held<View> | undefined;
  /** The catching-up under way: whoever comes meanwhile waits for the one after it. */
  running: Promise<unknown> | undefined;
  next: Promise<View> | undefined;
}

const PAGE = 1_000;
/** Of a view that is made beforehand: who asks for it meanwhile waits for one page at most. */
const WARM_PAGE = 100;
/** Longest time in which a view takes in changes before others have a turn. */
const SLICE_MS = 4;
const REREAD_MS = 1_000;
/** What could not be read for so long is damaged where it lies, and will not come back. */
const DOUBT_MS = 60_000;
const UNREAD_MAX = 1_000;

export class PartitionViews<View extends PartitionView> {
  readonly #config: PartitionViewsConfig;
  readonly #deps: PartitionViewsDeps<View>;
  /** In the order of use, the latest last. */
  readonly #slots = new Map<string, Slot<View>>();

  constructor(config: PartitionViewsConfig, deps: PartitionViewsDeps<View>) {
    this.#config = config;
    this.#deps = deps;
  }

  get size(): number {
    return this.#slots.size;
  }

  get bytes(): number {
    let sum = 0;
    for (const { held } of this.#slots.values()) sum += held?.view.bytes ?? 0;
    return sum;
  }

  /** Whether there is a view of it in memory. */
  holds(partition: Partition): boolean {
    return this.#slots.get(partitionKey(partition))?.held !== undefined;
  }

  /** Whether no record of the view in memory was passed over. */
  isWhole(partition: Partition): boolean {
    return this.#unread(partition).size === 0;
  }

  /** Whether records were passed over that may be there in a moment: nothing is to be decided on what is missing. */
  isDoubtful(partition: Partition): boolean {
    const nowMs = this.#deps.now();
    return this.#unread(partition)
      .values()
      .some((sinceMs) => nowMs - sinceMs < DOUBT_MS);
  }

  /** The view with every change that was there when it was asked for. Rejects with what the store says. */
  at(partition: Partition): Promise<View> {
    const slot = this.#slot(partition);
    if (slot.running === undefined) return this.#run(slot);
    // What runs may have read its last page already.
    slot.next ??= slot.running.then(
      () => this.#run(slot),
      () => this.#run(slot),
    );
    return slot.next;
  }

  /**
   * Makes the view before somebody asks for it, by pages; `giveWay` is waited for in between. Who asks meanwhile goes on from where it has come. False
   * where there is no room for it: nothing else is dropped for it. Rejects with what the store says.
   */
  async warm(partition: Partition, giveWay: () => Promise<void>): Promise<boolean> {
    const key = partitionKey(partition);
    const known = this.#slots.get(key);
    const slot = known ?? this.#slot(partition);
    // Else somebody has asked for it, or it was erased, or dropped for what somebody has asked for.
    while (this.#slots.get(key) === slot && slot.running === undefined) {
      if (this.bytes >= this.#config.bytesMax) {
        if (known === undefined) this.#slots.delete(key);
        return false;
      }
      const running = this.#takePage(slot, WARM_PAGE).finally(() => {
        if (slot.running === running) slot.running = undefined;
      });
      slot.running = running;
      if ((await running).isLast) break;
      await giveWay();
    }
    return true;
  }

  /** Writes, and resolves when it is in the view too. */
  async apply(partition: Partition, changes: readonly RecordChange[], options?: ApplyOptions): Promise<ApplyResult> {
    const result = await this.#deps.records.apply(partition, changes, options);
    if (result.applied) await this.at(partition);
    return result;
  }

  /** Deletes all that there is, here and in the store. Resolves with how many records there were. */
  async erase(partition: Partition): Promise<number> {
    const count = await this.#deps.records.erase(partition);
    this.#slots.delete(partitionKey(partition));
    return count;
  }

  #unread(partition: Partition): ReadonlyMap<string, number> {
    return this.#slots.get(partitionKey(partition))?.held?.unread ?? NONE;
  }

  #slot(partition: Partition): Slot<View> {
    const key = partitionKey(partition);
    const slot = this.#slots.get(key) ?? { partition, held: undefined, running: undefined, next: undefined };
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    return slot;
  }

  #run(slot: Slot<View>): Promise<View> {
    slot.next = undefined;
    const running = this.#catchUp(slot).finally(() => {
      if (slot.running === running) slot.running = undefined;
      this.#evict(slot);
    });
    slot.running = running;
    return running;
  }

  async #catchUp(slot: Slot<View>): Promise<View> {
    if (slot.held !== undefined) await this.#reread(slot.partition, slot.held);
    for (;;) {
      const { view, isLast } = await this.#takePage(slot, PAGE);
      if (isLast) return view;
    }
  }

  async #takePage(slot: Slot<View>, limit: number): Promise<Page<View>> {
    const { records, create, now, pause } = this.#deps;
    let { held } = slot;
    const after = held?.head ?? 0;
    const page = await records.changes(slot.partition, after, limit);
    // A log that is shorter than what was read of it is another one too: of a database that was put back to how it was.
    if (held === undefined || held.generation !== page.generation || page.head < after) {
      held = { view: create(slot.partition), generation: page.generation, head: 0, unread: new Map(), rereadMs: 0 };
      slot.held = held;
      // What was read lies after a number of another generation.
      if (after > 0) return { view: held.view, isLast: false };
    }
    let sliceEndMs = now() + SLICE_MS;
    for (const record of page.records) {
      this.#take(held, record);
      held.head = record.seq;
      if (now() < sliceEndMs) continue;
      await pause();
      sliceEndMs = now() + SLICE_MS;
    }
    return { view: held.view, isLast: held.head >= page.head || page.records.length === 0 };
  }

  #take({ view, unread }: Held<View>, record: StoredRecord): void {
    try {
      view.apply(record);
      unread.delete(record.id);
    } catch (cause) {
      if (this.#config.mayMiss !== true || unread.size >= UNREAD_MAX) throw storageFault('Memories and documents', cause);
      if (!unread.has(record.id)) unread.set(record.id, this.#deps.now());
    }
  }

  async #reread(partition: Partition, held: Held<View>): Promise<void> {
    const { records, now } = this.#deps;
    if (held.unread.size === 0 || now() < held.rereadMs) return;
    held.rereadMs = now() + REREAD_MS;
    for (const record of await records.get(partition, [...held.unread.keys()])) this.#take(held, record);
  }

  #evict(used: Slot<View>): void {
    let bytes = this.bytes;
    for (const [key, slot] of this.#slots) {
      if (bytes <= this.#config.bytesMax) return;
      if (slot === used || slot.running !== undefined || slot.next !== undefined) continue;
      bytes -= slot.held?.view.bytes ?? 0;
      this.#slots.delete(key);
    }
  }
}

const NONE: ReadonlyMap<string, number> = new Map();
