/*
 * Remembering a turn of the user and its answer, once the answer is over. Nothing is told to be stored before it is; the reply waits for that up to a deadline,
 * and then goes without: what is being written goes on.
 *
 * A turn's place is its number in the conversation, so that a request that is sent twice is remembered once. Where a conversation says something else at a place that
 * is known already (its beginning was cut off by the client, or an earlier message was changed), it is put after what is there: nothing said is lost.
 */

import type { Clock } from '../../base/clock.ts';
import type { MemoryEngine, MemoryPartition, TurnToRemember } from '../../context/memory/memory.ts';
import type { SaveState } from '../../operations/context-answer.ts';
import type { ContextWish } from '../../operations/context-wish.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { sameText } from './said.ts';

export interface TurnPair {
  readonly partition: MemoryPartition;
  readonly session: string;
  /** Turns of the conversation before this one. */
  readonly place: number;
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
/** Turns that are looked through for the one at a place. */
const LOOKED_AT_MAX = 64;

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
  const { partition, session, question, answer, wish } = pair;
  const known = await memory.list(partition, { limit: LOOKED_AT_MAX, filter: { session }, kinds: ['turn'] });
  const firstTurn = placeOf(pair, known.memories);
  const turns: TurnToRemember[] = [
    { role: 'user', text: question },
    ...(answer === '' ? [] : [{ role: 'assistant' as const, text: answer }]),
  ];
  const { agent, run } = wish;
  const { turns: ids } = await memory.remember(partition, {
    turns,
    session,
    infer: true,
    ...(firstTurn === undefined ? {} : { firstTurn }),
    ...(agent === undefined ? {} : { agent }),
    ...(run === undefined ? {} : { run }),
  });
  return ids[0];
}

interface KnownTurn {
  readonly role: 'user' | 'assistant';
  readonly turn: number;
  readonly text: string;
}

/** The place to write a turn at; undefined: after what is there. `known`: turns of the conversation, the latest among them. */
export function placeOf({ place, question }: Pick<TurnPair, 'place' | 'question'>, known: readonly KnownTurn[]): number | undefined {
  const latest = known.reduce((most, { turn }) => Math.max(most, turn), -1);
  if (place > latest) return place;
  const wanted = sameText(question);
  const isSame = ({ role, text }: KnownTurn): boolean => role === 'user' && sameText(text) === wanted;
  if (known.some((turn) => turn.turn === place && isSame(turn))) return place;
  // The last that was said, said again: a request that was sent twice, by a client that does not send what was said before.
  const last = known.filter(({ role }) => role === 'user').toSorted((one, other) => other.turn - one.turn)[0];
  return last !== undefined && place === 0 && isSame(last) ? last.turn : undefined;
}
