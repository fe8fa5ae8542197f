/* Pieces that are too long are parted: between words, and where there are none, between characters. */

import { weighTokens } from '../../../catalog/text-tokens.ts';
import { isBlank } from './lines.ts';
import { BREAKS, type Piece } from './piece.ts';

export interface WeighedPiece extends Piece {
  /** Estimated; greater than 0. */
  readonly tokens: number;
}

/** Of the end of the line before it. */
const LINE_TOKENS = 0.87;
/** No UTF-16 unit is estimated as more tokens than this. */
const UNIT_TOKENS_MAX = 2;

/** The piece, or its parts, none of them with more tokens than `tokensMax`. Without blanks at its end; nothing of a piece that is blank throughout. */
export function* weighed(text: string, piece: Piece, tokensMax: number): Generator<WeighedPiece> {
  const { start } = piece;
  let { end } = piece;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  if (start === end || isBlankThroughout(text, start, end)) return;
  const tokens = end - start <= tokensMax / UNIT_TOKENS_MAX ? 0 : weighTokens(text, start, end);
  const line = piece.before >= BREAKS.line ? LINE_TOKENS : 0;
  if (tokens <= tokensMax) yield { ...piece, start, end, tokens: line + (tokens === 0 ? weighTokens(text, start, end) : tokens) };
  else yield* parts(text, { ...piece, start, end }, tokensMax);
}

function isBlankThroughout(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (!isBlank(text.charCodeAt(at))) return false;
  return true;
}

function* parts(text: string, piece: Piece, tokensMax: number): Generator<WeighedPiece> {
  const { end } = piece;
  const unitsMax = Math.max(2, Math.floor(tokensMax / UNIT_TOKENS_MAX));
  let { before } = piece;
  let start = piece.start;
  let tokens = 0;
  let at = start;
  while (at < end) {
    // A word with the blanks before it, or as much of one as may be.
    let next = at;
    while (next < end && isBlank(text.charCodeAt(next))) next += 1;
    const wordStart = next;
    while (next < end && next - wordStart < unitsMax && !isBlank(text.charCodeAt(next))) next += 1;
    if (next < end && next - wordStart > 1 && isInsidePair(text, next)) next -= 1;
    const wordTokens = weighTokens(text, at, next);
    if (tokens > 0 && tokens + wordTokens > tokensMax) {
      yield { ...piece, start, end: at, before, tokens };
      before = BREAKS.word;
      start = wordStart;
      tokens = 0;
    }
    tokens += wordTokens;
    at = next;
  }
  if (tokens > 0) yield { ...piece, start, end, before, tokens };
}

/** Whether a cut before this unit would part the halves of one character. */
function isInsidePair(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
