/*
 * Uses of memories, gathered before they are written: with the next change of the same user's memories, or after a moment. So a chat that was told of ten memories
 * and remembers a turn makes one write, not two. What is not written yet is lost in a crash, and matters to nobody.
 */

import type { Clock } from '../../base/clock.ts';
import type { RecordChange } from '../../stores/record/record-store.ts';
import type { Memory, MemoryPartition } from './memory.ts';
import type { MemoryBook } from './memory-book.ts';
import { TOUCHES_MAX, touchesChange } from './memory-record.ts';
import { ownerKey } from './turnstile.ts';

/** How long a use waits for a change that it may go with, in milliseconds. */
const WAIT_MS = 1_000;
/** Users whose uses wait; what more there are is not noted. */
const PARTITIONS_MAX = 10_000;
/** Uses that wait of one user: as many as are written at once. */
const IDS_MAX = 3_000;

export interface TouchesDeps {
  readonly clock: Pick<Clock, 'after'>;
  /** Writes what waits of the user. Must not reject: what it cannot write is lost. */
  readonly write: (partition: MemoryPartition) => Promise<void>;
}

/** What was told of once, to be told to be done. */
export interface Uses {
  readonly changes: readonly RecordChange[];
  readonly uses: readonly (readonly [id: string, usedMs: number])[];
}

interface Waiting {
  readonly partition: MemoryPartition;
  /** By id of the memory: the time of its use, in milliseconds since the Unix epoch. */
  readonly uses: Map<string, number>;
  readonly timer: Disposable;
}

const NONE: Pick<Waiting, 'uses'> = { uses: new Map() };
const NOTHING: Uses = { changes: [], uses: [] };

export class Touches {
  readonly #deps: TouchesDeps;
  readonly #waiting = new Map<string, Waiting>();

  constructor(deps: TouchesDeps) {
    this.#deps = deps;
  }

  /** Is seen at once by whoever reads the book, and written later. */
  note(partition: MemoryPartition, book: MemoryBook, { ids, nowMs }: { readonly ids: readonly string[]; readonly nowMs: number }): void {
    const memories = [...new Set(ids)].flatMap((id) => book.get(id) ?? []);
    if (memories.length === 0) return;
    const uses = this.#usesOf(partition);
    for (const memory of memories) {
      if (uses === undefined || uses.size >= IDS_MAX) return;
      uses.set(memory.id, nowMs);
      book.view.touched(memory.id, withUse(memory, nowMs));
    }
  }

  /** What waits of the user, to be written beside other changes; of what they delete, nothing. */
  waiting(partition: MemoryPartition, book: MemoryBook, others: readonly RecordChange[]): Uses {
    const { uses } = this.#waiting.get(ownerKey(partition)) ?? NONE;
    if (uses.size === 0) return NOTHING;
    const deleted = new Set(others.flatMap(({ id, body }) => (body === null ? [id] : [])));
    const changes = [...uses].flatMap(([id, usedMs]) => {
      const memory = deleted.has(id) ? undefined : book.get(id);
      return memory === undefined ? [] : [touchesChange(memory, withUse(memory, usedMs))];
    });
    return { changes, uses: [...uses] };
  }

  /** Those need not be written any more: they were, or there is nothing to write of them. */
  done(partition: MemoryPartition, written: Uses): void {
    const key = ownerKey(partition);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    for (const [id, usedMs] of written.uses) if (waiting.uses.get(id) === usedMs) waiting.uses.delete(id);
    if (waiting.uses.size === 0) this.forget(partition);
  }

  /** Nothing of the user's is written any more. */
  forget(partition: MemoryPartition): void {
    const key = ownerKey(partition);
    this.#waiting.get(key)?.timer[Symbol.dispose]();
    this.#waiting.delete(key);
  }

  /** Writes all that waits. */
  async flush(): Promise<void> {
    for (const { partition } of this.#waiting.values()) await this.#write(partition);
  }

  #usesOf(partition: MemoryPartition): Map<string, number> | undefined {
    const key = ownerKey(partition);
    const known = this.#waiting.get(key);
    if (known !== undefined || this.#waiting.size >= PARTITIONS_MAX) return known?.uses;
    const uses = new Map<string, number>();
    const timer = this.#deps.clock.after(WAIT_MS, () => {
      this.#write(partition).catch(() => undefined);
    });
    this.#waiting.set(key, { partition, uses, timer });
    return uses;
  }

  async #write(partition: MemoryPartition): Promise<void> {
    await this.#deps.write(partition);
    this.forget(partition);
  }
}

function withUse({ touchesMs }: Memory, usedMs: number): readonly number[] {
  return touchesMs.includes(usedMs) ? touchesMs : [...touchesMs, usedMs].slice(-TOUCHES_MAX);
}
