/*
 * Where a turn goes that its caller has counted. A turn's place is its number in the conversation, so that a request that is sent twice is remembered once, and a
 * message that was changed and sent anew takes the place of what it was. A client that sends the latest turns alone counts from another beginning: what it
 * says goes after what is there.
 */

import type { CountedPlace } from './memory.ts';
import { sameText } from './memory-text.ts';

interface KnownTurn {
  readonly role: 'user' | 'assistant';
  readonly turn: number;
  readonly text: string;
}

/** The place to write what the user said at; undefined: after what is there. `known`: turns of the conversation. */
export function placeOf(said: string, { place, before }: CountedPlace, known: readonly KnownTurn[]): number | undefined {
  const latest = known.reduce((most, { turn }) => Math.max(most, turn), -1);
  if (place > latest) return place;
  const isAt = (at: number, text: string): boolean =>
    known.some(({ role, turn, text: there }) => role === 'user' && turn === at && sameText(there) === sameText(text));
  if (isAt(place, said)) return place;
  // What came before is what is known: the same conversation, gone on otherwise.
  if (before !== undefined && isAt(before.place, before.text)) return place;
  const last = known.filter(({ role }) => role === 'user').toSorted((one, other) => other.turn - one.turn)[0];
  // The last that was said, said again by a client that sends nothing of before: a request that was sent twice.
  return place === 0 && last !== undefined && sameText(last.text) === sameText(said) ? last.turn : undefined;
}
