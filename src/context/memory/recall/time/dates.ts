/* Dates, months, seasons, quarters and years that are told by their name. */

import { DAY_MS, dayMs, isDay, monthOf, yearOf } from './calendar.ts';
import {
  daySpan,
  type Expression,
  expression,
  inLikelyYears,
  monthSpan,
  quarterSpan,
  type Rule,
  type Scope,
  seasonSpan,
  span,
  type TimeSpan,
  wordAt,
  yearSpan,
} from './span.ts';
import { BEFORE_MONTHS, MONTH_NAMES, PAST_MARKS, PLAIN_MONTHS, RANGE_WORDS, SEASONS } from './words.ts';

const YEAR_MIN = 1900;
const YEAR_MAX = 2199;

/** The rules for times with a name, the longest first. */
export const DATE_RULES: readonly Rule[] = [figures, dayAndMonth, monthAndDay, month, season, quarter, dayOfMonth, year];

/** A year after what it belongs to: `2023`, `, 2023`, `of 2023`, `'23`, `last year`, `of this year`. */
export function yearAfter({ tokens, nowMs }: Scope, from: number): { readonly year: number; readonly next: number } | undefined {
  let at = from;
  if (tokens[at]?.word === ',') at += 1;
  if (['of', 'in'].includes(tokens[at]?.word ?? '')) at += 1;
  const number = fullYear(tokens[at]?.number);
  if (number !== undefined) return { year: number, next: at + 1 };
  const shift = new Map([
    ['last', -1],
    ['previous', -1],
    ['this', 0],
    ['next', 1],
  ]).get(tokens[at]?.word ?? '');
  if (shift === undefined || tokens[at + 1]?.word !== 'year') return undefined;
  return { year: yearOf(nowMs) + shift, next: at + 2 };
}

function fullYear(number: number | undefined): number | undefined {
  return number !== undefined && number >= YEAR_MIN && number <= YEAR_MAX ? number : undefined;
}

/** Dates in figures. Which of two small numbers is the month depends on the country: with `/` it may be either, with `.` the day comes first. */
function figures({ tokens }: Scope, at: number): Expression | undefined {
  const written = tokens[at]?.figures;
  if (written === undefined) return undefined;
  const [a, b, c] = written.parts;
  const readings: [number, number, number][] = [];
  if (fullYear(a) !== undefined) readings.push([a, b, c]);
  else {
    const inYear = fullYear(c) ?? (c < 100 ? 2_000 + c : undefined);
    if (inYear === undefined) return undefined;
    readings.push([inYear, b, a]);
    if (written.sign !== '.' && a !== b) readings.push([inYear, a, b]);
  }
  const days = readings.filter(([inYear, inMonth, day]) => isDay(inYear, inMonth - 1, day));
  return expression(
    days.map(([inYear, inMonth, day]) => daySpan(dayMs(inYear, inMonth - 1, day))),
    'day',
    { next: at + 1 },
  );
}

/** `8 May 2023`, `the 8th of May`, `8-10 May`. */
function dayAndMonth(scope: Scope, from: number): Expression | undefined {
  const first = dayNumber(scope, from);
  if (first === undefined) return undefined;
  const range = lastOfDays(scope, from + 1);
  let at = range?.next ?? from + 1;
  if (wordAt(scope, at) === 'of') at += 1;
  const inMonth = MONTH_NAMES.get(wordAt(scope, at));
  if (inMonth === undefined) return undefined;
  return daysOf(scope, { month: inMonth, first, last: range?.day ?? first, next: at + 1 });
}

/** `May 8, 2023`, `May the 8th`, `May 8-10`. */
function monthAndDay(scope: Scope, from: number): Expression | undefined {
  const inMonth = MONTH_NAMES.get(wordAt(scope, from));
  if (inMonth === undefined) return undefined;
  const at = wordAt(scope, from + 1) === 'the' ? from + 2 : from + 1;
  const first = dayNumber(scope, at);
  if (first === undefined) return undefined;
  const range = lastOfDays(scope, at + 1);
  return daysOf(scope, { month: inMonth, first, last: range?.day ?? first, next: range?.next ?? at + 1 });
}

function dayNumber({ tokens }: Scope, at: number): number | undefined {
  const day = tokens[at]?.ordinal ?? tokens[at]?.number;
  return day !== undefined && day >= 1 && day <= 31 ? day : undefined;
}

function lastOfDays(scope: Scope, at: number): { readonly day: number; readonly next: number } | undefined {
  if (!RANGE_WORDS.has(wordAt(scope, at))) return undefined;
  const day = dayNumber(scope, at + 1);
  return day === undefined ? undefined : { day, next: at + 2 };
}

interface Days {
  readonly month: number;
  readonly first: number;
  readonly last: number;
  readonly next: number;
}

function daysOf(scope: Scope, days: Days): Expression | undefined {
  // A leap year has every day that there is.
  if (!isDay(2_000, days.month, days.first) || !isDay(2_000, days.month, days.last) || days.last < days.first) return undefined;
  const spanIn = (inYear: number, weight: number): TimeSpan => {
    const fromMs = dayMs(inYear, days.month, days.first);
    return { ...span(fromMs, fromMs + (days.last - days.first + 1) * DAY_MS, 'day'), weight };
  };
  const told = yearAfter(scope, days.next);
  if (told === undefined) return expression(inLikelyYears(scope.nowMs, spanIn), 'day', { next: days.next, isYearless: true });
  if (!isDay(told.year, days.month, days.first)) return undefined;
  return expression([spanIn(told.year, 1)], 'day', { next: told.next });
}

/** `May 2023`, `May last year`, `last May`, `this May`, and `in May` where it can be nothing else. */
function month(scope: Scope, from: number): Expression | undefined {
  const { tokens, nowMs } = scope;
  const mark = markAt(scope, from);
  const at = mark === undefined ? from : from + 1;
  const inMonth = MONTH_NAMES.get(wordAt(scope, at));
  if (inMonth === undefined) return undefined;
  const told = mark === undefined ? yearAfter(scope, at + 1) : undefined;
  if (told !== undefined) return expression([monthSpan(told.year, inMonth)], 'month', { next: told.next });
  if (!PLAIN_MONTHS.has(wordAt(scope, at)) && !isMonthHere(scope, at)) return undefined;
  const next = at + 1;
  const thisYear = yearOf(nowMs);
  if (mark === 'this') {
    // "This may be" is no month.
    return tokens[at]?.isCapital === true ? expression([monthSpan(thisYear, inMonth)], 'month', { next }) : undefined;
  }
  if (mark === 'next') return expression([monthSpan(monthOf(nowMs) < inMonth ? thisYear : thisYear + 1, inMonth)], 'month', { next });
  if (mark === 'last') {
    const latest = monthOf(nowMs) > inMonth ? thisYear : thisYear - 1;
    return expression([monthSpan(latest, inMonth), monthSpan(latest - 1, inMonth, 0.6)], 'month', { next });
  }
  return expression(
    inLikelyYears(nowMs, (inYear, weight) => monthSpan(inYear, inMonth, weight)),
    'month',
    { next, isYearless: true },
  );
}

type Mark = 'last' | 'this' | 'next';

function markAt(scope: Scope, at: number): Mark | undefined {
  const word = wordAt(scope, at);
  if (PAST_MARKS.has(word)) return 'last';
  return word === 'this' || word === 'next' ? word : undefined;
}

const PARTS_OF_MONTH = new Set(['week', 'weekend', 'end', 'beginning', 'start', 'middle', 'half', 'month', 'days', 'part']);

/** Whether `May`, `March`, `June`, `Jan` … is a month where it stands, and not a name, a verb or the like. */
function isMonthHere(scope: Scope, at: number): boolean {
  const { tokens } = scope;
  const after = tokens[at + 1];
  // "a book by May Sarton"
  if (after !== undefined && after.isCapital && !after.isFirst && !MONTH_NAMES.has(after.word)) return false;
  const before = wordAt(scope, at - 1);
  // "This may be", "it may".
  if (before === 'this' && tokens[at]?.isCapital !== true) return false;
  if (BEFORE_MONTHS.has(before)) return true;
  if (before === 'of') return PARTS_OF_MONTH.has(wordAt(scope, at - 2));
  if (before === '-') return BEFORE_MONTHS.has(wordAt(scope, at - 2));
  // The second of a range: "from March to June".
  if (RANGE_WORDS.has(before)) return MONTH_NAMES.has(wordAt(scope, at - 2)) || /^\d{4}$/.test(wordAt(scope, at - 2));
  return before === 'from' && [1, 2].some((step) => RANGE_WORDS.has(wordAt(scope, at + step)));
}

const BEFORE_SEASONS = new Set(['in', 'during', 'since', 'before', 'after', 'by', 'until', 'till', 'early', 'late', 'mid', 'over', 'of']);

/** `spring 2022`, `last summer`, `in the winter of 2023/24`. */
function season(scope: Scope, from: number): Expression | undefined {
  const { nowMs, tokens } = scope;
  const mark = markAt(scope, from);
  const at = mark === undefined ? from : from + 1;
  const inMonth = SEASONS.get(wordAt(scope, at));
  if (inMonth === undefined) return undefined;
  const spanIn = (inYear: number, weight = 1): TimeSpan => seasonSpan(inYear, inMonth, weight);
  const told = mark === undefined ? yearAfter(scope, at + 1) : undefined;
  if (told !== undefined) {
    // A winter lies in two years; of "winter 2023/24" the first is told.
    const isPair = tokens[told.next]?.number === (told.year + 1) % 100 || inMonth !== 11;
    return expression(isPair ? [spanIn(told.year)] : [spanIn(told.year), spanIn(told.year - 1, 0.9)], 'season', {
      next: told.next,
      isSaid: true,
    });
  }
  const next = at + 1;
  const latest = spanIn(yearOf(nowMs)).fromMs <= nowMs ? yearOf(nowMs) : yearOf(nowMs) - 1;
  const isNow = spanIn(latest).toMs > nowMs;
  if (mark === 'last') {
    const last = isNow ? latest - 1 : latest;
    // Late in a year its own summer may be "last summer", or the one before.
    return expression([spanIn(last), spanIn(last - 1, 0.4)], 'season', { next, isSaid: true });
  }
  if (mark === 'this')
    return expression([spanIn(isNow || yearOf(nowMs) === latest ? latest : latest + 1), spanIn(latest, 0.5)], 'season', {
      next,
      isSaid: true,
    });
  if (mark === 'next') return expression([spanIn(latest + 1)], 'season', { next, isSaid: true });
  const before = wordAt(scope, at - 1) === 'the' ? wordAt(scope, at - 2) : wordAt(scope, at - 1);
  if (!BEFORE_SEASONS.has(before)) return undefined;
  return expression(inLikelyYears(nowMs, spanIn), 'season', { next, isYearless: true, isSaid: true });
}

/** `Q3 2024`, `the third quarter of last year`, `the last quarter of 2024`, `last quarter`. */
function quarter(scope: Scope, from: number): Expression | undefined {
  const { tokens, nowMs } = scope;
  const short = /^q([1-4])$/.exec(wordAt(scope, from))?.[1];
  const word = tokens[from];
  const which = short === undefined ? (wordAt(scope, from) === 'last' ? 4 : word?.ordinal) : Number(short);
  let at = from + 1;
  if (short === undefined) {
    if (wordAt(scope, at) !== 'quarter') return undefined;
    at += 1;
  }
  if (which === undefined || which < 1 || which > 4) return undefined;
  const told = yearAfter(scope, at);
  const spanIn = (inYear: number, weight = 1): TimeSpan => seasonSpan(inYear, (which - 1) * 3, weight);
  if (told !== undefined) return expression([spanIn(told.year)], 'season', { next: told.next });
  if (wordAt(scope, from) === 'last') return expression([quarterSpan(nowMs, -1)], 'season', { next: at });
  return expression(inLikelyYears(nowMs, spanIn), 'season', { next: at, isYearless: true });
}

/** `on the 14th`: of this month or the one before. */
function dayOfMonth(scope: Scope, at: number): Expression | undefined {
  const { tokens, nowMs } = scope;
  const day = tokens[at]?.ordinal;
  if (day === undefined || day > 31 || !/^\d/.test(wordAt(scope, at))) return undefined;
  if (wordAt(scope, at - 1) !== 'the' || !['on', 'since', 'until', 'till', 'before', 'after', 'by', 'of'].includes(wordAt(scope, at - 2)))
    return undefined;
  const days = [0, -1, -2, 1].flatMap((shift) => {
    const first = dayMs(yearOf(nowMs), monthOf(nowMs) + shift, 1);
    return isDay(yearOf(first), monthOf(first), day) ? first + (day - 1) * DAY_MS : [];
  });
  const past = days.filter((ms) => ms <= nowMs).sort((a, b) => b - a);
  const coming = days.filter((ms) => ms > nowMs);
  return expression([...past.map((ms, rank) => daySpan(ms, 1 / (1 + rank))), ...coming.map((ms) => daySpan(ms, 0.4))], 'day', {
    next: at + 1,
  });
}

const BEFORE_YEARS = new Set(
  `in since before after during of until till by from to between year early late mid throughout through the around circa and - –`.split(
    ' ',
  ),
);

/** `in 2023`; a number alone is a room or a price. */
function year(scope: Scope, at: number): Expression | undefined {
  const told = fullYear(scope.tokens[at]?.number);
  if (told === undefined || scope.tokens[at]?.word.length === 2 || !BEFORE_YEARS.has(wordAt(scope, at - 1))) return undefined;
  return expression([yearSpan(told)], 'year', { next: at + 1 });
}
