/* What is always told of a user, whatever is asked: for what is meant by "I can't eat nuts" has no word in common with "where shall we dine?". */

import { estimateTextTokens } from '../../catalog/text-tokens.ts';
import type { Memory } from './memory.ts';
import type { MemoryView } from './memory-view.ts';

/** What a line costs beside its text: its mark, its date and its end. */
const LINE_TOKENS = 6;
/** A short one may still fit where a long one did not, but not after so many that choosing takes long. */
const MISFITS_MAX = 100;

/** In the order in which they were said; of more than fit, the weightiest and newest. */
export function profileOf(view: MemoryView, tokensMax: number, nowMs: number): Memory[] {
  const chosen: Memory[] = [];
  let tokens = 0;
  let misfits = 0;
  for (const id of view.profile) {
    const memory = view.get(id);
    if (memory === undefined || !isCurrent(memory, nowMs)) continue;
    const cost = estimateTextTokens([memory.text]) + LINE_TOKENS;
    if (tokens + cost > tokensMax) {
      misfits += 1;
      if (misfits === MISFITS_MAX) break;
      continue;
    }
    tokens += cost;
    chosen.push(memory);
    if (tokensMax - tokens <= LINE_TOKENS) break;
  }
  return chosen.sort((a, b) => a.validFromMs - b.validFromMs || (a.id < b.id ? -1 : 1));
}

export function isCurrent({ validFromMs, validToMs, expiresMs }: Memory, nowMs: number): boolean {
  return validFromMs <= nowMs && (validToMs ?? Infinity) > nowMs && (expiresMs ?? Infinity) > nowMs;
}
