/*
 * What a question says about time: spans that it names, conversations that it counts, whether the first or the latest of several is meant, and
 * at which time something is to have been so. "When did …" asks for a time and names none.
 *
 * Rules for English, read from left to right, the longest form first; no dates in a sentence means no times, and every rule looks at a bounded
 * number of words. Other languages' dates in figures are understood.
 */

import { DAY_MS, MONTH_MS } from './calendar.ts';
import { DEPTH_MAX, expressionAt } from './expression.ts';
import { isHistorical } from './historical.ts';
import { type SessionPick, sessionsAt } from './sessions.ts';
import { type Expression, type Scope, span, type TimeSpan, wordAt } from './span.ts';
import { type Token, tokensOf } from './tokens.ts';
import { RANGE_WORDS } from './words.ts';

export interface TimeQuestion {
  /** Times that are named, each with all that it may mean. */
  readonly spans: readonly TimeSpan[];
  readonly sessions: readonly SessionPick[];
  /** Of several that fit, the first or the latest. */
  readonly order?: 'earliest' | 'latest';
  /** What was so then is asked for; milliseconds since the Unix epoch. */
  readonly asOfMs?: number;
  /** What was is asked for, and not what is. */
  readonly isHistorical: boolean;
  /** "Lately": the newer, the likelier; how new, nobody says. */
  readonly isRecent: boolean;
  /** The question without the words that tell times: they say nothing about what was said then. */
  readonly text: string;
}

export interface TimeScope {
  /** Now, for words such as `yesterday`; milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** The asker's time zone, as milliseconds east of UTC. Default: 0. */
  readonly offsetMs?: number;
}

/** Times in one text. */
const TIMES_MAX = 16;

/** The bounds of what a Date can hold. */
const EVER_MS = 8.64e15;

/** Never throws, whatever the text is; takes time in proportion to its length, of which the first 2,000 words count. */
export function timeQuestion(text: string, { nowMs, offsetMs = 0 }: TimeScope): TimeQuestion {
  const reader = new Reader({ tokens: tokensOf(text), nowMs: nowMs + offsetMs, depth: DEPTH_MAX });
  reader.read();
  const { order, asOf, sessions } = reader;
  const spans = reader.spans.map((one) => ({ ...one, fromMs: one.fromMs - offsetMs, toMs: one.toMs - offsetMs }));
  const asOfMs = asOf ?? (order === 'latest' ? latestIn(spans, nowMs) : undefined);
  return {
    spans: asOfMs === undefined ? spans : [],
    sessions,
    ...(order === undefined ? {} : { order }),
    ...(asOfMs === undefined ? {} : { asOfMs: asOf === undefined ? asOfMs : asOfMs - offsetMs }),
    isHistorical: isHistorical(text) || reader.asOf !== undefined,
    isRecent: reader.isRecent,
    text: reader.rest(text),
  };
}

/** Times that something said tells of, beside when it was said. */
export function mentionedTimes(text: string, saidMs: number): readonly TimeSpan[] {
  // Most of what is said has no word of time.
  if (!MAY_TELL_TIME.test(text)) return NONE;
  const reader = new Reader({ tokens: tokensOf(text), nowMs: saidMs, depth: DEPTH_MAX });
  reader.read();
  return reader.spans.filter(({ fromMs, toMs, weight }) => weight >= 0.5 && toMs - fromMs <= 4 * MONTH_MS);
}

const NONE: readonly TimeSpan[] = [];
const MAY_TELL_TIME =
  /\d|day|night|morrow|week|month|year|ago|spring|summer|autumn|fall|winter|christmas|xmas|easter|halloween|valentine|thanksgiving|january|february|march|april|\bmay\b|june|july|august|september|october|november|december/i;

/** "The latest … in May": at its end. What is told without an order stays a span. */
function latestIn(spans: readonly TimeSpan[], nowMs: number): number | undefined {
  const [first] = spans;
  return first === undefined || first.toMs > nowMs + DAY_MS ? undefined : first.toMs - 1;
}

const BEFORE = new Set(['before', 'until', 'till', 'by', 'up', 'prior']);
const AFTER = new Set(['since', 'after']);
const AROUND = new Set(['around', 'about', 'circa', 'approximately', 'roughly']);
const RECENTLY = new Set(['recently', 'lately', 'nowadays']);
const SPEECH = new Set(
  'say said tell told mention mentioned talk talked speak spoke bring brought discuss discussed write wrote ask asked report reported'.split(
    ' ',
  ),
);

class Reader {
  readonly spans: TimeSpan[] = [];
  readonly sessions: SessionPick[] = [];
  order: 'earliest' | 'latest' | undefined;
  asOf: number | undefined;
  isRecent = false;
  readonly #scope: Scope;
  /** Words to leave out of the search, as places in the text. */
  readonly #dropped: [number, number][] = [];

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  read(): void {
    const { tokens } = this.#scope;
    for (let at = 0; at < tokens.length && this.spans.length < TIMES_MAX && this.sessions.length < TIMES_MAX; ) {
      at =
        this.#session(at) ??
        this.#asOf(at) ??
        this.#range(at) ??
        this.#directed(at) ??
        this.#plain(at) ??
        this.#ordered(at) ??
        this.#frame(at) ??
        at + 1;
    }
  }

  /** The text without what was dropped. */
  rest(text: string): string {
    let rest = '';
    let from = 0;
    for (const [start, end] of this.#dropped) {
      rest += `${text.slice(from, start)} `;
      from = end;
    }
    return rest + text.slice(from);
  }

  #session(at: number): number | undefined {
    const pick = sessionsAt(this.#scope, at);
    if (pick === undefined) return undefined;
    this.sessions.push(pick);
    // "Our first conversation about …" may be the first of those about it.
    if (wordAt(this.#scope, pick.next) === 'about' && pick.ordinal === 1) this.order ??= pick.from === 'first' ? 'earliest' : 'latest';
    this.#drop(at, pick.next);
    return pick.next;
  }

  #asOf(at: number): number | undefined {
    const word = wordAt(this.#scope, at);
    const after = wordAt(this.#scope, at + 1);
    const isAsOf = (word === 'as' && (after === 'of' || after === 'at')) || (word === 'back' && after === 'in');
    const from = isAsOf ? at + 2 : word === 'by' ? at + 1 : undefined;
    if (from === undefined) return undefined;
    const found = expressionAt(this.#scope, from);
    if (found === undefined || word === 'back') return undefined;
    const [{ toMs }] = found.spans;
    if (toMs - 1 <= this.#scope.nowMs) this.asOf = toMs - 1;
    this.#dropTime(at, found);
    return found.next;
  }

  /** `between … and …`, `from … to …`, `March to May 2023`. */
  #range(at: number): number | undefined {
    const scope = this.#scope;
    const isBetween = wordAt(scope, at) === 'between';
    const start = isBetween || wordAt(scope, at) === 'from' ? at + 1 : at;
    const joins = (word: string): boolean => (isBetween ? word === 'and' || word === '-' : RANGE_WORDS.has(word) && word !== 'and');
    const first = expressionAt(scope, start);
    const joint = first?.next ?? start + 1;
    if (!joins(wordAt(scope, joint))) return undefined;
    const last = expressionAt(scope, joint + 1);
    if (last === undefined) return undefined;
    const fromMs = first === undefined ? dayBefore(scope.tokens[start], last) : rangeStart(scope, { first, start, last });
    if (fromMs === undefined) return undefined;
    const toMs = first !== undefined && !first.isYearless && last.isYearless ? rangeEnd(scope, joint + 1, fromMs) : last.spans[0].toMs;
    if (fromMs >= toMs) return undefined;
    this.spans.push(span(fromMs, toMs, last.grain));
    this.#dropTime(at, last);
    return last.next;
  }

  /** `since March`, `before 9 June`, `around Christmas`. */
  #directed(at: number): number | undefined {
    const scope = this.#scope;
    const word = wordAt(scope, at);
    const isBefore = BEFORE.has(word);
    const isAround = AROUND.has(word);
    if (!isBefore && !isAround && !AFTER.has(word) && word !== 'from') return undefined;
    const start = ['to', 'until', 'till'].includes(wordAt(scope, at + 1)) ? at + 2 : at + 1;
    const found = expressionAt(scope, start);
    // "The pictures from May" are of May.
    const isOnwards = ['on', 'onwards', 'onward'].includes(wordAt(scope, found?.next ?? 0));
    if (found === undefined || (word === 'from' && !isOnwards)) return undefined;
    const [{ fromMs, toMs }] = found.spans;
    if (isAround)
      for (const one of found.spans) this.spans.push({ ...one, slackMs: Math.max(2 * one.slackMs, (one.toMs - one.fromMs) / 2) });
    else if (!isBefore) this.spans.push({ fromMs: word === 'after' ? toMs : fromMs, toMs: EVER_MS, weight: 1, slackMs: 0 });
    else this.spans.push({ fromMs: -EVER_MS, toMs: word === 'before' || word === 'prior' ? fromMs : toMs, weight: 1, slackMs: 0 });
    this.#dropTime(at, found);
    return found.next;
  }

  #plain(at: number): number | undefined {
    const found = expressionAt(this.#scope, at);
    if (found !== undefined) {
      this.spans.push(...found.spans);
      this.#dropTime(at, found);
      return found.next;
    }
    if (!RECENTLY.has(wordAt(this.#scope, at)) || wordAt(this.#scope, at - 1) === 'most') return undefined;
    this.isRecent = true;
    this.#drop(at, at + 1);
    return at + 1;
  }

  /** The first or the latest of several. */
  #ordered(at: number): number | undefined {
    const word = wordAt(this.#scope, at);
    const after = wordAt(this.#scope, at + 1);
    if (word === 'earliest') this.order = 'earliest';
    else if (['latest', 'newest'].includes(word) || (word === 'most' && after.startsWith('recent'))) this.order = 'latest';
    else if ((word === 'first' || word === 'last') && (after === 'time' || this.#isSpoken(at)))
      this.order = word === 'first' ? 'earliest' : 'latest';
    else return undefined;
    const next = after === 'time' || word === 'most' ? at + 2 : at + 1;
    this.#drop(at, next);
    return next;
  }

  /** "What did I tell you", "what have we discussed": of the talk itself, and not of what it was about. */
  #frame(at: number): number | undefined {
    const isOurs = [1, 2, 3].some((step) => ['i', 'we', 'you'].includes(wordAt(this.#scope, at - step)));
    if (!isOurs || !SPEECH.has(wordAt(this.#scope, at))) return undefined;
    this.#drop(at, at + 1);
    return at + 1;
  }

  /** Whether it is about what was said: "the first thing I told you", "when did I last mention". */
  #isSpoken(at: number): boolean {
    for (let near = at - 2; near <= at + 7; near += 1) if (SPEECH.has(wordAt(this.#scope, near))) return true;
    return ['i', 'we'].includes(wordAt(this.#scope, at - 1)) && wordAt(this.#scope, at - 2) === 'did';
  }

  #dropTime(at: number, found: Expression): void {
    if (!found.isSaid) this.#drop(at, found.next);
  }

  #drop(from: number, to: number): void {
    const first = this.#scope.tokens[from];
    const last = this.#scope.tokens[to - 1];
    if (first !== undefined && last !== undefined) this.#dropped.push([first.start, last.end]);
  }
}

/** "Between 3 and 10 April": the day in the month of the other. */
function dayBefore(token: Token | undefined, last: Expression): number | undefined {
  const day = token?.number ?? token?.ordinal;
  if (day === undefined || last.grain !== 'day') return undefined;
  const date = new Date(last.spans[0].fromMs);
  const fromMs = date.setUTCDate(day);
  return day >= 1 && fromMs < last.spans[0].toMs ? fromMs : undefined;
}

/** A month without its year is the one that lies before the end of the range. */
function rangeStart(scope: Scope, { first, start, last }: { first: Expression; start: number; last: Expression }): number {
  if (!first.isYearless) return first.spans[0].fromMs;
  return (expressionAt({ ...scope, nowMs: last.spans[0].toMs - 1 }, start) ?? first).spans[0].fromMs;
}

/** "From March 2023 to May": the May after it. */
function rangeEnd(scope: Scope, at: number, fromMs: number): number {
  return expressionAt({ ...scope, nowMs: fromMs + 365 * DAY_MS }, at)?.spans[0].toMs ?? fromMs;
}
