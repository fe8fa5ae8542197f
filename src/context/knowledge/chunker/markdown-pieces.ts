/*
 * Markdown: titles (and the path of those above), paragraphs, lists, tables, fenced code. Written for finding places to cut, not for rendering: what is
 * taken for something else is still whole in its chunk.
 *
 * Source: spec.commonmark.org/0.31.2; tables: github.github.com/gfm.
 */

import { isListItem, type Line, linesOf } from './lines.ts';
import { BREAKS, type Break, HEADINGS_MAX, headingOf, NO_HEADINGS, type Piece, type Span } from './piece.ts';
import { prosePieces } from './prose-pieces.ts';

const TITLE = /^(#{1,6})(?:[ \t]+|$)/;
const FENCE = /^(`{3,}|~{3,})/;
const UNDERLINE = /^(?:=+|-{2,})$/;
const TABLE_RULE = /^\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?$/;
/** Nothing that is looked for at the beginning of a line is longer. */
const LOOK = 512;

interface State {
  readonly titles: { readonly level: number; readonly text: string }[];
  headings: readonly string[];
  /** Before what comes next. */
  before: Break;
  /** Lines of a paragraph so far. */
  run: { start: number; end: number; before: Break } | undefined;
  lastLine: Line | undefined;
  fence: string | undefined;
  table: Span | undefined;
}

export function* markdownPieces(text: string): Generator<Piece> {
  const state: State = {
    titles: [],
    headings: NO_HEADINGS,
    before: BREAKS.chapter,
    run: undefined,
    lastLine: undefined,
    fence: undefined,
    table: undefined,
  };
  for (const line of linesOf(text)) yield* lineOf(text, line, state);
  yield* flush(text, state);
}

function* lineOf(text: string, line: Line, state: State): Generator<Piece> {
  const look = text.slice(line.first, Math.min(line.end, line.first + LOOK));
  const fence = FENCE.exec(look)?.[1];
  if (state.fence !== undefined) {
    yield* codeLine(line, state);
    if (fence?.startsWith(state.fence) === true && look === fence) {
      state.fence = undefined;
      state.before = BREAKS.paragraph;
    }
    return;
  }
  if (look === '') {
    yield* flush(text, state);
    state.before = max(state.before, BREAKS.paragraph);
    return;
  }
  if (fence !== undefined) {
    yield* flush(text, state);
    state.fence = fence;
    yield { start: line.start, end: line.end, before: max(state.before, BREAKS.item), headings: state.headings };
    state.before = BREAKS.line;
    return;
  }
  const title = TITLE.exec(look);
  if (title !== null) {
    yield* flush(text, state);
    yield titlePiece(text, { line, level: title[1]?.length ?? 1, from: line.first + title[0].length, to: line.end }, state);
    return;
  }
  if (isUnderline(look, state)) {
    yield* underlined(text, { line, level: look.startsWith('=') ? 1 : 2 }, state);
    return;
  }
  yield* textLine(text, line, { look, state });
}

function* textLine(text: string, line: Line, { look, state }: { readonly look: string; readonly state: State }): Generator<Piece> {
  if (look.startsWith('|') || state.table !== undefined) {
    const isRow = look.includes('|');
    if (isRow) {
      // The row of dashes below a first row makes that the header.
      if (state.table === undefined) yield* flush(text, state);
      const header = state.table;
      state.table ??= { start: line.first, end: line.end };
      const before = header === undefined ? max(state.before, BREAKS.item) : TABLE_RULE.test(look) ? BREAKS.word : BREAKS.item;
      yield { start: line.first, end: line.end, before, headings: state.headings, ...(header === undefined ? {} : { header }) };
      state.before = BREAKS.line;
      return;
    }
    state.table = undefined;
  }
  if (isListItem(text, line)) {
    yield* flush(text, state);
    state.before = max(state.before, BREAKS.item);
  }
  state.run ??= { start: line.first, end: line.end, before: state.before };
  state.run.end = line.end;
  state.lastLine = line;
}

function* codeLine(line: Line, state: State): Generator<Piece> {
  if (line.first === line.end) {
    state.before = BREAKS.item;
    return;
  }
  yield { start: line.start, end: line.end, before: state.before, headings: state.headings };
  state.before = BREAKS.line;
}

/** What is gathered of a paragraph. */
function* flush(text: string, state: State): Generator<Piece> {
  const { run, headings } = state;
  state.table = undefined;
  state.lastLine = undefined;
  if (run === undefined) return;
  state.run = undefined;
  state.before = BREAKS.line;
  yield* prosePieces(text, { ...run, headings });
}

/** A paragraph of one line that is underlined is a title. */
function isUnderline(look: string, { run, lastLine }: State): boolean {
  return run !== undefined && lastLine?.first === run.start && UNDERLINE.test(look);
}

function* underlined(text: string, { line, level }: { readonly line: Line; readonly level: number }, state: State): Generator<Piece> {
  const { run } = state;
  if (run === undefined) return;
  state.run = undefined;
  state.lastLine = undefined;
  state.before = run.before;
  yield titlePiece(text, { line: { ...line, start: run.start, first: run.start }, level, from: run.start, to: run.end }, state);
}

interface Title {
  readonly line: Line;
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

function titlePiece(text: string, { line, level, from, to }: Title, state: State): Piece {
  while ((state.titles.at(-1)?.level ?? 0) >= level) state.titles.pop();
  state.titles.push({ level, text: headingOf(text, from, to).replace(/[ \t]+#+$/, '') });
  state.headings = state.titles.slice(0, HEADINGS_MAX).map((title) => title.text);
  state.before = BREAKS.line;
  return { start: line.first, end: line.end, before: level <= 3 ? BREAKS.chapter : BREAKS.section, headings: state.headings };
}

function max(one: Break, other: Break): Break {
  return one > other ? one : other;
}
