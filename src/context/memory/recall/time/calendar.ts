/* Days, weeks, months and years in UTC, as plain numbers: milliseconds since the Unix epoch. A week begins on Monday (ISO 8601). */

export const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** As `Date.getUTCDay` counts them. */
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** The first moment of a day; days and months beyond their range roll over, as in `Date.UTC`. `month` is 0 to 11. */
export function dayMs(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getTime();
}

/** Whether there is such a day. `month` is 0 to 11. */
export function isDay(year: number, month: number, day: number): boolean {
  return month >= 0 && month <= 11 && day >= 1 && day <= new Date(dayMs(year, month + 1, 0)).getUTCDate();
}

export function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

export function startOfWeek(ms: number): number {
  return startOfDay(ms) - ((new Date(ms).getUTCDay() + 6) % 7) * DAY_MS;
}

/** A date as people write and ask for it: `Monday 8 May 2023`. */
export function dateInWords(ms: number): string {
  const date = new Date(ms);
  const weekday = WEEKDAYS[date.getUTCDay()];
  const month = MONTHS[date.getUTCMonth()];
  // Beyond what a Date can hold.
  if (weekday === undefined || month === undefined) return '';
  return `${weekday} ${date.getUTCDate()} ${month} ${date.getUTCFullYear()}`;
}
