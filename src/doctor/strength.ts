/*
 * How hard a secret is to guess, in bits: a rough lower estimate of what an attacker who tries words, patterns and repetitions first would
 * need. A random text scores what it has (24 random bytes in hex: 192), a sentence of ours scores little.
 *
 * Each letter counts by the alphabet that the text draws from; one that follows from what came before (a repetition, a sequence, a pattern
 * that comes again) counts for how often it was done and no more, one within something that reads like a word two bits (English has 1 to 1.5 a letter: Shannon 1951),
 * and a word that everyone tries 8 bits in all, once.
 */

/** Below this, guessing is within reach of one machine and a leaked log. */
export const WEAK_BITS = 64;
/** From here on nobody guesses. */
export const STRONG_BITS = 96;

const WORDS =
  /development|production|change[-_]?me|gatehouse|password|passwort|default|example|gateway|service|welcome|letmein|qwerty|secure|secret|change|please|master|access|public|admin|token|value|local|guest|demo|test|user|root|your|here|dev|key|api|jwt|abc|foo|bar|sk/gi;
const WORD_BITS = 8;
/** For each doubling of how much merely follows. */
const FOLLOWING_BITS = 4;
const WORDLIKE_BITS = 2;
/** Lower-case letters in a row, of which a quarter or more are vowels: chance gives a fifth, and hardly ever so many in a row. */
const WORDLIKE = /[a-z]{4,}/g;
const VOWELS_MIN = 0.25;
/** Longest pattern that is looked for again: `abcabcabc`. */
const PATTERN_MAX = 12;

export function strengthBits(secret: string): number {
  const words = new Set(secret.toLowerCase().match(WORDS)).size;
  const rest = secret.replaceAll(WORDS, KNOWN);
  const letterBits = Math.log2(alphabetOf(rest.replaceAll(KNOWN, '')));
  const wordlike = wordlikePlaces(rest);
  let bits = words * WORD_BITS;
  let followers = 0;
  for (let index = 0; index < rest.length; index += 1) {
    if (rest[index] === KNOWN) continue;
    if (follows(rest, index)) followers += 1;
    else bits += Math.min(wordlike.has(index) ? WORDLIKE_BITS : letterBits, letterBits);
  }
  return Math.floor(bits + FOLLOWING_BITS * Math.log2(1 + followers));
}

/** Stands for a word that was taken out. */
const KNOWN = '\u0000';

function wordlikePlaces(text: string): Set<number> {
  const places = new Set<number>();
  for (const { 0: run, index: start } of text.matchAll(WORDLIKE)) {
    if ((run.match(/[aeiouy]/g)?.length ?? 0) < VOWELS_MIN * run.length) continue;
    for (let offset = 0; offset < run.length; offset += 1) places.add(start + offset);
  }
  return places;
}

/** How many letters the text could have been made of, at most as many as it would need if each came once. */
function alphabetOf(text: string): number {
  const isHex = /^[0-9a-f\W_]*$/i.test(text) && /[0-9]/.test(text) && !(/[a-f]/.test(text) && /[A-F]/.test(text));
  const classes = isHex
    ? ([[/[0-9a-f]/i, 16]] as const)
    : ([
        [/[a-z]/, 26],
        [/[A-Z]/, 26],
        [/[0-9]/, 10],
      ] as const);
  let size = 0;
  for (const [pattern, letters] of classes) if (pattern.test(text)) size += letters;
  if (/[^\w]|_/.test(text)) size += 8;
  // Few different letters say that it was not drawn from a large alphabet.
  return Math.max(1, Math.min(size, new Set(text).size * 3));
}

function follows(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  const before = text.charCodeAt(index - 1);
  if (index > 0 && code === before) return true;
  // A sequence, from its third letter on: 345, cba.
  if (index > 1 && Math.abs(code - before) === 1 && code - before === before - text.charCodeAt(index - 2)) return true;
  for (let length = 2; length <= PATTERN_MAX && length <= index; length += 1) {
    const start = index - length;
    // Inside a repetition at least two letters agree with the pattern before them.
    if (text[start] === text[index] && start > 0 && text[start - 1] === text[index - 1]) return true;
  }
  return false;
}
