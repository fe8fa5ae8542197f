/* What a user's words say of the user, found without a model. */

import type { Memory } from '../memory.ts';
import type { Statement } from '../statement.ts';

const PREFERENCE = /\bI(?: really| strongly)? (?:like|love|prefer|hate|dislike|avoid|enjoy)\b/u;

export function statementsOf(turn: Memory): readonly Statement[] {
  return turn.text
    .split(/(?<=[.!?])\s+/u)
    .filter((sentence) => PREFERENCE.test(sentence) && !sentence.endsWith('?'))
    .map((text) => ({ kind: 'preference', text, importance: 0.7 }));
}
