/*
 * When one fact says that another is no longer so. Pure, and of two facts alone: what follows for a set of facts does not depend on the order
 * in which they were written, but on when they were said.
 */

import type { Memory } from './memory.ts';
import { sharedCount, stemsOf } from './memory-text.ts';

/** Attributes of which one has several at once: another value says nothing against the first. */
const MULTIPLE: ReadonlySet<string> = new Set([
  'likes',
  'dislikes',
  'prefers',
  'avoids',
  'allergy',
  'habit',
  'hobby',
  'wish',
  'pet',
  'family',
  'language',
  'studies',
  'owns',
  'event',
  'instruction',
  'other',
]);

/** For and against: with the same value, the later of them counts. */
const TASTES: Readonly<Record<string, 'for' | 'against'>> = { likes: 'for', prefers: 'for', dislikes: 'against', avoids: 'against' };

/** Share of a phrase's words that must occur in a fact for the phrase to mean it. */
const PHRASE_SHARE = 0.6;

export function isSingle(attribute: string | undefined): attribute is string {
  return attribute !== undefined && !MULTIPLE.has(attribute);
}

/** Below 0: `a` was said, or began to hold, before `b`. Never 0 for two different memories. */
export function byTime(a: Memory, b: Memory): number {
  if (a.validFromMs !== b.validFromMs) return a.validFromMs - b.validFromMs;
  if (a.session === b.session && a.turn !== b.turn) return a.turn - b.turn;
  return a.id < b.id ? -1 : 1;
}

/** Whether `later` says that `earlier` is no longer so. `stems` are those of `earlier`. */
export function contradicts(later: Memory, earlier: Memory, stems: ReadonlySet<string>): boolean {
  if (earlier.immutable === true || later.id === earlier.id || !sameScope(later, earlier)) return false;
  if (isSamePlace(later, earlier) ? !endsIt(later, earlier, stems) : byTime(earlier, later) > 0) return false;
  return hasOtherValue(later, earlier) || endsIt(later, earlier, stems);
}

/** Facts of one turn are of one moment: they are no news about each other, unless one says so. */
function isSamePlace(a: Memory, b: Memory): boolean {
  return a.validFromMs === b.validFromMs && a.session === b.session && a.turn === b.turn;
}

/** What one agent was told, or what one speaker says of themselves, says nothing of another. */
export function sameScope(a: Memory, b: Memory): boolean {
  return a.speaker === b.speaker && a.agent === b.agent && a.run === b.run;
}

function hasOtherValue(later: Memory, earlier: Memory): boolean {
  const { attribute } = later;
  if (attribute === undefined || earlier.attribute === undefined || later.value === undefined || earlier.value === undefined) return false;
  const a = valueStems(later);
  const b = valueStems(earlier);
  if (isSingle(attribute)) return attribute === earlier.attribute && !isWithin(a, b) && !isWithin(b, a);
  const taste = TASTES[attribute];
  const before = TASTES[earlier.attribute];
  return taste !== undefined && before !== undefined && taste !== before && a.size === b.size && isWithin(a, b);
}

export function hasSameValue(a: Memory, b: Memory): boolean {
  if (a.attribute !== b.attribute || a.value === undefined || b.value === undefined) return false;
  const stems = valueStems(a);
  const others = valueStems(b);
  return stems.size === others.size && isWithin(stems, others);
}

function isWithin(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  return sharedCount(small, large) === small.size;
}

/** With the memory itself, they are gone. */
const values = new WeakMap<Memory, ReadonlySet<string>>();
const endings = new WeakMap<Memory, readonly ReadonlySet<string>[]>();

function valueStems(memory: Memory): ReadonlySet<string> {
  let stems = values.get(memory);
  if (stems === undefined) {
    stems = wordsOf(memory.value ?? '');
    values.set(memory, stems);
  }
  return stems;
}

function endingStems(memory: Memory): readonly ReadonlySet<string>[] {
  let stems = endings.get(memory);
  if (stems === undefined) {
    stems = (memory.ends ?? []).filter((phrase) => !/^[#@~]/.test(phrase)).map(wordsOf);
    endings.set(memory, stems);
  }
  return stems;
}

/** Stems; of stop words alone ("off", "none"), they are what is meant. */
function wordsOf(phrase: string): ReadonlySet<string> {
  const stems = stemsOf(phrase);
  return stems.size === 0 ? new Set([phrase]) : stems;
}

function endsIt(later: Memory, earlier: Memory, stems: ReadonlySet<string>): boolean {
  if (later.ends === undefined) return false;
  if (later.ends.includes(`#${earlier.id}`)) return true;
  if (earlier.attribute !== undefined && later.ends.includes(`@${earlier.attribute}`)) return true;
  // A new employer does not end a city, though both may be told with the same name.
  if (isSingle(later.attribute) && isSingle(earlier.attribute) && later.attribute !== earlier.attribute) return false;
  if (later.ends.includes('~') && isSameFrame(later, earlier)) return true;
  return endingStems(later).some((words) => {
    if (!means(words, stems)) return false;
    // That it ended was said before: saying it again is no news.
    const isEnding = later.value === undefined && earlier.value === undefined;
    return !(isEnding && endingStems(earlier).some((others) => means(others, words)));
  });
}

function means(words: ReadonlySet<string>, stems: ReadonlySet<string>): boolean {
  return sharedCount(words, stems) >= Math.max(1, PHRASE_SHARE * words.size);
}

/** Words that carry a change, and those that nearly every fact has: what is left says what it is about. */
const CARRIERS = stemsOf(
  'now new old go going went get got getting goes come came start started switch switched change changed move moved moving use using used make made take taking took day days time year month week today yesterday tomorrow last next first last again back really actually finally usually always thing things lot bit well good great bad much many more less like love want need think know say said put keep day since call called name',
);

const frames = new WeakMap<Memory, ReadonlySet<string>>();

function frameOf(memory: Memory): ReadonlySet<string> {
  let frame = frames.get(memory);
  if (frame === undefined) {
    frame = new Set([...stemsOf(memory.text)].filter((stem) => !CARRIERS.has(stem) && !/^\p{N}/u.test(stem)));
    frames.set(memory, frame);
  }
  return frame;
}

/** Whether two facts say different things of the same. */
function isSameFrame(later: Memory, earlier: Memory): boolean {
  const frame = frameOf(later);
  const before = frameOf(earlier);
  const shared = sharedCount(frame, before);
  const small = Math.min(frame.size, before.size);
  if (shared === 0 || shared < PHRASE_SHARE * small || (shared === 1 && small > 1)) return false;
  const words = stemsOf(later.text);
  const wordsBefore = stemsOf(earlier.text);
  return sharedCount(words, wordsBefore) < Math.min(words.size, wordsBefore.size);
}
