/*
 * Remembering a turn of the user and its answer, once the answer is over. Nothing is told to be stored before it is; the reply waits for that up to a deadline,
 * and then goes without: what is being written goes on.
 *
 * A turn's place is its number in the conversation, so that a request that is sent twice is remembered once, and a message that was changed and sent anew takes
 * the place of what it was. A client that sends the latest turns alone counts from another beginning: what it says goes after what is there.
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
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
  const firstTurn = await lookedUpPlace(pair, memory);
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
    ...(firstTurn === undefined ? {} : { firstTurn }),
    ...(agent === undefined ? {} : { agent }),
    ...(run === undefined ? {} : { run }),
  });
  return ids[0];
}

/** While the store is away nobody knows what is there. Then the client's count holds, unless it begins at nothing: that may be one which sends no more. */
async function lookedUpPlace(pair: TurnPair, memory: MemoryEngine): Promise<number | undefined> {
  try {
    const known = await memory.list(pair.partition, { limit: LOOKED_AT_MAX, filter: { session: pair.session }, kinds: ['turn'] });
    return placeOf(pair, known.memories);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'storage_unavailable') throw error;
    return pair.place > 0 ? pair.place : undefined;
  }
}

interface KnownTurn {
  readonly role: 'user' | 'assistant';
  readonly turn: number;
  readonly text: string;
}

/** The place to write a turn at; undefined: after what is there. `known`: turns of the conversation, the latest among them. */
export function placeOf(
  { place, question, before }: Pick<TurnPair, 'place' | 'question' | 'before'>,
  known: readonly KnownTurn[],
): number | undefined {
  const latest = known.reduce((most, { turn }) => Math.max(most, turn), -1);
  if (place > latest) return place;
  const isAt = (at: number, text: string): boolean =>
    known.some(({ role, turn, text: said }) => role === 'user' && turn === at && sameText(said) === sameText(text));
  if (isAt(place, question)) return place;
  // What came before is what is known: the same conversation, gone on otherwise.
  if (before !== undefined && isAt(before.place, before.text)) return place;
  const last = known.filter(({ role }) => role === 'user').toSorted((one, other) => other.turn - one.turn)[0];
  // The last that was said, said again by a client that sends nothing of before: a request that was sent twice.
  return place === 0 && last !== undefined && sameText(last.text) === sameText(question) ? last.turn : undefined;
}
