/*
 * Reads HTTP/1.1 messages from a socket, requests and replies alike, for the load generator and the bench's upstream.
 * It knows Content-Length and chunked bodies and nothing else: both ends of a bench are ours or a well-behaved proxy's.
 * It costs about a microsecond a message, because whatever it costs comes off the load that one core can offer.
 *
 *   head ──Content-Length──▶ fixed ────────────────────────────▶ end
 *     └────chunked──▶ size ──▶ chunk ──▶ chunk-end ──▶ size … trailer ──▶ end
 */

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const HEAD_BYTES_MAX = 64 * 1024;

export interface HttpEvents {
  /** The start line and the headers, without the empty line; each line still ends in CRLF. */
  head(text: string): void;
  /** A piece of the body, chunk framing removed. Valid during the call alone. */
  body(bytes: Buffer): void;
  end(): void;
}

type State = 'head' | 'fixed' | 'size' | 'chunk' | 'chunk-end' | 'trailer';

export class HttpReader {
  private readonly events: HttpEvents;
  private state: State = 'head';
  private rest: Buffer | undefined;
  private remaining = 0;

  constructor(events: HttpEvents) {
    this.events = events;
  }

  /** Throws an Error when the bytes are not HTTP/1.1 as read here. */
  push(data: Buffer): void {
    const bytes = this.rest === undefined ? data : Buffer.concat([this.rest, data]);
    this.rest = undefined;
    let at = 0;
    while (at < bytes.length) {
      const next = this.state === 'fixed' || this.state === 'chunk' ? this.readBody(bytes, at) : this.readLine(bytes, at);
      if (next < 0) {
        if (bytes.length - at > HEAD_BYTES_MAX) throw new Error('a head or a chunk size without an end');
        // The socket may use its buffer again after this call.
        this.rest = Buffer.from(bytes.subarray(at));
        return;
      }
      at = next;
    }
  }

  private readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.remaining);
    this.events.body(bytes.subarray(at, end));
    this.remaining -= end - at;
    if (this.remaining === 0) {
      if (this.state === 'fixed') this.finish();
      else this.state = 'chunk-end';
    }
    return end;
  }

  /** Returns where to read on, or -1 when more bytes are needed. */
  private readLine(bytes: Buffer, at: number): number {
    if (this.state === 'head') {
      const end = bytes.indexOf(HEAD_END, at);
      if (end < 0) return -1;
      this.readHead(bytes.toString('latin1', at, end + 2));
      return end + 4;
    }
    const end = bytes.indexOf(LINE_END, at);
    if (end < 0) return -1;
    if (this.state === 'chunk-end') {
      this.state = 'size';
    } else if (this.state === 'trailer') {
      if (end === at) this.finish();
    } else {
      this.remaining = Number.parseInt(bytes.toString('latin1', at, end), 16);
      if (Number.isNaN(this.remaining)) throw new Error('a chunk size that is no number');
      this.state = this.remaining === 0 ? 'trailer' : 'chunk';
    }
    return end + 2;
  }

  private readHead(text: string): void {
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    this.remaining = length === undefined ? 0 : Number(length);
    const chunked = length === undefined && /\r\ntransfer-encoding: *chunked/i.test(text);
    this.events.head(text);
    if (chunked) this.state = 'size';
    else if (this.remaining > 0) this.state = 'fixed';
    else this.finish();
  }

  private finish(): void {
    this.state = 'head';
    this.events.end();
  }
}
