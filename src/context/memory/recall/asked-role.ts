/* Whose words a question is about: "What did you recommend?" about the assistant's, "Where did I leave my keys?" about the user's. */

import type { Memory } from '../memory.ts';

const OF_ASSISTANT =
  /\b(?:(?:did|have|had|were) you|you (?:said|told|gave|wrote|made|suggested|recommended|mentioned|advised|proposed|explained|listed|came up)|your (?:advice|answer|suggestions?|recommendations?|ideas?|explanation|list|tips?))\b/i;
const OF_USER = /\b(?:i|i['’](?:m|ve|d|ll)|me|my|mine|we|us|our|ours)\b/i;

export type Role = Memory['role'];

/** Undefined: of either, or of others. */
export function askedRole(question: string): Role | undefined {
  if (OF_ASSISTANT.test(question)) return 'assistant';
  return OF_USER.test(question) ? 'user' : undefined;
}
