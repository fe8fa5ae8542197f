/* Conversations that are told by their order: our first conversation, the last time we talked, two sessions ago. */

import { countAt } from './relative.ts';
import { type Scope, wordAt } from './span.ts';

export interface SessionPick {
  /** From which end they are counted. */
  readonly from: 'first' | 'last';
  /** 1 is the one at that end. */
  readonly ordinal: number;
  /** How many, from that one on towards the middle. */
  readonly count: number;
  readonly next: number;
}

/** A talk of the two; the others may be anybody's unless they are "ours". */
const OUR_NOUNS = new Set(['session', 'conversation', 'chat', 'talk', 'discussion', 'exchange', 'meeting', 'call']);
const SURE_NOUNS = new Set(['session', 'conversation', 'chat']);
const TALKED = new Set(['talked', 'spoke', 'chatted', 'met', 'discussed', 'conversed', 'talk', 'speak', 'chat', 'meet', 'spoken']);
const LAST = new Set(['last', 'latest', 'final', 'previous', 'preceding', 'prior']);
const OTHERS = new Set(['my', 'his', 'her', 'their', 'your', 'a', 'an', 'every', 'each']);

/** The conversations that are told at a token, if any. */
export function sessionsAt(scope: Scope, from: number): SessionPick | undefined {
  return byNumber(scope, from) ?? beforeLast(scope, from) ?? ago(scope, from) ?? byTime(scope, from) ?? byOrdinal(scope, from);
}

function isNoun(scope: Scope, at: number, before: number): boolean {
  const noun = wordAt(scope, at).replace(/s$/, '');
  if (SURE_NOUNS.has(noun)) return !OTHERS.has(wordAt(scope, before));
  const isOurs = wordAt(scope, before) === 'our' || (['we', 'you'].includes(wordAt(scope, at + 1)) && wordAt(scope, at + 2) !== 'have');
  return OUR_NOUNS.has(noun) && isOurs;
}

/** `our very first ever chat`, `the second to last session`, `the last but one conversation`, `the first three sessions`. */
function byOrdinal(scope: Scope, start: number): SessionPick | undefined {
  const { tokens } = scope;
  let at = wordAt(scope, start) === 'very' ? start + 1 : start;
  const place = placeAt(scope, at);
  if (place === undefined) return undefined;
  at = place.next;
  if (['ever', 'very'].includes(wordAt(scope, at))) at += 1;
  const several = tokens[at]?.number ?? (wordAt(scope, at) === 'few' ? 3 : wordAt(scope, at) === 'couple' ? 2 : undefined);
  if (several !== undefined) at += wordAt(scope, at + 1) === 'of' ? 2 : 1;
  if (!isNoun(scope, at, start - 1)) return undefined;
  return { from: place.from, ordinal: place.ordinal, count: Math.max(1, several ?? 1), next: at + 1 };
}

type Place = Pick<SessionPick, 'from' | 'ordinal' | 'next'>;

function placeAt(scope: Scope, at: number): Place | undefined {
  const word = wordAt(scope, at);
  if (word === 'penultimate') return { from: 'last', ordinal: 2, next: at + 1 };
  if (word === 'most' && wordAt(scope, at + 1) === 'recent') return { from: 'last', ordinal: 1, next: at + 2 };
  const ordinal = word === 'next' ? 2 : scope.tokens[at]?.ordinal;
  const gap = wordAt(scope, at + 1) === '-' ? 1 : 0;
  if (ordinal !== undefined && wordAt(scope, at + 1 + gap) === 'to' && wordAt(scope, at + 2 + 2 * gap) === 'last') {
    return { from: 'last', ordinal, next: at + 3 + 2 * gap };
  }
  if (word === 'last' && wordAt(scope, at + 1) === 'but') {
    const skipped = scope.tokens[at + 2]?.number;
    if (skipped !== undefined) return { from: 'last', ordinal: skipped + 1, next: at + 3 };
  }
  if (LAST.has(word)) return { from: 'last', ordinal: 1, next: at + 1 };
  if (word === 'earliest') return { from: 'first', ordinal: 1, next: at + 1 };
  return ordinal === undefined || word === 'next' ? undefined : { from: 'first', ordinal, next: at + 1 };
}

/** `session number three`, `conversation #2`. */
function byNumber(scope: Scope, from: number): SessionPick | undefined {
  if (!SURE_NOUNS.has(wordAt(scope, from))) return undefined;
  const at = ['number', 'no', '#'].includes(wordAt(scope, from + 1)) ? from + 2 : from + 1;
  const number = scope.tokens[at]?.number;
  return number === undefined || number < 1 ? undefined : { from: 'first', ordinal: number, count: 1, next: at + 1 };
}

/** `the session before last`, `the conversation before the last one`, `the time before last`. */
function beforeLast(scope: Scope, from: number): SessionPick | undefined {
  if (!isNoun(scope, from, from - 1) && wordAt(scope, from) !== 'time') return undefined;
  if (wordAt(scope, from + 1) !== 'before') return undefined;
  const at = wordAt(scope, from + 2) === 'the' ? from + 3 : from + 2;
  return wordAt(scope, at) === 'last' ? { from: 'last', ordinal: 2, count: 1, next: at + 1 } : undefined;
}

/** `two sessions ago`: one session ago is the last one. */
function ago(scope: Scope, from: number): SessionPick | undefined {
  const count = countAt(scope, from);
  if (count === undefined || !isNoun(scope, count.next, from - 1) || wordAt(scope, count.next + 1) !== 'ago') return undefined;
  return { from: 'last', ordinal: Math.max(1, Math.round(count.value)), count: count.isVague ? 3 : 1, next: count.next + 2 };
}

/** `the last time we talked`, `when we first met`, and `last time` where nothing follows that it would be the last time of. */
function byTime(scope: Scope, from: number): SessionPick | undefined {
  if (wordAt(scope, from) === 'when' && isUs(scope, from + 1)) {
    const place = placeAt(scope, from + 2);
    return place !== undefined && TALKED.has(wordAt(scope, place.next)) ? { ...place, count: 1, next: place.next + 1 } : undefined;
  }
  const place = placeAt(scope, from);
  if (place === undefined || wordAt(scope, place.next) !== 'time') return undefined;
  const at = wordAt(scope, place.next + 1) === 'that' ? place.next + 2 : place.next + 1;
  if (isUs(scope, at)) {
    const verb = [at + 1, at + 2].find((step) => TALKED.has(wordAt(scope, step)));
    return verb === undefined ? undefined : { ...place, count: 1, next: verb + 1 };
  }
  const isAlone = place.from === 'last' && ['', '?', '.', ',', '!', 'about', 'on'].includes(wordAt(scope, at));
  return isAlone ? { ...place, count: 1, next: at } : undefined;
}

function isUs(scope: Scope, at: number): boolean {
  return ['we', 'i'].includes(wordAt(scope, at));
}
