/* Days that have a name of their own in much of the English-speaking world. */

import { DAY_MS, dayMs, easter } from './calendar.ts';
import { yearAfter } from './dates.ts';
import { type Expression, expression, inLikelyYears, type Scope, span, type TimeSpan, wordAt } from './span.ts';
import { PAST_MARKS } from './words.ts';

interface Holiday {
  readonly words: readonly string[];
  readonly fromMs: (year: number) => number;
  readonly days: number;
}

const fixed = (words: string, month: number, day: number): Holiday => ({
  words: words.split(' '),
  fromMs: (year) => dayMs(year, month - 1, day),
  days: 1,
});

/** The longest first. */
const HOLIDAYS: readonly Holiday[] = [
  fixed('christmas eve', 12, 24),
  fixed('christmas day', 12, 25),
  fixed('boxing day', 12, 26),
  { words: ['christmas'], fromMs: (year) => dayMs(year, 11, 24), days: 3 },
  fixed('xmas', 12, 25),
  fixed('new year eve', 12, 31),
  fixed('new year day', 1, 1),
  fixed('valentine day', 2, 14),
  fixed('valentine', 2, 14),
  fixed('halloween', 10, 31),
  { words: ['good', 'friday'], fromMs: (year) => easter(year) - 2 * DAY_MS, days: 1 },
  { words: ['easter', 'monday'], fromMs: (year) => easter(year) + DAY_MS, days: 1 },
  { words: ['easter'], fromMs: (year) => easter(year) - 2 * DAY_MS, days: 4 },
  { words: ['thanksgiving'], fromMs: thanksgiving, days: 1 },
];

const FIRST_WORDS: ReadonlySet<string | undefined> = new Set(HOLIDAYS.map(({ words }) => words[0]));

export function holiday(scope: Scope, from: number): Expression | undefined {
  const isLast = PAST_MARKS.has(wordAt(scope, from));
  const at = isLast || ['this', 'next'].includes(wordAt(scope, from)) ? from + 1 : from;
  if (!FIRST_WORDS.has(wordAt(scope, at))) return undefined;
  const found = HOLIDAYS.find(({ words }) => words.every((word, step) => wordAt(scope, at + step) === word));
  if (found === undefined) return undefined;
  const next = at + found.words.length;
  const spanIn = (year: number, weight = 1): TimeSpan => {
    const fromMs = found.fromMs(year);
    return { ...span(fromMs, fromMs + found.days * DAY_MS, 'day'), weight, slackMs: 3 * DAY_MS };
  };
  const told = yearAfter(scope, next);
  if (told !== undefined) return expression([spanIn(told.year)], 'day', { next: told.next, isSaid: isSaid(found) });
  return expression(inLikelyYears(scope.nowMs, spanIn), 'day', { next, isYearless: true, isSaid: isSaid(found) });
}

/** "New", "year" and "day" are said of much else. */
function isSaid({ words }: Holiday): boolean {
  return words[0] !== 'new';
}

/** The fourth Thursday of November (United States). */
function thanksgiving(year: number): number {
  const first = dayMs(year, 10, 1);
  return first + (((4 - new Date(first).getUTCDay() + 7) % 7) + 21) * DAY_MS;
}
