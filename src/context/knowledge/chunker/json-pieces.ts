/* JSON: members and elements, with the path of names that leads to each. What is no JSON is cut all the same. */

import { isBlank } from './lines.ts';
import { BREAKS, type Break, HEADINGS_MAX, headingOf, NO_HEADINGS, type Piece } from './piece.ts';

/** Parts that are shorter are put together, but for members of the outermost levels. */
const PIECE_MIN = 48;
const DEPTH_MAX = 64;

interface Level {
  readonly isArray: boolean;
  /** The name of the member that is being read. */
  key: string;
  index: number;
}

export function* jsonPieces(text: string): Generator<Piece> {
  const levels: Level[] = [];
  let depth = 0;
  let start = text.length - text.trimStart().length;
  let before: Break = BREAKS.chapter;
  let headings = NO_HEADINGS;
  let string: { start: number; end: number } | undefined;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = stringEnd(text, at);
        string = { start: at + 1, end };
        at = end;
        break;
      }
      case 0x3a: {
        const level = levels[depth - 1];
        if (level !== undefined && string !== undefined && !level.isArray) level.key = headingOf(text, string.start, string.end);
        break;
      }
      case 0x7b:
      case 0x5b:
        if (depth < DEPTH_MAX) levels[depth] = { isArray: text.charCodeAt(at) === 0x5b, key: '', index: 0 };
        depth += 1;
        break;
      case 0x7d:
      case 0x5d:
        depth = Math.max(0, depth - 1);
        break;
      case 0x2c: {
        const level = levels[depth - 1];
        if (level !== undefined) level.index += 1;
        if (at + 1 - start < PIECE_MIN) break;
        yield { start, end: at + 1, before, headings };
        start = at + 1;
        while (start < text.length && isBlank(text.charCodeAt(start))) start += 1;
        at = start - 1;
        before = breakAt(depth);
        headings = pathOf(levels, Math.min(depth, DEPTH_MAX));
        break;
      }
      default:
    }
  }
  if (start < text.length) yield { start, end: text.length, before, headings };
}

/** Where the string's closing quotation mark stands, or the text's last character. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 0x5c) at += 1;
    else if (unit === 0x22) return at;
  }
  return text.length - 1;
}

function breakAt(depth: number): Break {
  if (depth <= 1) return BREAKS.paragraph;
  if (depth === 2) return BREAKS.item;
  return depth === 3 ? BREAKS.line : BREAKS.sentence;
}

/** The names that lead to where the next member stands; the member's own is in its text. */
function pathOf(levels: readonly Level[], depth: number): readonly string[] {
  const path: string[] = [];
  for (let level = 0; level < depth - 1; level += 1) {
    const { isArray = false, key = '', index = 0 } = levels[level] ?? {};
    if (isArray) path.push(`${path.pop() ?? ''}[${index}]`);
    else path.push(key);
  }
  return path.slice(-HEADINGS_MAX);
}
