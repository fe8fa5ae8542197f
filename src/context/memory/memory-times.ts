/* Times as callers of memories write them: RFC 3339, a day (`2026-03-01`, in UTC), or seconds since the Unix epoch. */

const DAY_MS = 86_400_000;
/** The years that four digits can tell. */
const YEAR_0_MS = -62_167_219_200_000;
const YEAR_9999_MS = 253_402_300_799_999;
/** More than this in seconds would be after the year 9999: it is meant as milliseconds. */
const SECONDS_MAX = YEAR_9999_MS / 1_000;

export interface TimeSpan {
  readonly fromMs: number;
  /** The last millisecond that belongs to it. */
  readonly toMs: number;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** A day is as long as it is, any other time a moment. Undefined for what is no time. */
export function readTime(value: unknown): TimeSpan | undefined {
  if (typeof value === 'number') return moment(Math.abs(value) > SECONDS_MAX ? value : value * 1_000);
  if (typeof value !== 'string') return undefined;
  if (DAY.test(value)) {
    const fromMs = Date.parse(`${value}T00:00:00Z`);
    // Some days are moved on to the next month, where there are none of that number.
    if (!Number.isFinite(fromMs) || new Date(fromMs).toISOString().slice(0, 10) !== value) return undefined;
    return { fromMs, toMs: fromMs + DAY_MS - 1 };
  }
  if (!TIME.test(value)) return undefined;
  const hasZone = /(?:z|[+-]\d{2}:?\d{2})$/i.test(value.slice(10));
  return moment(Date.parse(hasZone ? value : `${value}Z`));
}

function moment(ms: number): TimeSpan | undefined {
  const whole = Math.round(ms);
  return whole >= YEAR_0_MS && whole <= YEAR_9999_MS ? { fromMs: whole, toMs: whole } : undefined;
}

/** When something that is good until the end of a day, or until a moment, is over. */
export function expiryOf({ fromMs, toMs }: TimeSpan): number {
  return toMs === fromMs ? fromMs : toMs + 1;
}

/** The inverse: a day where it ends with one. */
export function expiryText(expiresMs: number): string {
  return expiresMs % DAY_MS === 0 ? new Date(expiresMs - DAY_MS).toISOString().slice(0, 10) : timeText(expiresMs);
}

export function timeText(ms: number): string {
  return new Date(Math.min(Math.max(ms, YEAR_0_MS), YEAR_9999_MS)).toISOString();
}
