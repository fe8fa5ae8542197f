/* The words of English that times are told with. */

const list = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

const numbered = (names: string, first = 0): [string, number][] =>
  list(names).flatMap((forms, at) => forms.split('/').map((form): [string, number] => [form, at + first]));

/** 0 to 11. */
export const MONTH_NAMES: ReadonlyMap<string, number> = new Map(
  numbered(`january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sep/sept october/oct november/nov
    december/dec`),
);

/** Months that are nothing else. The others are names, verbs or cut short, and need a word beside them that tells. */
export const PLAIN_MONTHS: ReadonlySet<string> = new Set(list('january february july september october november december'));

/** Sunday is 0. */
export const WEEKDAY_NAMES: ReadonlyMap<string, number> = new Map(
  numbered(`sunday/sun monday/mon tuesday/tue/tues wednesday/wed thursday/thu/thur/thurs friday/fri saturday/sat`),
);

/** The month that each begins with, on the northern half of the earth (meteorological seasons). */
export const SEASONS: ReadonlyMap<string, number> = new Map([
  ['spring', 2],
  ['springtime', 2],
  ['summer', 5],
  ['summertime', 5],
  ['autumn', 8],
  ['fall', 8],
  ['winter', 11],
  ['wintertime', 11],
]);

const TENS: [string, number][] = numbered('twenty thirty forty fifty sixty seventy eighty ninety', 2).map(([word, ten]) => [
  word,
  ten * 10,
]);

export const NUMBER_WORDS: ReadonlyMap<string, number> = new Map([
  ...numbered(
    `one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen`,
    1,
  ),
  ...TENS,
]);

/** Numbers that nobody takes at their word. */
export const VAGUE_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['couple', 2],
  ['few', 3],
  ['several', 4],
  ['many', 6],
]);

export const ORDINAL_WORDS: ReadonlyMap<string, number> = new Map(
  numbered(
    `first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth
    eighteenth nineteenth twentieth`,
    1,
  ),
);

export type Unit = 'hour' | 'day' | 'week' | 'weekend' | 'month' | 'quarter' | 'year' | 'decade';

/** What each word counts. */
export const UNITS: ReadonlyMap<string, { readonly unit: Unit; readonly count: number }> = new Map(
  (
    [
      ['minute', 'hour', 1],
      ['hour', 'hour', 1],
      ['day', 'day', 1],
      ['week', 'week', 1],
      ['fortnight', 'week', 2],
      ['weekend', 'weekend', 1],
      ['month', 'month', 1],
      ['quarter', 'quarter', 1],
      ['year', 'year', 1],
      ['decade', 'decade', 1],
    ] as const
  ).flatMap(([word, unit, count]) => [word, `${word}s`].map((form) => [form, { unit, count }] as const)),
);

export const PAST_MARKS: ReadonlySet<string> = new Set(list('last past previous preceding prior'));
export const PRESENT_MARKS: ReadonlySet<string> = new Set(list('this current'));
export const FUTURE_MARKS: ReadonlySet<string> = new Set(list('next coming upcoming following'));

/** After these, an ambiguous name is a month. */
export const BEFORE_MONTHS: ReadonlySet<string> = new Set([
  ...list('in since until till by before after during throughout early mid late around circa between'),
  ...PAST_MARKS,
  ...PRESENT_MARKS,
  ...FUTURE_MARKS,
]);

/** Between two times of a range. */
export const RANGE_WORDS: ReadonlySet<string> = new Set(list('to until till through thru and - – —'));
