/*
 * Cuts a document into chunks: parts that are found, and shown, by themselves.
 *
 * What kind of text it is says where its parts begin and how good a cut before each of them is (`*-pieces.ts`). Chunks are filled with them up to
 * the tokens that there may be, and end at the best place in their second half: before a section rather than a paragraph, before a paragraph rather
 * than a sentence. The next one begins with the last sentences of the one before, unless a section began.
 *
 * What holds: `text.slice(start, end)` is a chunk's text; every character that is not blank is in a chunk; chunks
 * begin and end in order; no character is parted. Time is linear in the text.
 */

import { codePieces, isCodeExtension } from './code-pieces.ts';
import { jsonPieces } from './json-pieces.ts';
import { markdownPieces } from './markdown-pieces.ts';
import { BREAKS, type Piece } from './piece.ts';
import { prosePieces } from './prose-pieces.ts';
import { type WeighedPiece, weighed } from './split.ts';
import { tablePieces } from './table-pieces.ts';

export interface ChunkSpan {
  /** UTF-16 units; `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly headings: readonly string[];
  /** The first row of its table, where that is not in it. */
  readonly header?: string;
}

export interface TextToChunk {
  readonly text: string;
  readonly mediaType: string;
  /** Its end tells source code from other text. */
  readonly filename: string;
}

export interface ChunkSize {
  /** At least 8. */
  readonly tokensMax: number;
  /** At most half of `tokensMax`. */
  readonly overlap: number;
}

/** The chunks in their order. A long text takes long: whoever asks for the next chunk decides when. */
export function* chunkText(document: TextToChunk, size: ChunkSize): Generator<ChunkSpan> {
  const { text } = document;
  const packer = new Packer(text, size);
  // Small enough that an overlap of a few sentences can be made of them.
  const pieceMax = Math.max(4, Math.floor(size.tokensMax / 4));
  for (const piece of piecesOf(document)) {
    for (const part of weighed(text, piece, pieceMax)) yield* packer.add(part);
  }
  yield* packer.finish();
}

function piecesOf({ text, mediaType, filename }: TextToChunk): Generator<Piece> {
  const extension = filename.slice(filename.lastIndexOf('.') + 1).toLowerCase();
  if (mediaType === 'text/markdown' || extension === 'md' || extension === 'markdown' || extension === 'mdx') return markdownPieces(text);
  if (extension === 'json' || (mediaType === 'application/json' && extension !== 'jsonl' && extension !== 'ndjson'))
    return jsonPieces(text);
  if (mediaType === 'text/csv' || extension === 'csv' || extension === 'tsv') return tablePieces(text);
  if (isCodeExtension(extension)) return codePieces(text);
  return prosePieces(text);
}

/** A chunk ends before a section when it is at least so full, and at other breaks. */
const SECTION_FILL = 0.25;
const CUT_FILL = 0.5;

class Packer {
  readonly #text: string;
  readonly #size: ChunkSize;
  #held: WeighedPiece[] = [];
  #tokens = 0;
  /** How many of those held have been in the chunk before. */
  #repeated = 0;

  constructor(text: string, size: ChunkSize) {
    this.#text = text;
    this.#size = size;
  }

  *add(piece: WeighedPiece): Generator<ChunkSpan> {
    const { tokensMax } = this.#size;
    if (piece.before >= BREAKS.section && this.#held.length > this.#repeated && this.#tokens >= tokensMax * SECTION_FILL) {
      yield this.#take(this.#held.length, false);
    }
    while (this.#held.length > 0 && this.#tokens + piece.tokens > tokensMax) {
      if (this.#held.length > this.#repeated) yield this.#take(this.#cut(piece.before), true, piece);
      else this.#dropFirst();
    }
    this.#held.push(piece);
    this.#tokens += piece.tokens;
  }

  *finish(): Generator<ChunkSpan> {
    if (this.#held.length > this.#repeated) yield this.#take(this.#held.length, false);
  }

  /** Before which of those held the chunk should end; behind the last: their number. */
  #cut(beforeNext: WeighedPiece['before']): number {
    let tokens = this.#tokens;
    let best = this.#held.length;
    let bestBreak: number = beforeNext;
    for (let index = this.#held.length - 1; index > this.#repeated; index -= 1) {
      const piece = this.#held[index];
      if (piece === undefined) break;
      tokens -= piece.tokens;
      if (tokens < this.#size.tokensMax * CUT_FILL) break;
      if (piece.before <= bestBreak) continue;
      best = index;
      bestBreak = piece.before;
    }
    return best;
  }

  /** The chunk of the first `count` of those held. What comes next begins with its end, where it goes on in the same section. */
  #take(count: number, isOverlapping: boolean, next?: WeighedPiece): ChunkSpan {
    const chunk = this.#held.slice(0, count);
    const rest = this.#held.slice(count);
    const before = (rest[0] ?? next)?.before ?? BREAKS.chapter;
    const repeated = isOverlapping && before < BREAKS.section ? this.#tailOf(chunk) : [];
    this.#held = [...repeated, ...rest];
    this.#repeated = repeated.length;
    this.#tokens = 0;
    for (const { tokens } of this.#held) this.#tokens += tokens;
    return this.#spanOf(chunk);
  }

  #tailOf(chunk: readonly WeighedPiece[]): WeighedPiece[] {
    let { overlap } = this.#size;
    let from = chunk.length;
    // Never all of it: each chunk begins behind the one before.
    while (from > 1) {
      const piece = chunk[from - 1];
      if (piece === undefined || piece.tokens > overlap) break;
      overlap -= piece.tokens;
      from -= 1;
      if (piece.before >= BREAKS.section) break;
    }
    return chunk.slice(from);
  }

  #dropFirst(): void {
    this.#tokens -= this.#held.shift()?.tokens ?? 0;
    this.#repeated -= 1;
  }

  #spanOf(chunk: readonly WeighedPiece[]): ChunkSpan {
    const first = chunk[0];
    const last = chunk.at(-1);
    if (first === undefined || last === undefined) throw new Error('a chunk of nothing');
    const { start } = first;
    const { end } = last;
    const { headings, header } = first;
    return {
      start,
      end,
      headings,
      ...(header === undefined || header.start >= start ? {} : { header: this.#text.slice(header.start, header.end) }),
    };
  }
}
