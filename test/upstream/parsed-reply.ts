/* What the reply parser makes of bytes, in a form that does not depend on how they were cut. */
import type { ReplyHead } from '../../src/upstream/transport/http1/reply-head.ts';
import { ReplyParser } from '../../src/upstream/transport/http1/reply-parser.ts';
import { TransportError } from '../../src/upstream/transport/transport-error.ts';

export interface ParsedReply {
  readonly head: ReplyHead | undefined;
  /** Latin-1. */
  readonly body: string;
  /**
   * `whole`; `surplus`: whole, with bytes after it; `open`: more could come; else what the error says. A body before an error is
   * as long as the cuts made it.
   */
  readonly end: string;
  /** What the end of the connection means then. */
  readonly whenClosed: 'whole' | 'cut';
}

/** Feeds a parser. Whatever is thrown and no TransportError is thrown on. */
export function parsePieces(pieces: readonly Buffer[], method = 'GET'): ParsedReply {
  let head: ReplyHead | undefined;
  let body = '';
  let end = 'open';
  const parser = new ReplyParser({
    onHead(given) {
      if (head !== undefined) throw new Error('two heads');
      head = given;
    },
    onBody(bytes) {
      if (bytes.length === 0 || head === undefined || end !== 'open') throw new Error('a body that is none');
      body += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    },
    onEnd(surplus) {
      if (head === undefined || end !== 'open') throw new Error('an end that is none');
      end = surplus ? 'surplus' : 'whole';
    },
  });
  parser.begin(method);
  try {
    for (const piece of pieces) {
      if (end === 'open') parser.push(piece);
      // A connection hands nothing more to the parser: it is idle, and what comes unasked closes it.
      else end = 'surplus';
    }
  } catch (error) {
    if (!(error instanceof TransportError) || error.fault !== 'protocol') throw error;
    return { head, body, end: error.message, whenClosed: 'cut' };
  }
  const reached: string = end;
  return { head, body, end: reached, whenClosed: reached === 'open' && !parser.close() ? 'cut' : 'whole' };
}

/** The bytes in pieces that begin at these places. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places)].filter((place) => place > 0 && place < bytes.length).sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index]));
}

/** Each byte for itself. */
export function everyByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
}
