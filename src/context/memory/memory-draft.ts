/* The memories of a user with changes that are not written yet. */

import type { Memory } from './memory.ts';
import { factStems, type MemoryBook } from './memory-book.ts';

export class MemoryDraft {
  readonly #book: MemoryBook;
  readonly #changed = new Map<string, Memory>();

  constructor(book: MemoryBook) {
    this.#book = book;
  }

  /** What is to be written, in the order in which it was first changed. */
  get changed(): readonly Memory[] {
    return [...this.#changed.values()];
  }

  put(memory: Memory): void {
    this.#changed.set(memory.id, memory);
  }

  get(id: string): Memory | undefined {
    return this.#changed.get(id) ?? this.#book.get(id);
  }

  /** Whether the id was never given to a memory. */
  isFree(id: string): boolean {
    return this.get(id) === undefined && !this.#book.isGone(id);
  }

  stemsOf(memory: Memory): ReadonlySet<string> {
    return this.#changed.has(memory.id) ? factStems(memory) : this.#book.stemsOf(memory);
  }

  withHash(hash: string): Memory[] {
    return this.#collect(this.#book.withHash(hash), (memory) => memory.hash === hash);
  }

  withAttribute(attribute: string): Memory[] {
    return this.#collect(this.#book.view.withAttribute(attribute), (memory) => memory.attribute === attribute);
  }

  /** Facts that have at least `least` of the stems. */
  withStems(stems: ReadonlySet<string>, least: number): Memory[] {
    const counts = new Map<string, number>();
    for (const stem of stems) for (const id of this.#book.withStem(stem)) counts.set(id, (counts.get(id) ?? 0) + 1);
    const found = [...counts].filter(([, count]) => count >= least).map(([id]) => id);
    const changed = (memory: Memory): boolean => {
      let count = 0;
      for (const stem of factStems(memory)) if (stems.has(stem)) count += 1;
      return count >= least;
    };
    return this.#collect(found, changed);
  }

  /** Facts that say of something that it is no longer so. */
  ending(): Memory[] {
    return this.#collect(this.#book.ending, (memory) => memory.ends !== undefined);
  }

  at(session: string, turn: number): Memory[] {
    const isThere = (memory: Memory): boolean => memory.kind === 'turn' && memory.session === session && memory.turn === turn;
    return this.#collect(this.#book.at(session, turn), isThere, isThere);
  }

  /** Those of the book by id, as they are now, and those of the draft that fit. */
  #collect(ids: Iterable<string>, fits: (memory: Memory) => boolean, accept: (memory: Memory) => boolean = isFact): Memory[] {
    const found = new Map<string, Memory>();
    for (const id of ids) {
      const memory = this.get(id);
      if (memory !== undefined && accept(memory)) found.set(id, memory);
    }
    for (const memory of this.#changed.values()) if (accept(memory) && fits(memory)) found.set(memory.id, memory);
    return [...found.values()];
  }
}

function isFact({ kind }: Memory): boolean {
  return kind !== 'turn';
}
