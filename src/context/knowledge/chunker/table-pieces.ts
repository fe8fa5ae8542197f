/* Tables in text (CSV, TSV): rows, of which the first says what the columns are. Source: RFC 4180. */

import { isBlank } from './lines.ts';
import { BREAKS, NO_HEADINGS, type Piece, type Span } from './piece.ts';

const QUOTE = 0x22;
const LINE_FEED = 10;
/** A quotation mark that nothing closes for so long was none. */
const QUOTED_MAX = 65_536;
/** A longer first row is no header to repeat. */
const HEADER_MAX = 2_048;

export function* tablePieces(text: string): Generator<Piece> {
  let header: Span | undefined;
  let start = 0;
  while (start < text.length) {
    const feed = rowEnd(text, start);
    let end = feed;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
    if (end > start) {
      const before = header === undefined ? BREAKS.chapter : BREAKS.item;
      yield {
        start,
        end,
        before,
        headings: NO_HEADINGS,
        ...(header === undefined || header.end - header.start > HEADER_MAX ? {} : { header }),
      };
      header ??= { start, end };
    }
    start = feed + 1;
  }
}

/** Where the row's line feed stands, or the end of the text. */
function rowEnd(text: string, start: number): number {
  let quotedFrom = -1;
  for (let at = start; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // A doubled one closes and opens again.
    if (unit === QUOTE) quotedFrom = quotedFrom === -1 ? at : -1;
    else if (unit === LINE_FEED && quotedFrom === -1) return at;
    else if (quotedFrom !== -1 && at - quotedFrom > QUOTED_MAX) {
      const feed = text.indexOf('\n', start);
      return feed === -1 ? text.length : feed;
    }
  }
  if (quotedFrom === -1) return text.length;
  const feed = text.indexOf('\n', start);
  return feed === -1 ? text.length : feed;
}
