/* Times that are told from today: yesterday, two weeks ago, last Tuesday, the past few months. */

import { DAY_MS, dayMs, HOUR_MS, MONTH_MS, monthOf, startOfDay, startOfWeek, WEEK_MS, YEAR_MS, yearOf } from './calendar.ts';
import {
  daySpan,
  type Expression,
  expression,
  monthSpan,
  quarterSpan,
  type Rule,
  type Scope,
  span,
  type TimeSpan,
  weekendSpan,
  weekSpan,
  wordAt,
  yearSpan,
} from './span.ts';
import { FUTURE_MARKS, PAST_MARKS, PRESENT_MARKS, UNITS, type Unit, VAGUE_NUMBERS, WEEKDAY_NAMES } from './words.ts';

/** The rules for times told from today, the longest first. */
export const RELATIVE_RULES: readonly Rule[] = [namedDay, beforeLast, ago, lastSeveral, unitByMark, weekday];

const UNIT_MS: Readonly<Record<Unit, number>> = {
  hour: HOUR_MS,
  day: DAY_MS,
  week: WEEK_MS,
  weekend: WEEK_MS,
  month: MONTH_MS,
  quarter: 3 * MONTH_MS,
  year: YEAR_MS,
  decade: 10 * YEAR_MS,
};

interface Count {
  readonly value: number;
  readonly isVague: boolean;
  readonly next: number;
}

/** `3`, `three`, `a`, `a couple of`, `a few`, `half a`. */
export function countAt(scope: Scope, from: number): Count | undefined {
  const { tokens } = scope;
  let at = from;
  const isHalf = wordAt(scope, at) === 'half';
  if (isHalf) at += 1;
  const hasArticle = ['a', 'an', 'the'].includes(wordAt(scope, at));
  if (hasArticle) at += 1;
  const vague = VAGUE_NUMBERS.get(wordAt(scope, at));
  if (vague !== undefined) return { value: vague, isVague: true, next: wordAt(scope, at + 1) === 'of' ? at + 2 : at + 1 };
  const number = tokens[at]?.number;
  if (number !== undefined && number <= 1_000) return { value: number, isVague: false, next: at + 1 };
  return hasArticle || isHalf ? { value: isHalf ? 0.5 : 1, isVague: false, next: at } : undefined;
}

interface Amount extends Count {
  readonly unit: Unit;
  readonly ms: number;
}

/** `two weeks`, `a month and a half`, `half a year`. */
export function amountAt(scope: Scope, from: number): Amount | undefined {
  const count = countAt(scope, from);
  const unit = UNITS.get(wordAt(scope, count?.next ?? from));
  if (count === undefined || unit === undefined) return undefined;
  let at = count.next + 1;
  let value = count.value * unit.count;
  if (wordAt(scope, at) === 'and' && wordAt(scope, at + 1) === 'a' && wordAt(scope, at + 2) === 'half') {
    value += unit.count / 2;
    at += 3;
  }
  return { value, isVague: count.isVague, unit: unit.unit, ms: value * UNIT_MS[unit.unit], next: at };
}

/** Around a moment that lies so far away: the farther, the less anyone means the very day. */
export function aroundSpan(centerMs: number, { unit, value, isVague }: Amount, weight = 1): TimeSpan {
  if (unit === 'hour') return daySpan(centerMs, weight);
  if (unit === 'day' && !isVague) {
    const { fromMs, toMs } = daySpan(centerMs);
    return { fromMs, toMs, weight, slackMs: Math.max(DAY_MS, value * 0.15 * DAY_MS) };
  }
  const half = isVague ? UNIT_MS[unit] * value * 0.75 : UNIT_MS[unit] / 2;
  const day = startOfDay(centerMs);
  return { fromMs: day - half, toMs: day + DAY_MS + half, weight, slackMs: half };
}

const DAY_WORDS: ReadonlyMap<string, number> = new Map([
  ['today', 0],
  ['tonight', 0],
  ['yesterday', -1],
  ['tomorrow', 1],
]);
const DAYTIMES = new Set(['morning', 'afternoon', 'evening', 'night', 'noon', 'lunchtime']);

function namedDay(scope: Scope, at: number): Expression | undefined {
  const { nowMs } = scope;
  const day = (shift: number, next: number): Expression | undefined =>
    expression([daySpan(nowMs + shift * DAY_MS)], 'day', { next: DAYTIMES.has(wordAt(scope, next)) ? next + 1 : next, isRelative: true });
  const word = wordAt(scope, at);
  const shift = DAY_WORDS.get(word);
  if (shift !== undefined) return day(shift, at + 1);
  const after = wordAt(scope, at + 1);
  if (word === 'last' && after === 'night') return day(-1, at + 2);
  if (word === 'this' && DAYTIMES.has(after)) return day(0, at + 2);
  if (word === 'day' && after === 'before' && wordAt(scope, at + 2) === 'yesterday') return day(-2, at + 3);
  if (word === 'day' && after === 'after' && wordAt(scope, at + 2) === 'tomorrow') return day(2, at + 3);
  if (word === 'other' && after === 'day')
    return expression([span(startOfDay(nowMs) - 10 * DAY_MS, nowMs, 'week')], 'week', { next: at + 2, isRelative: true });
  if (word === 'earlier' && after === 'today') return day(0, at + 2);
  return undefined;
}

/** `the week before last`. */
function beforeLast(scope: Scope, at: number): Expression | undefined {
  const unit = UNITS.get(wordAt(scope, at));
  if (unit === undefined || wordAt(scope, at + 1) !== 'before' || wordAt(scope, at + 2) !== 'last') return undefined;
  return expression([unitSpan(scope.nowMs, unit.unit, -2)], 'week', { next: at + 3, isRelative: true });
}

const AGO_WORDS = new Set(['ago', 'back', 'earlier']);

/** `two weeks ago`, `a month and a half ago`; `in two weeks`, `two weeks from now`. */
function ago(scope: Scope, from: number): Expression | undefined {
  const isAfter = wordAt(scope, from) === 'in';
  const amount = amountAt(scope, isAfter ? from + 1 : from);
  if (amount === undefined) return undefined;
  const { nowMs } = scope;
  const made = (centerMs: number, next: number): Expression | undefined =>
    expression([aroundSpan(centerMs, amount)], amount.unit === 'hour' || amount.unit === 'day' ? 'day' : 'week', {
      next,
      isRelative: true,
    });
  if (isAfter) {
    const follows = wordAt(scope, amount.next);
    return AGO_WORDS.has(follows) ? undefined : made(nowMs + amount.ms, follows === 'time' ? amount.next + 1 : amount.next);
  }
  if (AGO_WORDS.has(wordAt(scope, amount.next))) return made(nowMs - amount.ms, amount.next + 1);
  if (wordAt(scope, amount.next) === 'from' && ['now', 'today'].includes(wordAt(scope, amount.next + 1)))
    return made(nowMs + amount.ms, amount.next + 2);
  return undefined;
}

/** `the last two weeks`, `the past few days`, `the next three months`. */
function lastSeveral(scope: Scope, from: number): Expression | undefined {
  const mark = wordAt(scope, from);
  const isPast = PAST_MARKS.has(mark);
  if (!isPast && !FUTURE_MARKS.has(mark)) return undefined;
  const amount = amountAt(scope, from + 1);
  if (amount === undefined || ['a', 'an', 'the'].includes(wordAt(scope, from + 1))) return undefined;
  const { nowMs } = scope;
  const lengthMs = amount.ms * (amount.isVague ? 1.5 : 1);
  const one = isPast ? span(startOfDay(nowMs - lengthMs), nowMs + 1, 'week') : span(nowMs, startOfDay(nowMs + lengthMs) + DAY_MS, 'week');
  return expression([one], 'week', { next: amount.next, isRelative: true });
}

/** The whole week, month … that lies so many after the one of `nowMs`. */
export function unitSpan(nowMs: number, unit: Unit, after: number): TimeSpan {
  const inYear = yearOf(nowMs);
  switch (unit) {
    case 'hour':
      return daySpan(nowMs);
    case 'day':
      return daySpan(nowMs + after * DAY_MS);
    case 'week':
      return weekSpan(nowMs + after * WEEK_MS);
    case 'weekend': {
      // On a Saturday, the last weekend is the one before.
      return weekendSpan(nowMs + after * WEEK_MS);
    }
    case 'month':
      return monthSpan(inYear, monthOf(nowMs) + after);
    case 'quarter':
      return quarterSpan(nowMs, after);
    case 'year':
      return yearSpan(inYear + after);
    case 'decade': {
      const first = Math.floor(inYear / 10) * 10 + after * 10;
      return span(dayMs(first, 0, 1), dayMs(first + 10, 0, 1), 'year');
    }
  }
}

/** `last week`, `this month`, `next year`, `earlier this week`. */
function unitByMark(scope: Scope, from: number): Expression | undefined {
  const { nowMs } = scope;
  const isEarlier = wordAt(scope, from) === 'earlier' || wordAt(scope, from) === 'later';
  const at = isEarlier ? from + 1 : from;
  const mark = wordAt(scope, at);
  const unit = UNITS.get(wordAt(scope, at + 1))?.unit;
  if (unit === undefined || wordAt(scope, at + 1).endsWith('s')) return undefined;
  const shift = PAST_MARKS.has(mark) ? -1 : PRESENT_MARKS.has(mark) ? 0 : FUTURE_MARKS.has(mark) ? 1 : undefined;
  if (shift === undefined) return undefined;
  const grain = unit === 'year' || unit === 'decade' ? 'year' : unit === 'month' ? 'month' : unit === 'quarter' ? 'season' : 'week';
  return expression([unitSpan(nowMs, unit, shift)], grain, { next: at + 2, isRelative: true });
}

const SHORT_WEEKDAYS = /^(?:sun|mon|tues?|wed|thu(?:rs?)?|fri|sat)$/;
const BEFORE_WEEKDAYS = new Set(['on', 'since', 'until', 'till', 'before', 'after', 'by', 'from', 'to', 'between', 'and']);
const NOT_ONE_DAY = new Set(['every', 'each', 'most', 'any', 'alternate']);

/** `on Monday`, `last Tuesday`, `this Friday`; not `every Monday`. */
function weekday(scope: Scope, from: number): Expression | undefined {
  const { tokens, nowMs } = scope;
  const mark = wordAt(scope, from);
  const shift = PAST_MARKS.has(mark) ? -1 : PRESENT_MARKS.has(mark) ? 0 : FUTURE_MARKS.has(mark) ? 1 : undefined;
  const at = shift === undefined ? from : from + 1;
  const day = WEEKDAY_NAMES.get(wordAt(scope, at));
  const before = wordAt(scope, from - 1);
  if (day === undefined || NOT_ONE_DAY.has(before)) return undefined;
  if (SHORT_WEEKDAYS.test(wordAt(scope, at)) && !(tokens[at]?.isCapital === true && (shift !== undefined || BEFORE_WEEKDAYS.has(before))))
    return undefined;
  const next = DAYTIMES.has(wordAt(scope, at + 1)) ? at + 2 : at + 1;
  return expression(weekdaySpans(nowMs, day, shift), 'day', { next, isRelative: true });
}

/** `shift`: -1 last, 0 this, 1 next; undefined: just the day's name. */
function weekdaySpans(nowMs: number, day: number, shift: number | undefined): TimeSpan[] {
  const today = startOfDay(nowMs);
  const sinceDay = (new Date(nowMs).getUTCDay() - day + 7) % 7;
  const latest = today - (sinceDay === 0 ? 7 : sinceDay) * DAY_MS;
  const coming = latest + WEEK_MS + (sinceDay === 0 ? WEEK_MS : 0);
  if (shift === 1) return [daySpan(coming), daySpan(coming + WEEK_MS, 0.6)];
  if (shift === 0) return [daySpan(startOfWeek(nowMs) + ((day + 6) % 7) * DAY_MS)];
  if (shift === -1) {
    // "Last Tuesday" on a Wednesday: yesterday has its own word.
    const isNear = today - latest <= 2 * DAY_MS;
    return [daySpan(latest, isNear ? 0.8 : 1), daySpan(latest - WEEK_MS, isNear ? 1 : 0.6)];
  }
  return [daySpan(latest), ...(sinceDay === 0 ? [daySpan(today, 0.8)] : []), daySpan(coming, 0.5), daySpan(latest - WEEK_MS, 0.4)];
}
