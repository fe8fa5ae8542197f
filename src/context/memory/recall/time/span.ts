/* What an expression of time stands for: one span, or several that it may mean. */

import { DAY_MS, dayMs, monthOf, startOfDay, startOfWeek, WEEK_MS, yearOf } from './calendar.ts';
import type { Token } from './tokens.ts';

/** Milliseconds since the Unix epoch. */
export interface TimeSpan {
  readonly fromMs: number;
  /** The first moment after it. */
  readonly toMs: number;
  /** How likely it is what was meant, beside the others; 0 to 1. */
  readonly weight: number;
  /** How far outside of it something may lie and still be meant, with less weight. */
  readonly slackMs: number;
}

export type Grain = 'day' | 'week' | 'month' | 'season' | 'year';

export interface Expression {
  /** What it may mean, the likeliest first; at least one. */
  readonly spans: readonly [TimeSpan, ...TimeSpan[]];
  readonly grain: Grain;
  /** Told from today. */
  readonly isRelative: boolean;
  /** Its words are ones that people also say of what they do then: Christmas, summer. Others say nothing about what was said. */
  readonly isSaid: boolean;
  /** A month or a day that is told without its year: which one is meant depends on what stands beside it. */
  readonly isYearless: boolean;
  /** The token after it. */
  readonly next: number;
}

/** What the rules look at. */
export interface Scope {
  readonly tokens: readonly Token[];
  /** Now, for words such as `yesterday`. */
  readonly nowMs: number;
  /** Expressions within expressions ("the week before the end of …"): how many more. */
  readonly depth: number;
}

export type Rule = (scope: Scope, at: number) => Expression | undefined;

const SLACK_MS: Readonly<Record<Grain, number>> = {
  day: DAY_MS,
  week: 2 * DAY_MS,
  month: 4 * DAY_MS,
  season: 10 * DAY_MS,
  year: 15 * DAY_MS,
};

export function wordAt({ tokens }: Scope, at: number): string {
  return tokens[at]?.word ?? '';
}

export function span(fromMs: number, toMs: number, grain: Grain): TimeSpan {
  return { fromMs, toMs, weight: 1, slackMs: SLACK_MS[grain] };
}

export function daySpan(ms: number, weight = 1): TimeSpan {
  const fromMs = startOfDay(ms);
  return { ...span(fromMs, fromMs + DAY_MS, 'day'), weight };
}

export function weekSpan(ms: number, weight = 1): TimeSpan {
  const fromMs = startOfWeek(ms);
  return { ...span(fromMs, fromMs + WEEK_MS, 'week'), weight };
}

/** Saturday and Sunday of the week. */
export function weekendSpan(ms: number, weight = 1): TimeSpan {
  const fromMs = startOfWeek(ms) + 5 * DAY_MS;
  return { ...span(fromMs, fromMs + 2 * DAY_MS, 'day'), weight };
}

/** Months may lie beyond 0 to 11. */
export function monthSpan(year: number, month: number, weight = 1): TimeSpan {
  return { ...span(dayMs(year, month, 1), dayMs(year, month + 1, 1), 'month'), weight };
}

/** Three months. */
export function seasonSpan(year: number, month: number, weight = 1): TimeSpan {
  return { ...span(dayMs(year, month, 1), dayMs(year, month + 3, 1), 'season'), weight };
}

export function yearSpan(year: number, weight = 1): TimeSpan {
  return { ...span(dayMs(year, 0, 1), dayMs(year + 1, 0, 1), 'year'), weight };
}

/** The quarter in which a moment lies, and so many after it. */
export function quarterSpan(ms: number, after: number, weight = 1): TimeSpan {
  return seasonSpan(yearOf(ms), Math.floor(monthOf(ms) / 3) * 3 + 3 * after, weight);
}

export function expression(
  spans: readonly TimeSpan[],
  grain: Grain,
  rest: Pick<Expression, 'next'> & Partial<Pick<Expression, 'isRelative' | 'isSaid' | 'isYearless'>>,
): Expression | undefined {
  const [first, ...others] = spans.filter(({ fromMs, toMs }) => Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs);
  if (first === undefined) return undefined;
  const { isRelative = false, isSaid = false, isYearless = false, next } = rest;
  return { spans: [first, ...others], grain, isRelative, isSaid, isYearless, next };
}

/**
 * The years that something may lie in that is told without one: the latest that has begun, the coming one, the one before the latest.
 * `spanIn` makes the span in a year.
 */
export function inLikelyYears(nowMs: number, spanIn: (year: number, weight: number) => TimeSpan): TimeSpan[] {
  const year = yearOf(nowMs);
  const latest = spanIn(year, 1).fromMs <= nowMs ? year : year - 1;
  return [spanIn(latest, 1), spanIn(latest + 1, 0.5), spanIn(latest - 1, 0.4)];
}
