/* What words a text has: the same cut for what is put into an index and for what is asked of it. */

import { stemOf } from './porter-stemmer.ts';
import { STOP_WORDS } from './stop-words.ts';

/** Longer words are cut: nobody types them, and they would fill the dictionary. */
const WORD_CHARS_MAX = 48;

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const ACCENTS = /[\u0300-\u036f]+/g;
/** Written without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/u;
const CAMEL = /\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?[\p{Ll}\p{M}]+|\p{Lu}+|\p{N}+|\p{L}+/gu;

/** The terms of a text in their order, stop words left out. */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  const plain = text.toWellFormed().normalize('NFKD').replace(ACCENTS, '').normalize('NFC');
  for (const [word] of plain.matchAll(WORD)) {
    if (UNSPACED.test(word)) pushBigrams(word, terms);
    else pushWord(word.slice(0, WORD_CHARS_MAX), terms);
  }
  return terms;
}

function pushWord(word: string, terms: string[]): void {
  const lower = word.toLowerCase();
  if (STOP_WORDS.has(lower)) return;
  terms.push(stemOf(lower));
  const parts = word.match(CAMEL) ?? [];
  if (parts.length < 2) return;
  for (const part of parts) if (part.length > 1 && !STOP_WORDS.has(part.toLowerCase())) terms.push(stemOf(part.toLowerCase()));
}

function pushBigrams(word: string, terms: string[]): void {
  const chars = Array.from(word.toLowerCase());
  if (chars.length === 1) terms.push(word);
  for (let at = 1; at < chars.length; at += 1) terms.push(`${chars[at - 1]}${chars[at]}`);
}
