/*
 * What is remembered of one user: turns of conversations as they were said, and facts drawn from them. Nothing is overwritten: what became
 * untrue keeps its text, with the time until which it held and what came in its place.
 */

import type { Partition } from '../../stores/record/record-store.ts';
import type { MemoryCondition } from './memory-condition.ts';

/** `turn`: said, word for word. The others are drawn from turns, or were given as they are. */
export const MEMORY_KINDS = ['turn', 'fact', 'preference', 'profile', 'instruction', 'event'] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

/** Times are milliseconds since the Unix epoch. */
export interface Memory {
  readonly id: string;
  readonly kind: MemoryKind;
  readonly text: string;
  readonly role: 'user' | 'assistant';
  /** A name that the conversation gives the speaker. */
  readonly speaker?: string;
  readonly agent?: string;
  readonly run?: string;
  /** The conversation, and the turn's place in it. */
  readonly session: string;
  readonly turn: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** When it was said, or what it tells of happened. */
  readonly eventMs: number;
  readonly validFromMs: number;
  /** From then on it was no longer so. */
  readonly validToMs?: number;
  /** Ids of what it came in the place of. */
  readonly supersedes: readonly string[];
  readonly supersededBy?: string;
  /** What it is about, for finding what contradicts it: `city`, `diet`, `employer`. */
  readonly attribute?: string;
  /** What it says of that, in small letters: `berlin`. */
  readonly value?: string;
  /** What it says is no longer so: words of it, `@` and an attribute, or `#` and a memory's id. */
  readonly ends?: readonly string[];
  /** 0 to 1. */
  readonly importance: number;
  /** The latest uses, at most 20; newest last. */
  readonly touchesMs: readonly number[];
  /** SHA-256 of the text without case, punctuation and repeated spaces. */
  readonly hash: string;
  /** The turns that it was drawn from. */
  readonly sources: readonly string[];
  /** Hidden from then on, and deleted soon after. */
  readonly expiresMs?: number;
  /** A JSON object of the caller's. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Injected by an operator or a caller as immutable: never superseded by what is said. */
  readonly immutable?: boolean;
}

export type Decay = 'off' | 'mild' | 'strong';

export interface TurnToRemember {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly speaker?: string;
  /** Default: now. */
  readonly saidMs?: number;
}

/** Where a turn stands in a conversation as its caller has it. */
export interface CountedPlace {
  /** Turns before it, 0 or more. */
  readonly place: number;
  /** What the user said before, and at which place; undefined: nothing. */
  readonly before?: { readonly place: number; readonly text: string };
}

export interface RememberRequest {
  readonly turns: readonly TurnToRemember[];
  /** The conversation. The same session and `firstTurn` written twice are written once. */
  readonly session: string;
  /** The first turn's place in the session; undefined: after what is there. */
  readonly firstTurn?: number;
  /** What the caller counts as the first turn's place: it may have left out the beginning of the conversation, and is held against what is there. Not beside `firstTurn`. */
  readonly counted?: CountedPlace;
  readonly agent?: string;
  readonly run?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly expiresMs?: number;
  /** Whether facts are drawn from the turns (by rules; by a model where one is configured). False: each turn is kept as a fact, as it is. */
  readonly infer: boolean;
  readonly immutable?: boolean;
  /** Where the store is away, it may be remembered when that is back: what was said is kept until then, and its ids are not known. */
  readonly mayWait?: boolean;
}

export interface MemoryEvent {
  readonly id: string;
  readonly event: 'ADD' | 'UPDATE' | 'DELETE' | 'NONE';
  readonly memory: string;
  readonly previous?: string;
  readonly atMs: number;
}

export interface Remembered {
  /** The turns' ids, in their order; written, and there after a crash. None where they wait, and their place is not known yet. */
  readonly turns: readonly string[];
  /** What was drawn from them by rules so far. */
  readonly events: readonly MemoryEvent[];
}

export interface RecallRequest {
  /** What is asked now: the user's last turn. */
  readonly query: string;
  /** The user's turn before, for questions that lean on it. */
  readonly previous?: string;
  /** The conversation in which it is asked, where that is remembered too: "last time" is the one before it. */
  readonly session?: string;
  /** From which place on the turns of `session` are what the caller has before it, and no news; undefined: none of them. */
  readonly knownFrom?: number;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Overrides the configured one. */
  readonly decay?: Decay;
  /** "Now" for words such as "last week"; default: the clock's. */
  readonly referenceMs?: number;
  readonly filter?: MemoryFilter;
  /** Which kinds may be found; undefined: all. */
  readonly kinds?: readonly MemoryKind[];
  /** Whether what was superseded and what has expired may be found: `undefined` as the question asks (history), else as told. */
  readonly superseded?: boolean;
  readonly expired?: boolean;
}

export interface MemoryFilter {
  readonly agent?: string;
  readonly run?: string;
  readonly session?: string;
  /** Members of metadata that must be equal. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** What else must hold. All of a filter is decided by `passesFilter` (memory-condition.ts). */
  readonly where?: MemoryCondition;
}

export interface RecalledMemory {
  readonly memory: Memory;
  /** 0 to 1, comparable within one answer. */
  readonly score: number;
  /** What the score is made of, for `explain`. */
  readonly parts: Readonly<Record<string, number>>;
}

export interface Recall {
  readonly memories: readonly RecalledMemory[];
  /** What should have had a part in it and could not: `embeddings`, `vectors`. */
  readonly leftOut: readonly string[];
}

export interface MemoryPage {
  readonly memories: readonly Memory[];
  /** Give it as `after` for the next page; undefined on the last. */
  readonly next?: string;
  /** How many there are on all pages together, where `count` asked for it and it can be told. */
  readonly total?: number;
}

export interface MemoryChange {
  readonly text?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly expiresMs?: number | null;
}

/** Users of whom something is remembered, in the order of their names. */
export interface RememberedUsers {
  readonly users: readonly {
    readonly name: string /** What is kept of them, history and the like included. */;
    readonly records: number;
  }[];
  /** Give it as `after` for the next page; undefined on the last. */
  readonly next?: string;
}

/** A user's memories: `name` of the partition is the user. */
export type MemoryPartition = Partition & { readonly kind: 'memory' };

/** Rejects with `storage_unavailable` when its store cannot be used. `deadlineMs` of calls is monotonic time. */
export interface MemoryEngine {
  remember(partition: MemoryPartition, request: RememberRequest): Promise<Remembered>;
  recall(partition: MemoryPartition, request: RecallRequest): Promise<Recall>;
  /**
   * What is always told a model of the user: current preferences, profile and instructions, within so many tokens. The weightiest and newest are
   * chosen, and told in the order in which they were said: what comes new changes the end alone, and a provider's prefix cache stays warm.
   */
  profile(partition: MemoryPartition, tokensMax: number): Promise<readonly Memory[]>;
  /** Notes that these were given to a model. Never rejects; may be lost in a crash. */
  touch(partition: MemoryPartition, ids: readonly string[]): Promise<void>;
  get(partition: MemoryPartition, id: string): Promise<Memory | undefined>;
  /** Newest first. Turns only where `kinds` names them. */
  list(
    partition: MemoryPartition,
    query: {
      readonly limit: number;
      readonly after?: string;
      readonly filter?: MemoryFilter;
      readonly kinds?: readonly MemoryKind[];
      readonly expired?: boolean;
      /** Whether `total` is wanted, which may cost a look at all of them. */
      readonly count?: boolean;
    },
  ): Promise<MemoryPage>;
  /** Undefined: there is none. Its history keeps what it was. */
  update(partition: MemoryPartition, id: string, change: MemoryChange): Promise<Memory | undefined>;
  delete(partition: MemoryPartition, ids: readonly string[]): Promise<number>;
  deleteMatching(partition: MemoryPartition, filter: MemoryFilter): Promise<number>;
  history(partition: MemoryPartition, id: string): Promise<readonly MemoryEvent[]>;
  /** A page of a tenant's users; `limit` is 1 to 1,000. */
  users(tenant: string, query: { readonly limit: number; readonly after?: string }): Promise<RememberedUsers>;
  /** Everything of the user, with history, indexes and vectors; resolves with how many `memories`, `turns` and `history` records there were. */
  erase(partition: MemoryPartition): Promise<Readonly<Record<string, number>>>;
}

/** What the host of an engine sees to, beside calls: nothing of it is urgent, and each may be ended by a crash and begun anew. */
export interface MemoryUpkeep {
  /** Deletes what has expired or outlived the retention, of all users. Resolves with how many memories there were. */
  sweep(): Promise<number>;
  /** Draws facts, by the configured model, from what waits for it. Resolves when nothing waits that may be asked now. */
  extract(): Promise<void>;
  /** Turns that are known to wait for the model. */
  readonly unextracted: number;
}
