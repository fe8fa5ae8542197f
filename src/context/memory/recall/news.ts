/*
 * News first. "Which train do I take?" finds "I take the 7:42 train" and "New timetable, so I take the 7:55 now": when they were written, nothing
 * told for certain that the one ends the other; the question does, for both answer it. So of what answers a question about now, that which tells of a
 * change comes before what was said earlier.
 */

import { askingWordsOf } from '../attribute-words.ts';
import type { Memory, RecalledMemory } from '../memory.ts';
import { sharedCount, stemsOf } from '../memory-text.ts';
import type { MemoryView } from '../memory-view.ts';

/** So many of the best are looked at. */
const AMONG = 8;
/** What share of the best it must be worth, and how many words of the question it must have, as a share of the best one's: less where it tells of a change. */
const NEWS = { worth: 0.2, words: 0.5 };
const LATER = { worth: 0.5, words: 0.5 };

/** `ranked`: best first, for a question about now. The same ones, best first. */
export function newsFirst(view: MemoryView, ranked: readonly RecalledMemory[], question: string): RecalledMemory[] {
  const [best] = ranked;
  if (best === undefined || factsOf(view, best.memory).length === 0) return [...ranked];
  const asked = stemsOf(question);
  const matched = sharedWith(asked, best.memory, view);
  const news = ranked.slice(1, AMONG).find(({ memory, score, parts }) => {
    if ((parts['current'] ?? 1) < 1 || !isLater(memory, best.memory)) return false;
    const facts = factsOf(view, memory);
    const { worth, words } = facts.some(isNews) ? NEWS : LATER;
    if (facts.length === 0 || score < worth * best.score) return false;
    return sharedWith(asked, memory, view) >= Math.max(1, words * matched);
  });
  if (news === undefined) return [...ranked];
  const first = { ...news, score: best.score, parts: { ...news.parts, news: best.score - news.score } };
  return [first, ...ranked.filter((each) => each !== news)];
}

function isNews({ ends }: Memory): boolean {
  return ends?.includes('~') ?? false;
}

function isLater(a: Memory, b: Memory): boolean {
  return a.eventMs > b.eventMs && a.speaker === b.speaker && a.role === b.role;
}

/** A fact itself; of a turn, what was drawn from it. */
function factsOf(view: MemoryView, memory: Memory): Memory[] {
  return memory.kind === 'turn' ? [...view.drawnFrom(memory.id)].flatMap((id) => view.get(id) ?? []) : [memory];
}

/** How many words of the question a memory has, by itself or by what its attribute is asked for with. */
function sharedWith(asked: ReadonlySet<string>, memory: Memory, view: MemoryView): number {
  const stems = stemsOf([memory.text, ...factsOf(view, memory).map(askingWordsOf)].join(' '));
  return sharedCount(asked, stems);
}
