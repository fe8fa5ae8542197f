/* One expression of time, with what stands around a date: `the week before 9 June`, `early May`, `Monday of last week`. */

import { DAY_MS, startOfWeek } from './calendar.ts';
import { DATE_RULES } from './dates.ts';
import { holiday } from './holidays.ts';
import { amountAt, aroundSpan, RELATIVE_RULES } from './relative.ts';
import { daySpan, type Expression, expression, type Rule, type Scope, span, type TimeSpan, weekendSpan, weekSpan, wordAt } from './span.ts';
import { UNITS, WEEKDAY_NAMES } from './words.ts';

/** How deep expressions lie in each other. */
export const DEPTH_MAX = 4;

const RULES: readonly Rule[] = [partOf, weekOfPeriod, weekAround, offset, weekdayOfWeek, holiday, ...DATE_RULES, ...RELATIVE_RULES];

/** The expression that begins at a token, if there is one. Its cost is bounded whatever the tokens are. */
export function expressionAt(scope: Scope, from: number): Expression | undefined {
  if (scope.depth === 0 || from >= scope.tokens.length) return undefined;
  const at = wordAt(scope, from) === 'the' ? from + 1 : from;
  for (const rule of RULES) {
    const found = rule(scope, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inner(scope: Scope, at: number): Expression | undefined {
  return expressionAt({ ...scope, depth: scope.depth - 1 }, at);
}

/** Which share of a span is meant. */
const PARTS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['early', [0, 0.34]],
  ['beginning', [0, 0.25]],
  ['start', [0, 0.25]],
  ['mid', [0.3, 0.7]],
  ['middle', [0.3, 0.7]],
  ['late', [0.66, 1]],
  ['end', [0.7, 1]],
]);

/** `early May`, `mid-June`, `the end of last year`, `the second half of May`. */
function partOf(scope: Scope, from: number): Expression | undefined {
  const word = wordAt(scope, from);
  let part = PARTS.get(word);
  let at = from + 1;
  if (part === undefined && wordAt(scope, at) === 'half') {
    const which = word === 'last' ? 2 : scope.tokens[from]?.ordinal;
    part = which === 1 ? [0, 0.5] : which === 2 ? [0.5, 1] : undefined;
    at += 1;
  }
  if (part === undefined) return undefined;
  if (['of', 'in', '-'].includes(wordAt(scope, at))) at += 1;
  const whole = inner(scope, at);
  if (whole === undefined || whole.grain === 'day') return undefined;
  const [first, last] = part;
  return mapped(whole, (one) => {
    const lengthMs = one.toMs - one.fromMs;
    return {
      ...one,
      fromMs: one.fromMs + first * lengthMs,
      toMs: one.fromMs + last * lengthMs,
      slackMs: Math.min(one.slackMs, lengthMs / 6),
    };
  });
}

/** `the first week of May`, `the last weekend in April`, `the first days of the year`. */
function weekOfPeriod(scope: Scope, from: number): Expression | undefined {
  const { tokens } = scope;
  const which = wordAt(scope, from) === 'last' ? -1 : tokens[from]?.ordinal;
  const unit = UNITS.get(wordAt(scope, from + 1))?.unit;
  if (which === undefined || which > 53 || !['of', 'in'].includes(wordAt(scope, from + 2))) return undefined;
  if (unit !== 'week' && unit !== 'weekend' && unit !== 'day') return undefined;
  const whole = inner(scope, from + 3);
  if (whole === undefined || whole.grain === 'day' || whole.grain === 'week') return undefined;
  return mapped(whole, ({ fromMs, toMs, weight }) => {
    if (unit === 'day') return which === -1 ? daySpan(toMs - DAY_MS, weight) : daySpan(fromMs + (which - 1) * DAY_MS, weight);
    // The first Saturday in it is its first weekend; its first week are its first seven days, as people count.
    if (unit === 'weekend') return nthWeekend({ fromMs, toMs, which, weight });
    const start = which === -1 ? toMs - 7 * DAY_MS : fromMs + (which - 1) * 7 * DAY_MS;
    return { ...span(start, start + 7 * DAY_MS, 'week'), weight };
  });
}

function nthWeekend({ fromMs, toMs, which, weight }: { fromMs: number; toMs: number; which: number; weight: number }): TimeSpan {
  if (which === -1) {
    const last = weekendSpan(toMs - DAY_MS, weight);
    return last.fromMs < toMs ? last : weekendSpan(toMs - 8 * DAY_MS, weight);
  }
  const first = weekendSpan(fromMs, weight);
  const skipped = first.fromMs < fromMs ? which : which - 1;
  return weekendSpan(fromMs + skipped * 7 * DAY_MS, weight);
}

const AROUND_WORDS = new Set(['of', 'around', 'about', 'starting', 'beginning', 'commencing', 'from', 'on']);

/** `the week of 9 June`, `the weekend of the 12th of April`. */
function weekAround(scope: Scope, from: number): Expression | undefined {
  const unit = UNITS.get(wordAt(scope, from))?.unit;
  if ((unit !== 'week' && unit !== 'weekend') || !AROUND_WORDS.has(wordAt(scope, from + 1))) return undefined;
  const day = inner(scope, from + 2);
  if (day?.grain !== 'day') return undefined;
  return mapped(day, ({ fromMs, weight }) => (unit === 'week' ? weekSpan(fromMs, weight) : weekendSpan(fromMs, weight)));
}

const BEFORE = new Set(['before', 'preceding']);
const AFTER = new Set(['after', 'following']);

/** `the week before 9 June`, `two days after Christmas`, `a month before the end of May`. */
function offset(scope: Scope, from: number): Expression | undefined {
  const bare = UNITS.get(wordAt(scope, from));
  const amount = bare === undefined ? amountAt(scope, from) : amountAt({ ...scope, tokens: withOne(scope, from) }, 0);
  if (amount === undefined || amount.unit === 'hour') return undefined;
  const at = bare === undefined ? amount.next : from + 1;
  const isBefore = BEFORE.has(wordAt(scope, at)) || (wordAt(scope, at) === 'prior' && wordAt(scope, at + 1) === 'to');
  if (!isBefore && !AFTER.has(wordAt(scope, at))) return undefined;
  const anchor = inner(scope, wordAt(scope, at) === 'prior' ? at + 2 : at + 1);
  if (anchor === undefined) return undefined;
  return mapped(anchor, ({ fromMs, toMs, weight }) => {
    // "The week before" is all of it; "two weeks before" is around a day.
    if (bare !== undefined && bare.unit !== 'day') {
      const one = { ...(isBefore ? span(fromMs - amount.ms, fromMs, 'week') : span(toMs, toMs + amount.ms, 'week')), weight };
      return one;
    }
    return aroundSpan(isBefore ? fromMs - amount.ms : toMs - DAY_MS + amount.ms, amount, weight);
  });
}

/** The tokens `one week` for a bare `week`. */
function withOne(scope: Scope, at: number): Scope['tokens'] {
  const unit = scope.tokens[at];
  return unit === undefined ? [] : [{ ...unit, word: '1', number: 1 }, unit];
}

/** `Monday of last week`, `Monday, 8 May`, `last week on Monday`. */
function weekdayOfWeek(scope: Scope, from: number): Expression | undefined {
  const day = WEEKDAY_NAMES.get(wordAt(scope, from));
  if (day === undefined) return weekThenDay(scope, from);
  let at = from + 1;
  if ([',', 'of', 'in', 'the'].includes(wordAt(scope, at))) at += 1;
  if (at > from + 1 && wordAt(scope, at) === 'the') at += 1;
  const rest = inner(scope, at);
  if (rest === undefined) return undefined;
  // Two names of the same day: the date is the surer one.
  if (rest.grain === 'day' && !rest.isRelative) return rest;
  return rest.grain === 'week' ? onDay(rest, day) : undefined;
}

function weekThenDay(scope: Scope, from: number): Expression | undefined {
  if (!['last', 'this', 'next', 'week'].includes(wordAt(scope, from)) || !RELATIVE_RULES.some((rule) => rule(scope, from) !== undefined))
    return undefined;
  const week = RELATIVE_RULES.map((rule) => rule(scope, from)).find((found) => found !== undefined);
  if (week?.grain !== 'week') return undefined;
  const at = ['on', ','].includes(wordAt(scope, week.next)) ? week.next + 1 : week.next;
  const day = WEEKDAY_NAMES.get(wordAt(scope, at));
  return day === undefined ? undefined : onDay({ ...week, next: at + 1 }, day);
}

function onDay(week: Expression, day: number): Expression | undefined {
  const made = mapped(week, ({ fromMs, weight }) => daySpan(startOfWeek(fromMs) + ((day + 6) % 7) * DAY_MS, weight));
  return made === undefined ? undefined : { ...made, grain: 'day' };
}

function mapped(whole: Expression, change: (one: TimeSpan) => TimeSpan): Expression | undefined {
  const spans = whole.spans.map(change);
  const [first] = spans;
  const isShort = first !== undefined && first.toMs - first.fromMs <= 10 * DAY_MS;
  return expression(spans, isShort ? 'week' : whole.grain, whole);
}
