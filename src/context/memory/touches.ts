/*
 * Uses of memories, gathered before they are written: all of a moment together, by themselves, so that no chat waits for it. Whoever reads the book sees them at
 * once. What is not written yet is lost in a crash, and matters to nobody.
 */

import type { Clock } from '../../base/clock.ts';
import type { RecordChange } from '../../stores/record/record-store.ts';
import type { Memory, MemoryPartition } from './memory.ts';
import type { MemoryBook } from './memory-book.ts';
import { TOUCHES_MAX, touchesChange } from './memory-record.ts';
import { ownerKey } from './turnstile.ts';

/** By id of the memory: the time of its use, in milliseconds since the Unix epoch. */
export type Uses = ReadonlyMap<string, number>;

/** How long a use waits for others that it is written with, in milliseconds. */
const WAIT_MS = 2_000;
/** Users whose uses wait; what more there are is not noted. */
const PARTITIONS_MAX = 10_000;
/** Uses that wait of one user: as many as are written at once. */
const IDS_MAX = 3_000;

export interface TouchesDeps {
  readonly clock: Pick<Clock, 'after'>;
  /** Must not reject: what it cannot write is lost. */
  readonly write: (partition: MemoryPartition, uses: Uses) => Promise<void>;
}

interface Waiting {
  readonly partition: MemoryPartition;
  readonly uses: Map<string, number>;
  readonly timer: Disposable;
}

export class Touches {
  readonly #deps: TouchesDeps;
  readonly #waiting = new Map<string, Waiting>();

  constructor(deps: TouchesDeps) {
    this.#deps = deps;
  }

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

  /** Nothing of the user's that waits is written any more. */
  forget(partition: MemoryPartition): void {
    const key = ownerKey(partition);
    this.#waiting.get(key)?.timer[Symbol.dispose]();
    this.#waiting.delete(key);
  }

  /** Writes all that waits. */
  async flush(): Promise<void> {
    for (const waiting of this.#waiting.values()) await this.#write(waiting);
  }

  #usesOf(partition: MemoryPartition): Map<string, number> | undefined {
    const key = ownerKey(partition);
    const known = this.#waiting.get(key);
    if (known !== undefined || this.#waiting.size >= PARTITIONS_MAX) return known?.uses;
    const timer = this.#deps.clock.after(WAIT_MS, () => {
      this.#write(waiting).catch(() => undefined);
    });
    const waiting: Waiting = { partition, uses: new Map(), timer };
    this.#waiting.set(key, waiting);
    return waiting.uses;
  }

  #write({ partition, uses }: Waiting): Promise<void> {
    this.forget(partition);
    return this.#deps.write(partition, uses);
  }
}

/** What is to be written of those memories that are still there. */
export function usesChanges(uses: Uses, book: MemoryBook): RecordChange[] {
  return [...uses].flatMap(([id, usedMs]) => {
    const memory = book.get(id);
    return memory === undefined ? [] : [touchesChange(memory, withUse(memory, usedMs))];
  });
}

function withUse({ touchesMs }: Memory, usedMs: number): readonly number[] {
  return touchesMs.includes(usedMs) ? touchesMs : [...touchesMs, usedMs].slice(-TOUCHES_MAX);
}
