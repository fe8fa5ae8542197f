/*
 * Gives new facts their place among those that are there: the same said again is one memory, and what contradicts an earlier fact closes it.
 *
 * For every fact, what ends it is the earliest later fact that contradicts it (contradiction.ts). So writing the same facts in another order
 * leads to the same result; of a fact that was said before and again after it had ended, there are two memories.
 */

import { byTime, contradicts, hasSameValue, isSingle, sameScope } from './contradiction.ts';
import type { Memory } from './memory.ts';
import type { MemoryDraft } from './memory-draft.ts';
import { idFrom, jaccard, stemsOf } from './memory-text.ts';

/** How much of their stems two texts must share to be the same fact; and where they say the same of the same attribute. */
const SAME_JACCARD = 0.9;
const SAME_VALUE_JACCARD = 0.5;
const SOURCES_MAX = 50;

export interface Settled {
  readonly memory: Memory;
  /** False: it was there already. */
  readonly isNew: boolean;
}

/** Puts the fact into the draft, with all that follows from it. `fact.id` is the one that it gets unless that is taken. */
export function settle(draft: MemoryDraft, fact: Memory): Settled {
  const same = sameAs(draft, fact);
  const memory = same === undefined ? withFreeId(draft, fact) : merged(same, fact);
  draft.put(memory);
  for (const each of draft.ending()) if (isRepeatedAfter(draft, each, memory)) split(draft, each.id, memory);
  for (const each of [memory, ...touchedBy(draft, memory)]) close(draft, each.id);
  return { memory: draft.get(memory.id) ?? memory, isNew: same === undefined };
}

function withFreeId(draft: MemoryDraft, fact: Memory): Memory {
  if (draft.isFree(fact.id)) return fact;
  return { ...fact, id: idFrom('again', fact.id, fact.sources[0] ?? '', fact.validFromMs) };
}

/** The memory that says this already, and held, or came to hold, without a break between. */
function sameAs(draft: MemoryDraft, fact: Memory): Memory | undefined {
  const stems = stemsOf(`${fact.text} ${fact.value ?? ''}`);
  const candidates = new Map(draft.withHash(fact.hash).map((memory) => [memory.id, memory]));
  for (const memory of draft.withStems(stems, Math.max(1, Math.ceil(SAME_VALUE_JACCARD * stems.size)))) candidates.set(memory.id, memory);
  const fits = [...candidates.values()].filter((memory) => isSame(draft, memory, { fact, stems }));
  return fits.filter((memory) => !isBrokenBetween(draft, memory, fact)).sort(byTime)[0];
}

function isSame(
  draft: MemoryDraft,
  memory: Memory,
  { fact, stems }: { readonly fact: Memory; readonly stems: ReadonlySet<string> },
): boolean {
  if (memory.kind !== fact.kind || !sameScope(memory, fact) || memory.immutable !== fact.immutable) return false;
  if (memory.attribute !== fact.attribute && isSingle(memory.attribute) && isSingle(fact.attribute)) return false;
  if (memory.hash === fact.hash) return true;
  const likeness = jaccard(draft.stemsOf(memory), stems);
  // "I like it with milk" and "I like it without milk" have the same stems.
  if (likeness >= SAME_JACCARD) return isNegative(memory.text) === isNegative(fact.text) && sameNumbers(memory.text, fact.text);
  return isSingle(fact.attribute) && hasSameValue(memory, fact) && likeness >= SAME_VALUE_JACCARD && memory.ends === undefined;
}

const NEGATIVE = /\b(?:no|not|never|without|none|neither|nor|cannot|\w+n['’]?t)\b/iu;

function isNegative(text: string): boolean {
  return NEGATIVE.test(text);
}

function sameNumbers(a: string, b: string): boolean {
  const numbers = (text: string): string => (text.match(/\p{N}+/gu) ?? []).join(' ');
  return numbers(a) === numbers(b);
}

/** Whether something that was said between the two ended the earlier one. */
function isBrokenBetween(draft: MemoryDraft, memory: Memory, fact: Memory): boolean {
  const [first, second] = byTime(memory, fact) <= 0 ? [memory, fact] : [fact, memory];
  const breaker = successorOf(draft, first);
  if (breaker !== undefined && breaker.id !== second.id && byTime(breaker, second) < 0) return true;
  // "No more coffee", said again after there was coffee once more, is news.
  return second.ends !== undefined && touchedBy(draft, second).some((each) => each.id !== first.id && byTime(first, each) < 0);
}

/** Whether what `memory` says was said again after `fact`, and ends it. */
function isRepeatedAfter(draft: MemoryDraft, memory: Memory, fact: Memory): boolean {
  if (memory.sources.length < 2 || memory.id === fact.id || byTime(memory, fact) > 0) return false;
  return memory.sources.some((source) => {
    const turn = draft.get(source);
    if (turn === undefined || turn.eventMs <= fact.validFromMs) return false;
    const again = { ...memory, validFromMs: turn.eventMs, session: turn.session, turn: turn.turn };
    return contradicts(again, fact, draft.stemsOf(fact));
  });
}

/** The earlier words count: what it says and since when it is so, whichever was written first. */
function merged(memory: Memory, fact: Memory): Memory {
  const first = byTime(fact, memory) < 0 ? fact : memory;
  const sources = [...new Set([...memory.sources, ...fact.sources])].sort();
  return {
    ...memory,
    text: first.text,
    hash: first.hash,
    session: memory.session,
    ...(first.value === undefined ? {} : { value: first.value }),
    eventMs: first.eventMs,
    validFromMs: first.validFromMs,
    importance: Math.max(memory.importance, fact.importance),
    sources: sources.slice(0, SOURCES_MAX),
  };
}

/** The facts that may have to be closed, or closed elsewhere, because of this one. */
function touchedBy(draft: MemoryDraft, memory: Memory): Memory[] {
  const found = new Map<string, Memory>();
  const add = (memories: readonly Memory[]): void => {
    for (const each of memories) if (each.id !== memory.id) found.set(each.id, each);
  };
  if (isSingle(memory.attribute)) add(draft.withAttribute(memory.attribute));
  else if (memory.value !== undefined) add(draft.withStems(stemsOf(memory.value), 1));
  for (const phrase of memory.ends ?? []) {
    const stems = stemsOf(phrase);
    if (phrase === '~' || phrase === '=') add(draft.withStems(draft.stemsOf(memory), 1));
    else if (phrase.startsWith('@')) add(draft.withAttribute(phrase.slice(1)));
    else if (phrase.startsWith('#')) add([draft.get(phrase.slice(1))].filter((each) => each !== undefined));
    else add(draft.withStems(stems, Math.max(1, Math.floor(stems.size / 2))));
  }
  return [...found.values()].filter((each) => contradicts(memory, each, draft.stemsOf(each)));
}

/** The earliest of those that contradict it. */
function successorOf(draft: MemoryDraft, memory: Memory): Memory | undefined {
  if (memory.immutable === true) return undefined;
  const rivals = isSingle(memory.attribute) ? draft.withAttribute(memory.attribute) : tasteRivals(draft, memory);
  const stems = draft.stemsOf(memory);
  return [...rivals, ...draft.ending()].filter((each) => contradicts(each, memory, stems)).sort(byTime)[0];
}

function tasteRivals(draft: MemoryDraft, memory: Memory): Memory[] {
  if (memory.attribute === undefined || memory.value === undefined) return [];
  const stems = stemsOf(memory.value);
  return draft.withStems(stems, Math.max(1, stems.size));
}

/** Writes down what ends the memory, at both ends of it. */
function close(draft: MemoryDraft, id: string): void {
  const memory = draft.get(id);
  if (memory === undefined) return;
  const successor = successorOf(draft, memory);
  if (memory.supersededBy === successor?.id && memory.validToMs === endOf(memory, successor)) return;
  const before = memory.supersededBy === undefined ? undefined : draft.get(memory.supersededBy);
  if (before !== undefined && before.id !== successor?.id) {
    draft.put({ ...before, supersedes: before.supersedes.filter((each) => each !== id) });
  }
  const { validToMs: _validTo, supersededBy: _supersededBy, ...open } = memory;
  if (successor === undefined) {
    draft.put(open);
    return;
  }
  draft.put({ ...open, validToMs: endOf(memory, successor) ?? successor.validFromMs, supersededBy: successor.id });
  const now = draft.get(successor.id) ?? successor;
  if (!now.supersedes.includes(id)) draft.put({ ...now, supersedes: [...now.supersedes, id].sort() });
  split(draft, id, successor);
}

function endOf(memory: Memory, successor: Memory | undefined): number | undefined {
  return successor === undefined ? undefined : Math.max(successor.validFromMs, memory.validFromMs);
}

/** What was said again after it had ended is a memory of its own. */
function split(draft: MemoryDraft, id: string, successor: Memory): void {
  const memory = draft.get(id);
  if (memory === undefined) return;
  const after = memory.sources.flatMap((source) => {
    const turn = draft.get(source);
    return turn !== undefined && turn.eventMs > successor.validFromMs ? [turn] : [];
  });
  if (after.length === 0 || after.length === memory.sources.length) return;
  const again = new Set(after.map((turn) => turn.id));
  draft.put({ ...memory, sources: memory.sources.filter((source) => !again.has(source)) });
  const first = after.toSorted((a, b) => a.eventMs - b.eventMs || (a.id < b.id ? -1 : 1))[0];
  if (first === undefined) return;
  const { validToMs: _validTo, supersededBy: _supersededBy, ...open } = memory;
  settle(draft, {
    ...open,
    id: idFrom('again', memory.id, first.id),
    session: first.session,
    turn: first.turn,
    eventMs: first.eventMs,
    validFromMs: first.eventMs,
    supersedes: [],
    sources: [...again].sort(),
  });
}
