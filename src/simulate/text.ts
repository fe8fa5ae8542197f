/*
 * Everything the simulator says, from a seed. A reply is a pure function of (seed, request): the same question has the same
 * answer, byte for byte, in every process, whatever else is going on, so a test may compare replies and a bench may repeat a run.
 * A token is a piece of text of our own making (about a word); it is what usage counts and what one stream event carries.
 */

/** A generator of numbers in [0, 1). mulberry32 (public domain): 32 bits of state, enough for prose and jitter. */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** 32 bits of xxHash, a published algorithm: the same number in every version of the runtime. */
export function hash(text: string, seed: number): number {
  return Bun.hash.xxHash32(text, seed >>> 0);
}

/** `length` hexadecimal digits (≤ 32) that follow from the text and the seed: for ids. */
export function hashDigits(text: string, seed: number, length = 24): string {
  let digits = '';
  for (let round = 0; digits.length < length; round += 1)
    digits += hash(text, seed + round)
      .toString(16)
      .padStart(8, '0');
  return digits.slice(0, length);
}

const WORDS = (
  'the a this each every one some most gate path light river stone model answer question reader writer signal window garden ' +
  'bridge letter number pattern record moment system engine harbour lantern compass mountain ocean forest morning evening winter ' +
  'summer carries holds opens closes follows reaches shows keeps brings turns finds gives takes makes begins ends slowly quickly ' +
  'clearly often always never perhaps together again between under over through within around before after while because and but ' +
  'so yet quiet bright small large open steady simple careful early late warm cold new old'
).split(' ');

/** `count` tokens of prose: a capital to begin a sentence, a full stop to end it. */
export function prose(count: number, random: Random): string[] {
  const tokens: string[] = [];
  let leftInSentence = 0;
  for (let index = 0; index < count; index += 1) {
    const word = WORDS[Math.floor(random() * WORDS.length)] ?? 'the';
    const starts = leftInSentence === 0;
    if (starts) leftInSentence = 6 + Math.floor(random() * 8);
    leftInSentence -= 1;
    const cased = starts ? word.charAt(0).toUpperCase() + word.slice(1) : word;
    tokens.push(`${index === 0 ? '' : ' '}${cased}${leftInSentence === 0 || index === count - 1 ? '.' : ''}`);
  }
  return tokens;
}

/** Cuts text into tokens that join to exactly the same text. */
export function tokenize(text: string): string[] {
  return text.match(/\s*\S{1,7}|\s+$/gu) ?? [];
}

/** Tokens of a text that we did not write: a quarter of its length, rounded up, as the vendors' rule of thumb has it. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

export interface CutTokens {
  readonly tokens: readonly string[];
  /** The sequence that ended them; undefined: none occurs. */
  readonly stop: string | undefined;
}

/** Ends the tokens just before the first stop sequence, which is itself left out. */
export function cutAtStop(tokens: readonly string[], stops: readonly string[]): CutTokens {
  const text = tokens.join('');
  let end = -1;
  let first: string | undefined;
  for (const stop of stops) {
    const at = stop === '' ? -1 : text.indexOf(stop);
    if (at === -1 || (end !== -1 && at >= end)) continue;
    end = at;
    first = stop;
  }
  if (first === undefined) return { tokens, stop: undefined };

  const kept: string[] = [];
  let length = 0;
  for (const token of tokens) {
    if (length >= end) break;
    kept.push(token.slice(0, end - length));
    length += token.length;
  }
  return { tokens: kept, stop: first };
}

/** The tokens without their first `chars` characters. */
export function dropStart(tokens: readonly string[], chars: number): readonly string[] {
  const kept: string[] = [];
  let left = chars;
  for (const token of tokens) {
    if (token.length > left) kept.push(token.slice(left));
    left = Math.max(0, left - token.length);
  }
  return kept;
}
