/* The lines of a text, with what is looked at in all kinds of text. */

export interface Line {
  readonly start: number;
  /** Without the line feed, and without what is blank at its end. */
  readonly end: number;
  /** Where its first character stands that is not blank; `end` for an empty line. */
  readonly first: number;
}

const LINE_FEED = 10;

export function* linesOf(text: string, from = 0, to = text.length): Generator<Line> {
  let start = from;
  while (start < to) {
    let feed = text.indexOf('\n', start);
    if (feed === -1 || feed > to) feed = to;
    let end = feed;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
    let first = start;
    while (first < end && isBlank(text.charCodeAt(first))) first += 1;
    yield { start, end, first };
    start = feed + 1;
  }
}

/** White space as String.trim has it. */
export function isBlank(unit: number): boolean {
  if (unit <= 0x20) return unit === 0x20 || (unit >= 0x09 && unit <= LINE_FEED + 3);
  if (unit < 0xa0) return false;
  return unit === 0xa0 || unit === 0x1680 || (unit >= 0x2000 && unit <= 0x200a) || OTHER_BLANKS.has(unit);
}

const OTHER_BLANKS: ReadonlySet<number> = new Set([0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]);

/** How far the line is indented: a tab counts as four. */
export function indentOf(text: string, { start, first }: Line): number {
  let indent = 0;
  for (let at = start; at < first; at += 1) indent += text.charCodeAt(at) === 0x09 ? 4 : 1;
  return indent;
}

const LIST_MARK = /^(?:[-*+•‣▪]|\(?(?:\d{1,4}|[a-zA-Z])[.)])\s/;

/** `- `, `1. `, `(a) `, … */
export function isListItem(text: string, { first, end }: Line): boolean {
  return LIST_MARK.test(text.slice(first, Math.min(end, first + 8)));
}
