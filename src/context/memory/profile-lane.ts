/* What is always told of a user, whatever is asked: for what is meant by "I can't eat nuts" has no word in common with "where shall we dine?". */

import { estimateTextTokens } from '../../catalog/text-tokens.ts';
import type { Memory } from './memory.ts';
import type { MemoryView } from './memory-view.ts';

const KINDS: ReadonlySet<string> = new Set(['preference', 'profile', 'instruction']);

/** What a line costs beside its text: its mark, its date and its end. */
const LINE_TOKENS = 6;
/** The weights are of a few steps: within one, the newest are chosen first. */
const STEPS = 10;

/** In the order in which they were said; of more than fit, the weightiest and newest. */
export function profileOf(view: MemoryView, tokensMax: number, nowMs: number): Memory[] {
  const current = [...view.memories.values()].filter((memory) => KINDS.has(memory.kind) && isCurrent(memory, nowMs));
  current.sort((a, b) => step(b) - step(a) || b.validFromMs - a.validFromMs || (a.id < b.id ? -1 : 1));
  const chosen: Memory[] = [];
  let tokens = 0;
  for (const memory of current) {
    const cost = estimateTextTokens([memory.text]) + LINE_TOKENS;
    // A short one may still fit where a long one did not, but not after so many that choosing takes long.
    if (tokens + cost > tokensMax) continue;
    tokens += cost;
    chosen.push(memory);
    if (tokensMax - tokens <= LINE_TOKENS) break;
  }
  return chosen.sort((a, b) => a.validFromMs - b.validFromMs || (a.id < b.id ? -1 : 1));
}

function step({ importance }: Memory): number {
  return Math.round(importance * STEPS);
}

export function isCurrent({ validFromMs, validToMs, expiresMs }: Memory, nowMs: number): boolean {
  return validFromMs <= nowMs && (validToMs ?? Infinity) > nowMs && (expiresMs ?? Infinity) > nowMs;
}
