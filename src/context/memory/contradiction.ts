/*
 * When one fact says that another is no longer so. Pure, and of two facts alone: what follows for a set of facts does not depend on the order
 * in which they were written, but on when they were said.
 */

import { isSameFrame } from './fact-frame.ts';
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
const SHORT_CHARS = 90;

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
  if (isSingle(attribute)) {
    const isSame = attribute === earlier.attribute || (later.ends?.includes('~') === true && isSameAttribute(attribute, earlier.attribute));
    return isSame && !isWithin(a, b) && !isWithin(b, a);
  }
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
    stems = (memory.ends ?? []).filter((phrase) => !/^[#@~=]/.test(phrase)).map(wordsOf);
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
  if (isSingle(later.attribute) && isSingle(earlier.attribute) && !isSameAttribute(later.attribute, earlier.attribute)) return false;
  if ((later.ends.includes('~') || later.ends.includes('=')) && isSameFrame(later, earlier)) return true;
  return endingStems(later).some((words) => {
    if (!means(words, stems) || (words.size === 1 && !isAbout(words, earlier))) return false;
    // That it ended was said before: saying it again is no news.
    const isEnding = later.value === undefined && earlier.value === undefined;
    return !(isEnding && endingStems(earlier).some((others) => means(others, words)));
  });
}

/** One word alone may stand anywhere in a long text. */
function isAbout(words: ReadonlySet<string>, earlier: Memory): boolean {
  return earlier.text.length <= SHORT_CHARS || isWithin(words, wordsOf(`${earlier.value ?? ''} ${earlier.attribute ?? ''}`));
}

function means(words: ReadonlySet<string>, stems: ReadonlySet<string>): boolean {
  return sharedCount(words, stems) >= Math.max(1, PHRASE_SHARE * words.size);
}

/** "The extension" and "the secretary's extension", where both tell a number. */
function isSameAttribute(a: string, b: string): boolean {
  if (a === b) return true;
  const [thing = '', kind] = a.split('.');
  const [other = '', otherKind] = b.split('.');
  if (kind === undefined || kind !== otherKind) return false;
  const stems = wordsOf(thing);
  const others = wordsOf(other);
  return isWithin(stems, others) || isWithin(others, stems);
}
