/*
 * What the write side looks up of one user's memories, beside the memories themselves: facts by their text and by their stems, those that say
 * that something is no longer so, what was deleted, and the log's number up to which all of this is.
 */

import type { StoredRecord } from '../../stores/record/record-store.ts';
import type { LexicalIndex } from '../lexical/lexical-index.ts';
import type { PartitionView } from '../views/partition-views.ts';
import type { Memory } from './memory.ts';
import { touchesOf } from './memory-record.ts';
import { stemsOf } from './memory-text.ts';
import { MemoryView } from './memory-view.ts';

const NONE: ReadonlySet<string> = new Set();

export class MemoryBook implements PartitionView {
  readonly view: MemoryView;
  readonly #byHash = new Map<string, Set<string>>();
  readonly #byStem = new Map<string, Set<string>>();
  readonly #stems = new Map<string, ReadonlySet<string>>();
  readonly #ending = new Set<string>();
  readonly #places = new Map<string, Map<number, Set<string>>>();
  readonly #gone = new Set<string>();
  readonly #touches = new Map<string, readonly number[]>();
  #head = 0;

  constructor(index: LexicalIndex) {
    this.view = new MemoryView(index);
  }

  get bytes(): number {
    return this.view.bytes + this.#stems.size * 900 + this.#gone.size * 120 + this.view.size * 100;
  }

  /** The number of the latest change that it knows. */
  get head(): number {
    return this.#head;
  }

  /** Whether there was a record of this id, which was deleted. */
  isGone(id: string): boolean {
    return this.#gone.has(id);
  }

  get(id: string): Memory | undefined {
    return this.view.get(id);
  }

  /** Facts that say the same, but for case and punctuation. */
  withHash(hash: string): ReadonlySet<string> {
    return this.#byHash.get(hash) ?? NONE;
  }

  /** Facts in which the stem occurs, by their text or their value. */
  withStem(stem: string): ReadonlySet<string> {
    return this.#byStem.get(stem) ?? NONE;
  }

  stemsOf(memory: Memory): ReadonlySet<string> {
    return this.#stems.get(memory.id) ?? factStems(memory);
  }

  /** Facts that end others. */
  get ending(): ReadonlySet<string> {
    return this.#ending;
  }

  /** What was said at this place of a session: more than one where it was said anew. */
  at(session: string, turn: number): ReadonlySet<string> {
    return this.#places.get(session)?.get(turn) ?? NONE;
  }

  /** The place after the last of a session. */
  endOf(session: string): number {
    let end = 0;
    for (const turn of this.#places.get(session)?.keys() ?? []) end = Math.max(end, turn + 1);
    return end;
  }

  apply(record: StoredRecord): void {
    this.#head = Math.max(this.#head, record.seq);
    const touches = touchesOf(record);
    if (touches !== undefined) {
      if (record.body === null) this.#touches.delete(touches.id);
      else this.#touches.set(touches.id, touches.touchesMs);
      this.view.touched(touches.id, touches.touchesMs);
      return;
    }
    const before = this.view.get(record.id);
    if (before !== undefined) this.#remove(before);
    this.view.apply(record);
    const memory = this.view.get(record.id);
    if (record.body === null) this.#gone.add(record.id);
    else this.#gone.delete(record.id);
    if (memory === undefined) return;
    this.#add(memory);
    const touchesMs = this.#touches.get(record.id);
    if (touchesMs !== undefined) this.view.touched(record.id, touchesMs);
  }

  #add(memory: Memory): void {
    const { id, session, turn } = memory;
    if (memory.sources.length === 0) {
      let places = this.#places.get(session);
      if (places === undefined) this.#places.set(session, (places = new Map<number, Set<string>>()));
      putInto(places, turn, id);
    }
    if (memory.kind === 'turn') return;
    putInto(this.#byHash, memory.hash, id);
    const stems = factStems(memory);
    this.#stems.set(id, stems);
    for (const stem of stems) putInto(this.#byStem, stem, id);
    if (memory.ends !== undefined) this.#ending.add(id);
  }

  #remove(memory: Memory): void {
    const { id, session, turn } = memory;
    const places = this.#places.get(session);
    if (places !== undefined) {
      dropFrom(places, turn, id);
      if (places.size === 0) this.#places.delete(session);
    }
    dropFrom(this.#byHash, memory.hash, id);
    for (const stem of this.#stems.get(id) ?? NONE) dropFrom(this.#byStem, stem, id);
    this.#stems.delete(id);
    this.#ending.delete(id);
  }
}

export function factStems({ text, value }: Memory): ReadonlySet<string> {
  return stemsOf(value === undefined ? text : `${text} ${value}`);
}

function putInto<Key>(sets: Map<Key, Set<string>>, key: Key, id: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([id]));
  else set.add(id);
}

function dropFrom<Key>(sets: Map<Key, Set<string>>, key: Key, id: string): void {
  const set = sets.get(key);
  set?.delete(id);
  if (set?.size === 0) sets.delete(key);
}
