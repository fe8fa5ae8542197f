/*
 * What words a text has: the same cut for what is put into an index and for what is asked of it.
 *
 * A word is a run of letters, digits and marks, compatibility forms and accents folded; scripts written without spaces give pairs of
 * neighbouring characters. A word has terms (its stem, and the stems of its parts where it is an identifier: "readFile2" is also "read" and
 * "file") and grams (its runs of four characters), which forgive endings and slips.
 */

import { baseOf } from './irregular-forms.ts';
import { stemOf } from './porter-stemmer.ts';
import { STOP_WORDS } from './stop-words.ts';

/** Characters of a text that count; chunks and turns are far shorter. */
const TEXT_CHARS_MAX = 65_536;
/** Longer words are cut: nobody types them, and they would fill the dictionary. */
const WORD_CHARS_MAX = 48;
const GRAM_CHARS = 4;

const OTHER = 1;
const LETTER = 2;
/** A letter of a script that has no spaces between words. */
const UNSPACED = 3;

const WORD_CHAR = /^[\p{L}\p{N}\p{M}]$/u;
const UNSPACED_CHAR =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;
const ACCENTS = /[\u0300-\u036f]+/g;
const PARTS = /\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?[\p{Ll}\p{M}]+|\p{Lu}+|\p{N}+|\p{L}+/gu;
// oxlint-disable-next-line no-control-regex -- it tells whether there is anything to fold
const BEYOND_ASCII = /[^\u0000-\u007f]/;

/** By code unit, filled as they come: 0 means not looked at. */
const classes = new Uint8Array(0x1_0000);

/** A word where it stands in a text. The same object is told again and again, with other values. */
export class FoundWord {
  /** Stands for the word, in 53 bits: two words have the same one by accident alone, and then count as one. */
  key = 0;
  #text = '';
  #start = 0;
  #end = 0;

  /** The word as it is written, accents folded. */
  get spelling(): string {
    return this.#text.slice(this.#start, this.#end);
  }

  at(text: string, start: number, end: number): this {
    let low = 0x811c9dc5;
    let high = 0x2f0b4c47;
    for (let next = start; next < end; next += 1) {
      const code = text.charCodeAt(next);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995) ^ (high >>> 15);
    }
    this.key = (high >>> 11) * 2 ** 32 + (low >>> 0);
    this.#text = text;
    this.#start = start;
    this.#end = end;
    return this;
  }
}

/** Keys of stop words, as they are mostly written: "who", "Who", "WHO". */
const STOP_KEYS: ReadonlySet<number> = new Set(
  [...STOP_WORDS]
    .flatMap((word) => [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()])
    .map((word) => new FoundWord().at(word, 0, word.length).key),
);

export interface WordVisitor {
  /** A word that is no stop word. */
  word(found: FoundWord): void;
  /** A sentence is over. */
  sentence(isQuestion: boolean): void;
}

/** Tells the words of a text in their order, and where its sentences end. The last one always ends. */
export function visitWords(text: string, visitor: WordVisitor): void {
  const plain = folded(text);
  const found = new FoundWord();
  let at = 0;
  while (at < plain.length) {
    const kind = classAt(plain, at);
    if (kind === OTHER) {
      if (endsSentence(plain, at)) visitor.sentence(isQuestionMark(plain, at));
      at += 1;
      continue;
    }
    const end = runEnd(plain, at, kind);
    if (kind === UNSPACED) visitPairs(plain.slice(at, end), visitor);
    else {
      found.at(plain, at, Math.min(end, at + WORD_CHARS_MAX));
      if (!STOP_KEYS.has(found.key)) visitor.word(found);
    }
    at = end;
  }
  visitor.sentence(false);
}

/** The terms of a word; the first is that of the whole. */
export function termsOfWord(word: string): string[] {
  const terms = [termOf(word.toLowerCase())];
  const parts = word.match(PARTS) ?? [];
  if (parts.length < 2) return terms;
  for (const part of parts) {
    const lower = part.toLowerCase();
    if (part.length > 1 && !STOP_WORDS.has(lower)) terms.push(termOf(lower));
  }
  return terms;
}

/** Numbers that stand for the runs of four characters of a word, its ends marked; few words share one by accident. */
export function gramsOfWord(word: string): number[] {
  const padded = `_${word.toLowerCase()}_`;
  const grams: number[] = [];
  for (let at = 0; at === 0 || at + GRAM_CHARS <= padded.length; at += 1) {
    // FNV-1a over code units.
    let hash = 0x811c9dc5;
    for (let next = at; next < at + GRAM_CHARS && next < padded.length; next += 1) {
      hash = Math.imul(hash ^ padded.charCodeAt(next), 0x01000193);
    }
    grams.push(hash >>> 0);
  }
  return grams;
}

function termOf(lower: string): string {
  return stemOf(baseOf(lower));
}

function folded(text: string): string {
  const cut = text.length > TEXT_CHARS_MAX ? text.slice(0, TEXT_CHARS_MAX) : text;
  if (!BEYOND_ASCII.test(cut)) return cut;
  // Some characters stand for many: what was short may be long now.
  return cut.toWellFormed().normalize('NFKD').replace(ACCENTS, '').normalize('NFC').slice(0, TEXT_CHARS_MAX);
}

function runEnd(text: string, start: number, kind: number): number {
  let end = start;
  while (end < text.length && classAt(text, end) === kind) end += isPair(text, end) ? 2 : 1;
  return end;
}

function visitPairs(run: string, visitor: WordVisitor): void {
  const chars = Array.from(run);
  const found = new FoundWord();
  if (chars.length === 1) visitor.word(found.at(run, 0, run.length));
  let start = 0;
  for (let at = 1; at < chars.length; at += 1) {
    const first = chars[at - 1]?.length ?? 1;
    const second = chars[at]?.length ?? 1;
    visitor.word(found.at(run, start, start + first + second));
    start += first;
  }
}

function classAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  const known = classes[code] ?? 0;
  if (known !== 0) return known;
  if (isPair(text, at)) return classOf(String.fromCodePoint(text.codePointAt(at) ?? 0));
  const found = classOf(text.charAt(at));
  // A half of a pair means nothing by itself.
  if (code < 0xd800 || code > 0xdfff) classes[code] = found;
  return found;
}

function classOf(char: string): number {
  if (!WORD_CHAR.test(char)) return OTHER;
  return UNSPACED_CHAR.test(char) ? UNSPACED : LETTER;
}

function isPair(text: string, at: number): boolean {
  const high = text.charCodeAt(at);
  if (high < 0xd800 || high > 0xdbff) return false;
  const low = text.charCodeAt(at + 1);
  return low >= 0xdc00 && low <= 0xdfff;
}

function endsSentence(text: string, at: number): boolean {
  switch (text.charCodeAt(at)) {
    case 10: // end of line
    case 0x3002: // full stop of Chinese and Japanese
      return true;
    case 33: // !
    case 46: // .
    case 63: // ?
      // "3.5", "a?.b" and "file.ts" go on; what follows a full-width mark needs no space.
      return at + 1 >= text.length || /\s/.test(text.charAt(at + 1)) || classAt(text, at + 1) === UNSPACED;
    default:
      return false;
  }
}

/** A mark behind a word or a quotation: the `?` of programs stands behind a space or a bracket. */
function isQuestionMark(text: string, at: number): boolean {
  let isAsked = false;
  let before = at;
  for (; before >= 0 && isAskingOrCalling(text, before); before -= 1) isAsked ||= text.charAt(before) === '?';
  return isAsked && before >= 0 && (classAt(text, before) !== OTHER || /["'’”»]/.test(text.charAt(before)));
}

function isAskingOrCalling(text: string, at: number): boolean {
  return text.charAt(at) === '?' || text.charAt(at) === '!';
}
