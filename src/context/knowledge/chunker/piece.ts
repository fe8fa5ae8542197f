/*
 * What chunks are put together from: the smallest parts of a text that should stay whole, in their order, each with how good a place before it
 * is to cut. Pieces do not overlap, and leave out nothing but white space.
 */

/** How much of a break there is before a piece. */
export const BREAKS = {
  /** Inside a sentence, or a row. */
  word: 0,
  sentence: 1,
  line: 2,
  /** Of a list or table; a block inside of a definition. */
  item: 3,
  paragraph: 4,
  section: 5,
  chapter: 6,
} as const;
export type Break = (typeof BREAKS)[keyof typeof BREAKS];

export interface Piece {
  /** UTF-16 units; `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly before: Break;
  /** Titles above it, outermost first. Shared between pieces. */
  readonly headings: readonly string[];
  /** Where the first row of its table stands. Shared between pieces. */
  readonly header?: Span;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export const NO_HEADINGS: readonly string[] = [];
/** Titles and names are words to find something by: more than so much of one is none. */
export const HEADING_CHARS_MAX = 160;
export const HEADINGS_MAX = 8;

export function headingOf(text: string, start: number, end: number): string {
  const heading = text.slice(start, Math.min(end, start + HEADING_CHARS_MAX)).trim();
  return heading.isWellFormed() ? heading : heading.toWellFormed();
}
