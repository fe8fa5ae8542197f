/*
 * A reply from the bytes of a connection, however they were cut: head, body, end. Interim replies (1xx) are passed over. Chunked framing is
 * taken off; what arrives in one read is handed on in one piece.
 *
 *   head ──▶ body (length | chunk-size ⇄ chunk-data ⇄ chunk-end, trailer | until-close) ──▶ done
 */

import { TransportError } from '../transport-error.ts';
import { Gathered } from './gathered.ts';
import { parseReplyHead, type ReplyHead } from './reply-head.ts';

/** Who is told. None of these may throw. */
export interface ReplySink {
  onHead(head: ReplyHead): void;
  /** Never empty. The bytes are the receiver's. */
  onBody(bytes: Uint8Array): void;
  /** The reply is whole; `surplus`: bytes came after it, which nobody asked for. */
  onEnd(surplus: boolean): void;
}

const HEAD_BYTES_MAX = 65_536;
/** A chunk's length in hexadecimal with its extensions, which nobody uses. */
const CHUNK_LINE_BYTES_MAX = 4_096;
const TRAILER_BYTES_MAX = 16_384;
const CHUNK_LINE = /^[0-9a-f]{1,12}[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i;
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const BEGINNING = 'HTTP/1.';
const CR = 13;
const LF = 10;

type State = 'head' | 'length' | 'chunk-line' | 'chunk-data' | 'chunk-end' | 'trailer' | 'until-close' | 'done';

export class ReplyParser {
  readonly #sink: ReplySink;
  #method = '';
  #state: State = 'done';
  /** Of the head, a chunk line or the trailer, as far as it came. */
  readonly #pending = new Gathered();
  #left = 0;
  #lineBytes = 0;
  #headBytes = 0;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  /** Gets ready for the reply to a request of this method. */
  begin(method: string): void {
    this.#method = method;
    this.#state = 'head';
    this.#pending.clear();
    this.#headBytes = 0;
  }

  /** Takes what was read. Throws a TransportError (`protocol`); the parser is of no use then. */
  push(bytes: Buffer): void {
    if (this.#state === 'head') this.#head(bytes);
    else this.#body(bytes, 0);
  }

  /** The connection ended: whether that was the reply's end. */
  close(): boolean {
    if (this.#state !== 'until-close') return false;
    this.#state = 'done';
    this.#sink.onEnd(false);
    return true;
  }

  #head(chunk: Buffer): void {
    // The end may be cut: its first three bytes may be among those that were looked at.
    const seen = Math.max(0, this.#pending.length - 3);
    const bytes = this.#pending.length === 0 ? chunk : this.#pending.add(chunk);
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(END_OF_HEAD, Math.max(from, seen));
      if ((end === -1 ? bytes.length - 3 : end) - from + this.#headBytes > HEAD_BYTES_MAX)
        throw new TransportError('protocol', `its head is longer than ${HEAD_BYTES_MAX} bytes`);
      if (end === -1) {
        // A server of another kind may wait for us to speak, and would be waited for.
        if (!BEGINNING.startsWith(bytes.toString('latin1', from, from + BEGINNING.length))) throw notHttp();
        this.#keep(bytes, from);
        return;
      }
      const head = parseReplyHead(bytes.toString('latin1', from, end), this.#method);
      this.#headBytes += end + END_OF_HEAD.length - from;
      from = end + END_OF_HEAD.length;
      if (head.status >= 200) {
        this.#pending.clear();
        this.#begun(head, bytes, from);
        return;
      }
      // What it would switch to was never asked for.
      if (head.status === 101) throw new TransportError('protocol', 'it switches protocols');
    }
  }

  #keep(bytes: Buffer, from: number): void {
    if (from === 0 && this.#pending.length > 0) return;
    this.#pending.clear();
    if (from < bytes.length) this.#pending.add(bytes.subarray(from));
  }

  #begun(head: ReplyHead, bytes: Buffer, from: number): void {
    this.#sink.onHead(head);
    const { framing } = head;
    switch (framing.kind) {
      case 'length':
        this.#left = framing.length;
        if (framing.length === 0) {
          this.#end(bytes, from);
          return;
        }
        this.#state = 'length';
        break;
      case 'chunked':
        this.#state = 'chunk-line';
        break;
      case 'until-close':
        this.#state = 'until-close';
        break;
    }
    if (from < bytes.length) this.#body(bytes, from);
  }

  #body(bytes: Buffer, from: number): void {
    switch (this.#state) {
      case 'length': {
        const taken = Math.min(this.#left, bytes.length - from);
        this.#left -= taken;
        this.#sink.onBody(from === 0 && taken === bytes.length ? bytes : bytes.subarray(from, from + taken));
        if (this.#left === 0) this.#end(bytes, from + taken);
        return;
      }
      case 'until-close':
        this.#sink.onBody(from === 0 ? bytes : bytes.subarray(from));
        return;
      case 'done':
        throw new TransportError('protocol', 'it says more than it was asked');
      default:
        this.#chunks(bytes, from);
    }
  }

  /** Takes the framing off all chunks in `bytes`, and hands on what was in them together. */
  #chunks(bytes: Buffer, from: number): void {
    let at = from;
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'chunk-data') {
        const taken = Math.min(this.#left, bytes.length - at);
        const part = bytes.subarray(at, at + taken);
        if (first === undefined) first = part;
        else (more ??= [first]).push(part);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#state = 'chunk-end';
      } else at = this.#line(bytes, at);
    }
    if (more !== undefined) this.#sink.onBody(Buffer.concat(more));
    else if (first !== undefined) this.#sink.onBody(first);
    if (this.#state === 'done') this.#end(bytes, at);
  }

  /** Takes a line, or its part: of a chunk's length, after a chunk, or of the trailer. */
  #line(bytes: Buffer, from: number): number {
    const lf = bytes.indexOf(LF, from);
    const end = lf === -1 ? bytes.length : lf + 1;
    this.#lineBytes += end - from;
    if (this.#lineBytes > (this.#state === 'trailer' ? TRAILER_BYTES_MAX : CHUNK_LINE_BYTES_MAX)) throw badChunk();
    if (lf === -1) {
      this.#pending.add(bytes.subarray(from));
      return end;
    }
    let line: Buffer = bytes;
    let [start, stop] = [from, lf];
    if (this.#pending.length > 0) {
      line = this.#pending.add(bytes.subarray(from, lf));
      [start, stop] = [0, line.length];
      this.#pending.clear();
    }
    if (stop === start || line[stop - 1] !== CR) throw badChunk();
    this.#lineDone(line.toString('latin1', start, stop - 1));
    return end;
  }

  #lineDone(line: string): void {
    if (this.#state === 'chunk-line') {
      if (!CHUNK_LINE.test(line)) throw badChunk();
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'chunk-data';
      this.#lineBytes = 0;
      return;
    }
    if (this.#state === 'chunk-end') {
      if (line !== '') throw badChunk();
      this.#state = 'chunk-line';
      this.#lineBytes = 0;
      return;
    }
    // A trailer's fields are passed over: nothing may depend on them (RFC 9110 §6.5).
    if (line === '') {
      this.#state = 'done';
      this.#lineBytes = 0;
    } else if (CONTROL.test(line)) throw badChunk();
  }

  #end(bytes: Buffer, at: number): void {
    this.#state = 'done';
    this.#sink.onEnd(at < bytes.length);
  }
}

function notHttp(): TransportError {
  return new TransportError('protocol', 'it does not begin with a status line');
}

function badChunk(): TransportError {
  return new TransportError('protocol', 'its chunks are malformed');
}
