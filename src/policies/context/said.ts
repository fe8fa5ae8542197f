/*
 * What of a conversation are words of its own: those are asked with and remembered. What we or a client put into a turn is not the user's, and what an answer
 * quotes of what it was told is not new: remembered, it would come back as if it had been said, and an order hidden in a document would outlive the document.
 */

import { withoutBlocks } from '../../context/context-block.ts';

/** Longest turn that is remembered, in UTF-16 units. */
export const TURN_CHARS_MAX = 32_768;
/** Longest question that is looked up: the end of a long message says what is wanted, its beginning what about. */
const QUESTION_HEAD_CHARS = 1_024;
const QUESTION_TAIL_CHARS = 3_072;

/** What Claude Code puts into the user's turn on its own account. */
const CLIENT_NOTES = /<system-reminder>[\s\S]*?<\/system-reminder>/g;

/** The user's own words. */
export function userWords(text: string): string {
  const own = withoutBlocks(text);
  return (own.includes('<system-reminder>') ? own.replaceAll(CLIENT_NOTES, '') : own).trim();
}

export function questionOf(words: string): string {
  if (words.length <= QUESTION_HEAD_CHARS + QUESTION_TAIL_CHARS) return words;
  return `${words.slice(0, QUESTION_HEAD_CHARS)}\n${words.slice(-QUESTION_TAIL_CHARS)}`.toWellFormed();
}

/** A turn as it is remembered. */
export function rememberedText(text: string): string {
  const whole = text.toWellFormed().trim();
  return whole.length <= TURN_CHARS_MAX ? whole : `${whole.slice(0, TURN_CHARS_MAX).toWellFormed()} […]`;
}

/** Shorter sentences are said by chance. */
const QUOTED_CHARS_MIN = 24;
/** Of what was told: for the time that comparing takes. */
const SENTENCES_MAX = 500;

/** The answer without the sentences that it has from what it was told. */
export function ownWords(answer: string, told: readonly string[]): string {
  const own = withoutBlocks(answer).slice(0, TURN_CHARS_MAX);
  if (told.length === 0) return own.trim();
  const sources = told.map(folded);
  const known = told
    .flatMap((text) => sentencesOf(text).map(folded))
    .filter(({ length }) => length >= QUOTED_CHARS_MIN)
    .slice(0, SENTENCES_MAX);
  return sentencesOf(own)
    .filter((sentence) => {
      const plain = folded(sentence);
      if (plain.length < QUOTED_CHARS_MIN) return true;
      return !sources.some((source) => source.includes(plain)) && !known.some((each) => plain.includes(each));
    })
    .join('')
    .trim();
}

/** Sentences and lines, with the space behind them: together they are the text. */
function sentencesOf(text: string): string[] {
  return text.match(/[^\n.!?。！？]*(?:[.!?。！？]+["'”’)\]]*\s*|\n\s*|$)/g)?.filter((part) => part !== '') ?? [];
}

/** Without case, spaces, quotation marks and what quoting adds. */
function folded(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[\\>"'“”‘’«»`*_]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
