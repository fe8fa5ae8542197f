/* A text cut into what the rules about time look at: words, numbers, dates in figures, and the signs between them. */

import { NUMBER_WORDS, ORDINAL_WORDS } from './words.ts';

export interface Token {
  /** In small letters, without a possessive `'s`. */
  readonly word: string;
  readonly start: number;
  readonly end: number;
  readonly isCapital: boolean;
  /** Whether a sentence begins here: a capital letter says nothing then. */
  readonly isFirst: boolean;
  /** `8`, `eight`. */
  readonly number?: number;
  /** `8th`, `eighth`. */
  readonly ordinal?: number;
  /** The numbers of a date in figures, and what stands between them. */
  readonly figures?: { readonly parts: readonly [number, number, number]; readonly sign: string };
}

/** A text has no more than these; what comes later is not looked at. */
const TOKENS_MAX = 2_000;

const TOKEN = new RegExp(
  [
    // 2023-05-08, 8.5.2023, 5/8/23, not within a longer row of figures
    String.raw`(?<![\p{N}\p{L}./-])(?<a>\d{1,4})(?<sign>[-/.])(?<b>\d{1,2})\k<sign>(?<c>\d{1,4})(?![\p{N}/]|[-.]\p{N})`,
    String.raw`(?<ordinal>\d{1,4})(?:st|nd|rd|th)(?![\p{L}\p{N}])`,
    String.raw`(?<![\p{L}\p{N}])(?<number>\d{1,6})(?![\p{N}]|[.,]\d)`,
    String.raw`['’](?<short>\d{2})(?![\p{N}])`,
    // A quarter of a year.
    String.raw`(?<quarter>[qQ][1-4])(?![\p{L}\p{N}])`,
    String.raw`(?<word>\p{L}[\p{L}\p{M}]{0,40}(?:['’]\p{L}{1,3})?)`,
    String.raw`(?<mark>[-–—,.;:?!#\n])`,
  ].join('|'),
  'gu',
);

const ENDS_SENTENCE = new Set(['.', '?', '!', ':', ';', '\n']);

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let isFirst = true;
  for (const match of text.matchAll(TOKEN)) {
    const token = tokenOf(match, isFirst);
    isFirst = ENDS_SENTENCE.has(token.word);
    if (tokens.push(token) === TOKENS_MAX) break;
  }
  return tokens;
}

function tokenOf(match: RegExpExecArray, isFirst: boolean): Token {
  const { a, b, c, sign, ordinal, number, short, word } = match.groups ?? {};
  const [raw] = match;
  const place = { start: match.index, end: match.index + raw.length, isCapital: false, isFirst };
  if (a !== undefined && b !== undefined && c !== undefined && sign !== undefined) {
    return { ...place, word: raw, figures: { parts: [Number(a), Number(b), Number(c)], sign } };
  }
  if (ordinal !== undefined) return { ...place, word: raw.toLowerCase(), ordinal: Number(ordinal) };
  if (number !== undefined) return { ...place, word: raw, number: Number(number) };
  if (short !== undefined) return { ...place, word: raw, number: 2_000 + Number(short) };
  if (word === undefined) return { ...place, word: raw.toLowerCase() };
  const plain = word.replace('’', "'").toLowerCase().replace(/'s?$/, '');
  const spelled = NUMBER_WORDS.get(plain);
  const rank = ORDINAL_WORDS.get(plain);
  return {
    ...place,
    word: plain,
    isCapital: /^\p{Lu}/u.test(word),
    ...(spelled === undefined ? {} : { number: spelled }),
    ...(rank === undefined ? {} : { ordinal: rank }),
  };
}
