/*
 * One user's memories as they are searched: made from the partition's log, and kept up with it. Every part of it follows from the records
 * that are there alone, whichever way they came; of what was deleted nothing stays.
 */

import type { StoredRecord } from '../../stores/record/record-store.ts';
import type { LexicalIndex } from '../lexical/lexical-index.ts';
import type { PartitionView } from '../views/partition-views.ts';
import { askingWordsOf } from './attribute-words.ts';
import { MEMORY_KINDS, type Memory, type MemoryKind } from './memory.ts';
import { ProfileOrder } from './profile-order.ts';
import { shortened } from './recall/recall-query.ts';
import { dateInWords } from './recall/time/calendar.ts';
import type { TimeSpan } from './recall/time/span.ts';
import { mentionedTimes } from './recall/time/time-question.ts';

export interface MemorySession {
  readonly session: string;
  /** Ids of its turns, in their order. */
  readonly turns: readonly string[];
  /** When the first and the last turn were said, in milliseconds since the Unix epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

const KINDS: ReadonlySet<string> = new Set(MEMORY_KINDS);

/**
 * What was drawn from a conversation is of its group, at places far from its turns and from each other: it is no neighbour of what was said, or a
 * turn and the fact of it would count twice.
 */
const DRAWN_FROM = 1_000_000_000;
const DRAWN_GAP = 8;
const DRAWN_PLACES = 2 ** 27;

/** What a memory holds beside its text, as an estimate. */
const MEMORY_BYTES = 700;

export class MemoryView implements PartitionView {
  readonly #index: LexicalIndex;
  readonly #memories = new Map<string, Memory>();
  readonly #turns = new Map<string, Set<string>>();
  readonly #byAttribute = new Map<string, Set<string>>();
  readonly #bySource = new Map<string, Set<string>>();
  /** Times that memories tell of beside their own; few do. */
  readonly #mentioned = new Map<string, readonly TimeSpan[]>();
  readonly #expiring = new Set<string>();
  readonly #profile = new ProfileOrder();
  #sessions: readonly MemorySession[] | undefined;
  #textBytes = 0;

  constructor(index: LexicalIndex) {
    this.#index = index;
  }

  get bytes(): number {
    return this.#index.bytes + this.#textBytes + this.#memories.size * MEMORY_BYTES;
  }

  get size(): number {
    return this.#memories.size;
  }

  /** Turns in their sessions, facts each by themselves. To be searched, not written. */
  get index(): LexicalIndex {
    return this.#index;
  }

  get memories(): ReadonlyMap<string, Memory> {
    return this.#memories;
  }

  /** Ids of what may belong to a profile, current or not: the weightiest first, and of these the newest. */
  get profile(): Iterable<string> {
    return this.#profile;
  }

  /** Ids of the turns of a session, in no particular order. */
  turnsOf(session: string): ReadonlySet<string> {
    return this.#turns.get(session) ?? EMPTY;
  }

  /** The conversations by when they began. */
  get sessions(): readonly MemorySession[] {
    this.#sessions ??= [...this.#turns].map(([session, ids]) => this.#sessionOf(session, ids)).sort(bySessionStart);
    return this.#sessions;
  }

  get(id: string): Memory | undefined {
    return this.#memories.get(id);
  }

  /** Ids of what is known of `city` and the like, current or not; in no particular order. */
  withAttribute(attribute: string): ReadonlySet<string> {
    return this.#byAttribute.get(attribute) ?? EMPTY;
  }

  /** Ids of what was drawn from a turn. */
  drawnFrom(turn: string): ReadonlySet<string> {
    return this.#bySource.get(turn) ?? EMPTY;
  }

  /** Times that its text tells of: "we went there last weekend". */
  mentioned(id: string): readonly TimeSpan[] {
    return this.#mentioned.get(id) ?? NO_TIMES;
  }

  /** Ids of those that tell of other times than their own. */
  get mentioning(): Iterable<string> {
    return this.#mentioned.keys();
  }

  /** Whether anything in it will ever expire. */
  get hasExpiring(): boolean {
    return this.#expiring.size > 0;
  }

  /** Ids of what has expired by then. */
  expiredBy(nowMs: number): string[] {
    return [...this.#expiring].filter((id) => (this.#memories.get(id)?.expiresMs ?? Infinity) <= nowMs);
  }

  /** Its latest uses. What is searched does not change. */
  touched(id: string, touchesMs: readonly number[]): void {
    const memory = this.#memories.get(id);
    if (memory !== undefined) this.#memories.set(id, { ...memory, touchesMs });
  }

  apply(record: StoredRecord): void {
    this.#remove(record.id);
    const memory = memoryOf(record);
    if (memory !== undefined) this.#add(memory);
  }

  #add(memory: Memory): void {
    const { id } = memory;
    this.#memories.set(id, memory);
    this.#textBytes += textBytesOf(memory);
    if (memory.kind === 'turn') {
      setOf(this.#turns, memory.session).add(id);
      this.#sessions = undefined;
    }
    if (memory.attribute !== undefined) setOf(this.#byAttribute, memory.attribute).add(id);
    for (const source of memory.sources) setOf(this.#bySource, source).add(id);
    if (memory.expiresMs !== undefined) this.#expiring.add(id);
    this.#profile.add(memory);
    const times = mentionedTimes(shortened(memory.text), memory.eventMs);
    if (times.length > 0) this.#mentioned.set(id, times);
    this.#index.put({
      id,
      group: memory.session,
      position: memory.kind === 'turn' ? memory.turn : DRAWN_FROM + DRAWN_GAP * (hashOf(id) % DRAWN_PLACES),
      text: memory.speaker === undefined ? memory.text : `${memory.speaker}: ${memory.text}`,
      about: memory.kind === 'turn' ? dateInWords(memory.eventMs) : `${dateInWords(memory.eventMs)} ${askingWordsOf(memory)}`,
    });
  }

  #remove(id: string): void {
    const memory = this.#memories.get(id);
    if (memory === undefined) return;
    this.#memories.delete(id);
    this.#textBytes -= textBytesOf(memory);
    if (memory.kind === 'turn') {
      dropFrom(this.#turns, memory.session, id);
      this.#sessions = undefined;
    }
    if (memory.attribute !== undefined) dropFrom(this.#byAttribute, memory.attribute, id);
    for (const source of memory.sources) dropFrom(this.#bySource, source, id);
    this.#expiring.delete(id);
    this.#profile.remove(memory);
    this.#mentioned.delete(id);
    this.#index.remove(id);
  }

  #sessionOf(session: string, ids: ReadonlySet<string>): MemorySession {
    const turns = [...ids].flatMap((id) => this.#memories.get(id) ?? []);
    turns.sort((a, b) => a.turn - b.turn || (a.id < b.id ? -1 : 1));
    let fromMs = Infinity;
    let toMs = -Infinity;
    for (const { eventMs } of turns) {
      fromMs = Math.min(fromMs, eventMs);
      toMs = Math.max(toMs, eventMs);
    }
    return { session, turns: turns.map(({ id }) => id), fromMs, toMs };
  }
}

const EMPTY: ReadonlySet<string> = new Set();
const NO_TIMES: readonly TimeSpan[] = [];

function setOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  let set = sets.get(key);
  if (set === undefined) {
    set = new Set();
    sets.set(key, set);
  }
  return set;
}

function dropFrom(sets: Map<string, Set<string>>, key: string, id: string): void {
  const set = sets.get(key);
  if (set === undefined) return;
  set.delete(id);
  if (set.size === 0) sets.delete(key);
}

function bySessionStart(a: MemorySession, b: MemorySession): number {
  return a.fromMs - b.fromMs || a.toMs - b.toMs || (a.session < b.session ? -1 : 1);
}

function textBytesOf(memory: Memory): number {
  return 2 * (memory.text.length + memory.id.length + memory.session.length + memory.hash.length + 40 * memory.sources.length);
}

/** The memory that a record tells of; undefined where it tells of none: history, notes of the engine, what was deleted. Throws where it should, and does not. */
function memoryOf({ id, kind, body }: StoredRecord): Memory | undefined {
  if (body === null || !KINDS.has(kind)) return undefined;
  const value = JSON.parse(body) as Partial<Memory> | null;
  // Only what search leans on: a record that another version has written may lack what is new.
  if (typeof value?.text !== 'string' || typeof value.session !== 'string') throw new TypeError('the record is no memory');
  const eventMs = finite(value.eventMs) ?? finite(value.createdMs) ?? 0;
  return {
    ...value,
    id,
    kind: kind as MemoryKind,
    text: value.text,
    session: value.session,
    role: value.role ?? 'user',
    turn: finite(value.turn) ?? 0,
    createdMs: finite(value.createdMs) ?? eventMs,
    updatedMs: finite(value.updatedMs) ?? eventMs,
    eventMs,
    validFromMs: finite(value.validFromMs) ?? eventMs,
    supersedes: value.supersedes ?? [],
    importance: finite(value.importance) ?? 0.5,
    touchesMs: value.touchesMs ?? [],
    hash: value.hash ?? '',
    sources: value.sources ?? [],
    metadata: value.metadata ?? {},
  };
}

/** FNV-1a over code units. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
