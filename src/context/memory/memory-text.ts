/* Texts on their way into memory: what is kept of them, and how they are compared. */

import { createHash } from 'node:crypto';
import { termsOfWord, visitWords } from '../lexical/analysis.ts';

/** Longer texts are cut: nobody recalls a book by one memory, and a record may hold 1 MiB. */
const TEXT_CHARS_MAX = 100_000;

/** Well-formed Unicode in its composed form, at most 100,000 characters. */
export function cleanText(text: string): string {
  const whole = text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX - 1)}…` : text;
  return whole.toWellFormed().normalize('NFC').trim();
}

/** SHA-256, in hex, of what stays when case, punctuation and repeated spaces do not count. */
export function hashOf(text: string): string {
  return createHash('sha256').update(normalForm(text)).digest('hex');
}

/** Small letters, single spaces, no punctuation but what stands inside numbers and words. */
export function normalForm(text: string): string {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’`]/g, "'")
    .replace(/(?<![\p{L}\p{N}])[^\p{L}\p{N}\s]+|[^\p{L}\p{N}\s]+(?![\p{L}\p{N}])/gu, ' ');
  const normal = plain.replace(/\s+/g, ' ').trim();
  // Of emoji or signs alone, they are what was said.
  return normal === '' ? text.trim() : normal;
}

/** The stems of what a text is about. */
export function stemsOf(text: string): Set<string> {
  const stems = new Set<string>();
  visitWords(text, {
    word: ({ spelling }) => {
      for (const term of termsOfWord(spelling)) stems.add(term);
    },
    sentence: () => {},
  });
  return stems;
}

/** How much two sets have in common: 0 to 1. Of nothing at all: 0. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = sharedCount(a, b);
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}

export function sharedCount(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const item of a) if (b.has(item)) shared += 1;
  return shared;
}

/** An id in the form of a UUID (version 8) that follows from what it is made of, so that the same thing written twice is one. */
export function idFrom(...parts: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The same for texts that differ in case and spaces alone. */
export function sameText(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, ' ').trim();
}
