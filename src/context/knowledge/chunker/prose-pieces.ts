/* Prose: paragraphs, lines that are no paragraph (lists, verses, records), and sentences. */

import { isBlank, isListItem, type Line, linesOf } from './lines.ts';
import { BREAKS, type Break, NO_HEADINGS, type Piece, type Span } from './piece.ts';

export interface ProsePlace extends Span {
  readonly headings: readonly string[];
  /** Before its first piece. */
  readonly before: Break;
}

/** Lines are put together where one goes on in the next. */
export function* prosePieces(text: string, place?: ProsePlace): Generator<Piece> {
  const { start, end, headings, before } = place ?? { start: 0, end: text.length, headings: NO_HEADINGS, before: BREAKS.chapter };
  let run: { start: number; end: number; before: Break } | undefined;
  let next: Break = before;
  for (const line of linesOf(text, start, end)) {
    if (line.first === line.end) {
      if (run !== undefined) yield* sentencesOf(text, run, headings);
      run = undefined;
      next = max(next, BREAKS.paragraph);
      continue;
    }
    if (run !== undefined && goesOn(text, run.end, line)) {
      run.end = line.end;
      continue;
    }
    if (run !== undefined) {
      yield* sentencesOf(text, run, headings);
      next = BREAKS.line;
    }
    if (isListItem(text, line)) next = max(next, BREAKS.item);
    run = { start: line.first, end: line.end, before: next };
    next = BREAKS.line;
  }
  if (run !== undefined) yield* sentencesOf(text, run, headings);
}

function max(one: Break, other: Break): Break {
  return one > other ? one : other;
}

/** A line that begins with a small letter behind one that did not end its sentence: the text was set in lines of some width. */
function goesOn(text: string, end: number, line: Line): boolean {
  return !isSentenceEnd(text.charCodeAt(end - 1)) && isSmall(text.charCodeAt(line.first)) && !isListItem(text, line);
}

function isSmall(unit: number): boolean {
  if (unit < 0x80) return unit >= 0x61 && unit <= 0x7a;
  const letter = String.fromCharCode(unit);
  return letter !== letter.toUpperCase();
}

export function* sentencesOf(text: string, run: Span & { readonly before: Break }, headings: readonly string[]): Generator<Piece> {
  let start = run.start;
  let { before } = run;
  for (let at = run.start; at < run.end; at += 1) {
    const unit = text.charCodeAt(at);
    if (!isStop(unit)) continue;
    let end = at + 1;
    while (end < run.end && isClosing(text.charCodeAt(end))) end += 1;
    // Ideographs have no space behind a full stop.
    const isEnd = end < run.end && (unit >= 0x3000 || (isBlank(text.charCodeAt(end)) && !isSmall(text.charCodeAt(afterBlanks(text, end)))));
    if (!isEnd) continue;
    yield { start, end, before, headings };
    start = afterBlanks(text, end);
    before = BREAKS.sentence;
    at = start - 1;
  }
  if (start < run.end) yield { start, end: run.end, before, headings };
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** `. ! ?`, the ellipsis, and their like in Chinese, Japanese, Hindi, Arabic. */
function isStop(unit: number): boolean {
  if (unit < 0x80) return unit === 0x2e || unit === 0x21 || unit === 0x3f;
  return unit === 0x2026 || unit === 0x3002 || unit === 0xff01 || unit === 0xff1f || unit === 0x0964 || unit === 0x061f;
}

function isSentenceEnd(unit: number): boolean {
  return isStop(unit) || unit === 0x3a || unit === 0x3b || isClosing(unit);
}

/** Quotation marks and brackets that close. */
function isClosing(unit: number): boolean {
  return unit === 0x22 || unit === 0x27 || unit === 0x29 || unit === 0x5d || unit === 0x201d || unit === 0x2019 || unit === 0x300d;
}
