/*
 * Remembering a turn of the user and its answer, once the answer is over. Nothing is told to be stored before it is; the reply waits for that up to a deadline,
 * and then goes without: what is being written goes on.
 */

import type { Clock } from '../../base/clock.ts';
import type { MemoryEngine, MemoryPartition, TurnToRemember } from '../../context/memory/memory.ts';
import type { SaveState } from '../../operations/context-answer.ts';
import type { ContextWish } from '../../operations/context-wish.ts';
import type { Logger } from '../../telemetry/logger.ts';

export interface TurnPair {
  readonly partition: MemoryPartition;
  readonly session: string;
  /** Turns of the conversation before this one. */
  readonly place: number;
  /** What the user said before, and at which place; undefined: nothing. */
  readonly before: { readonly place: number; readonly text: string } | undefined;
  /** The user's words; not empty. */
  readonly question: string;
  /** May be empty: then the user's turn is remembered alone. */
  readonly answer: string;
  readonly wish: ContextWish;
}

export interface Saved {
  readonly state: SaveState;
  /** Of the user's turn. */
  readonly id?: string;
}

export interface RememberingDeps {
  readonly memory: MemoryEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest wait of a reply for it, in milliseconds. */
  readonly deadlineMs: number;
}

/** Turns being written at once, beyond which none is begun: the store is not keeping up. */
const WRITING_MAX = 1_000;

export class Remembering {
  readonly #deps: RememberingDeps;
  #writing = 0;

  constructor(deps: RememberingDeps) {
    this.#deps = deps;
  }

  /** Never rejects, and takes no longer than the deadline. */
  async save(pair: TurnPair): Promise<Saved> {
    if (this.#writing >= WRITING_MAX) return { state: 'failed' };
    const { promise: timeUp, resolve } = Promise.withResolvers<Saved>();
    using _ = this.#deps.clock.after(this.#deps.deadlineMs, () => resolve({ state: 'timeout' }));
    return await Promise.race([this.#write(pair), timeUp]);
  }

  async #write(pair: TurnPair): Promise<Saved> {
    this.#writing += 1;
    try {
      const id = await remember(pair, this.#deps.memory);
      return id === undefined ? { state: 'stored' } : { state: 'stored', id };
    } catch (error) {
      this.#deps.logger.warn('a turn could not be remembered', { error });
      return { state: 'failed' };
    } finally {
      this.#writing -= 1;
    }
  }
}

async function remember(pair: TurnPair, memory: MemoryEngine): Promise<string | undefined> {
  const { partition, session, place, before, question, answer, wish } = pair;
  const turns: TurnToRemember[] = [
    { role: 'user', text: question },
    ...(answer === '' ? [] : [{ role: 'assistant' as const, text: answer }]),
  ];
  const { agent, run } = wish;
  const { turns: ids } = await memory.remember(partition, {
    turns,
    session,
    infer: true,
    mayWait: true,
    counted: { place, ...(before === undefined ? {} : { before }) },
    ...(agent === undefined ? {} : { agent }),
    ...(run === undefined ? {} : { run }),
  });
  return ids[0];
}
