/*
 * What came in the place of what. "What car do I drive?" finds "I drive an old Golf"; what is so is "Sold it and picked up a Skoda", which says
 * nothing of driving. So who comes in the place of a memory is worth what that memory is worth to the question; and where what was is asked
 * for, the other way round. What a fact is worth so, the turn that it was drawn from is worth too.
 */

import type { FusedHit } from '../../embedding/fusion.ts';
import type { Memory } from '../memory.ts';
import type { MemoryView } from '../memory-view.ts';
import type { Accept } from './acceptance.ts';

export interface SuccessionConfig {
  readonly view: MemoryView;
  /** Undefined: all. */
  readonly accept: Accept | undefined;
  /** What was is asked for. */
  readonly isPast: boolean;
}

/** So much of it passes on with each step. */
const PASSED_ON = 0.97;
/** Steps from one to the next; a chain may be longer. */
const STEPS_MAX = 16;

/** The hits, with those that they lead to; best first. */
export function withSuccession(hits: readonly FusedHit[], { view, accept, isPast }: SuccessionConfig): FusedHit[] {
  const gained = new Map<string, number>();
  const gain = (id: string, score: number): void => {
    if (score > (gained.get(id) ?? 0) && (accept?.(id) ?? true)) gained.set(id, score);
  };
  for (const { id, score } of hits) {
    for (const fact of factsOf(view, id)) {
      let worth = score;
      for (const next of chainOf(view, fact, isPast)) {
        worth *= PASSED_ON;
        // Of a chain of changes the last one is so now; before it, each was once.
        if (!isPast && next.supersededBy !== undefined && view.get(next.supersededBy) !== undefined) continue;
        gain(next.id, worth);
        for (const turn of next.sources) gain(turn, worth * PASSED_ON);
      }
    }
  }
  if (gained.size === 0) return [...hits];
  const raised = hits.map((hit) => ({ ...hit, score: Math.max(hit.score, gained.get(hit.id) ?? 0) }));
  for (const { id } of hits) gained.delete(id);
  const found = Array.from(gained, ([id, score]) => ({ id, score, lexical: 0, dense: 0 }));
  return [...raised, ...found].sort((a, b) => b.score - a.score);
}

/** A fact itself; of a turn, what was drawn from it. */
function factsOf(view: MemoryView, id: string): Memory[] {
  const memory = view.get(id);
  if (memory === undefined) return [];
  return memory.kind === 'turn' ? [...view.drawnFrom(id)].flatMap((fact) => view.get(fact) ?? []) : [memory];
}

/** What came after it, or before it: the nearest first. */
function chainOf(view: MemoryView, fact: Memory, isPast: boolean): Memory[] {
  const chain: Memory[] = [];
  const seen = new Set([fact.id]);
  for (let next = isPast ? fact.supersedes : [fact.supersededBy ?? '']; chain.length < STEPS_MAX; ) {
    const found = next.flatMap((id) => (seen.has(id) ? [] : (view.get(id) ?? [])));
    if (found.length === 0) break;
    for (const memory of found) seen.add(memory.id);
    chain.push(...found);
    next = found.flatMap((memory) => (isPast ? memory.supersedes : (memory.supersededBy ?? [])));
  }
  return chain;
}
