/* Days, weeks, months and years in UTC, as plain numbers: milliseconds since the Unix epoch. A week begins on Monday (ISO 8601). */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;
/** On average, in the Gregorian calendar. */
export const MONTH_MS = 30.436_875 * DAY_MS;
export const YEAR_MS = 12 * MONTH_MS;

const MONTHS = [
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
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

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

export function yearOf(ms: number): number {
  return new Date(ms).getUTCFullYear();
}

/** 0 to 11. */
export function monthOf(ms: number): number {
  return new Date(ms).getUTCMonth();
}

/** The Sunday of Easter in the Gregorian calendar (the anonymous algorithm, Meeus, "Astronomical Algorithms", ch. 8). */
export function easter(year: number): number {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const rest = year % 100;
  const epact =
    (19 * golden + century - Math.floor(century / 4) - Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3) + 15) % 30;
  const weekday = (32 + 2 * (century % 4) + 2 * Math.floor(rest / 4) - epact - (rest % 4)) % 7;
  const shift = Math.floor((golden + 11 * epact + 22 * weekday) / 451);
  const sum = epact + weekday - 7 * shift + 114;
  return dayMs(year, Math.floor(sum / 31) - 1, (sum % 31) + 1);
}

/** A date as people write and ask for it: `8 May 2023 Monday`. Empty beyond what a date can hold. */
export function dateInWords(ms: number): string {
  const date = new Date(ms);
  const weekday = WEEKDAYS[date.getUTCDay()];
  const month = MONTHS[date.getUTCMonth()];
  if (weekday === undefined || month === undefined) return '';
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()} ${weekday}`;
}
