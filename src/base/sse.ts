import { createCarry } from './carry.ts';
import { GatewayError } from './errors.ts';

/*
 * Finds the events in a stream of server-sent events (WHATWG HTML §9.2.6) without decoding or copying it.
 *
 * The stream is cut into blocks: every byte up to and including the blank line that ends an event. Comments and stray blank
 * lines are blocks too, so the blocks laid end to end are the stream itself, byte for byte: whoever drops one block and passes
 * the others on changes nothing else. A block that lies within one chunk is shown in place; one that is cut is collected in a
 * bounded buffer and shown as a copy of its own, so the bytes may be kept in both cases.
 *
 * Line ends may be LF, CRLF or CR. A blank line that ends in CR is the end of its block at once, for waiting to see whether an
 * LF follows would hold back the last event; an LF that then comes first in the next chunk is a block of its own, without data.
 */

/** Where things are in one block. The object is reused: read it within `onEvent`. Offsets are into the bytes beside it. */
export interface SseSpan {
  start: number;
  /** After the blank line. */
  end: number;
  /** Value of the first `data` line; -1 when the block has none (comment, ping, blank line). */
  dataStart: number;
  dataEnd: number;
  /** Number of `data` lines. With more than one, `parseEvent` has the joined text. */
  dataLines: number;
  /** Value of the last `event` line; -1 when there is none. */
  nameStart: number;
  nameEnd: number;
  /** False only for what `end` shows: a last block without its blank line. */
  terminated: boolean;
}

export type OnSseEvent = (bytes: Uint8Array, span: Readonly<SseSpan>) => void;

export interface SseScanner {
  /** Shows every block that this chunk completes, in order. Throws `upstream_reply_invalid` when one is over `eventBytesMax`. */
  push(chunk: Uint8Array, onEvent: OnSseEvent): void;
  /** Shows what is left after the last blank line, if anything. Some servers leave out the last blank line, so it may still matter. */
  end(onEvent: OnSseEvent): void;
  /** Bytes of an incomplete block, which wait for more. */
  readonly pendingBytes: number;
}

export interface SseScannerConfig {
  /** Longest block, in bytes; it also bounds the buffer. */
  readonly eventBytesMax: number;
}

/** One event in full, decoded. */
export interface SseEvent {
  /** Value of `event:`, or '' (which clients read as "message"). */
  readonly name: string;
  /** The `data` lines, joined by line feeds; `undefined` when there are none. */
  readonly data: string | undefined;
}

const LF = 10;
const CR = 13;
const COLON = 58;
const SPACE = 32;
const DATA = new TextEncoder().encode('data');
const EVENT = new TextEncoder().encode('event');

export function createSseScanner(config: SseScannerConfig): SseScanner {
  const { eventBytesMax } = config;
  const cursor = createCursor();
  const { span } = cursor;
  const carry = createCarry(eventBytesMax, () => tooLong(eventBytesMax));

  /** Shows all whole blocks from `start` on; returns where the first incomplete one begins. */
  const showBlocks = (bytes: Uint8Array, start: number, onEvent: OnSseEvent): number => {
    cursor.lf = UNKNOWN;
    cursor.cr = UNKNOWN;
    let position = start;
    while (position < bytes.length) {
      const end = readBlock(bytes, position, cursor);
      if (end === -1) break;
      if (end - position > eventBytesMax) throw tooLong(eventBytesMax);
      span.start = position;
      span.end = end;
      onEvent(bytes, span);
      position = end;
    }
    return position;
  };

  return {
    push(chunk, onEvent) {
      let position = 0;
      if (carry.length > 0) {
        const end = endOfCut(chunk, carry.lastByte);
        carry.add(end === -1 ? chunk : chunk.subarray(0, end));
        if (end === -1) return;
        showBlocks(carry.take(0), 0, onEvent);
        position = end;
      }
      position = showBlocks(chunk, position, onEvent);
      if (position < chunk.length) carry.add(position === 0 ? chunk : chunk.subarray(position));
    },
    end(onEvent) {
      const { length } = carry;
      if (length === 0) return;
      // The missing blank line is lent for reading, and not shown.
      const padded = carry.take(2).fill(LF, length);
      cursor.lf = UNKNOWN;
      cursor.cr = UNKNOWN;
      readBlock(padded, 0, cursor);
      span.start = 0;
      span.end = length;
      span.terminated = false;
      onEvent(padded.subarray(0, length), span);
      span.terminated = true;
    },
    get pendingBytes() {
      return carry.length;
    },
  };
}

/** Decodes one block. Slow beside reading the span: for events of several data lines, and for what is read anyway. */
export function parseEvent(block: Uint8Array): SseEvent {
  const data: string[] = [];
  let name = '';
  // TextDecoder drops a byte order mark by itself.
  for (const line of new TextDecoder().decode(block).split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') data.push(value);
    else if (field === 'event') name = value;
  }
  return { name, data: data.length === 0 ? undefined : data.join('\n') };
}

/** Where the scanner is: the span being filled, and the next line feed and carriage return, so that none is searched for twice. */
interface Cursor {
  readonly span: SseSpan;
  lf: number;
  cr: number;
  /** End of the line that is being read. */
  lineEnd: number;
}

const UNKNOWN = -1;

function createCursor(): Cursor {
  return {
    span: { start: 0, end: 0, dataStart: -1, dataEnd: -1, dataLines: 0, nameStart: -1, nameEnd: -1, terminated: true },
    lf: UNKNOWN,
    cr: UNKNOWN,
    lineEnd: 0,
  };
}

/** Reads the fields of the block that begins at `start`; returns the end of its blank line, or -1 when that is not among these bytes. */
function readBlock(bytes: Uint8Array, start: number, cursor: Cursor): number {
  const { span } = cursor;
  span.dataStart = -1;
  span.dataEnd = -1;
  span.dataLines = 0;
  span.nameStart = -1;
  span.nameEnd = -1;
  const { length } = bytes;
  let line = start;
  while (line < length) {
    const first = bytes[line];
    if (first === LF) return line + 1;
    if (first === CR) return bytes[line + 1] === LF ? line + 2 : line + 1;
    const end = endOfLine(bytes, line, cursor);
    if (end === length) return -1;
    cursor.lineEnd = end;
    // A byte order mark may come first in the stream; it is forgiven before every block. A line of nothing but the mark is not
    // blank: `endOfCut` could not tell, and blocks must not depend on where chunks are cut.
    readField(bytes, line === start ? afterMark(bytes, line) : line, cursor);
    line = bytes[end] === CR && bytes[end + 1] === LF ? end + 2 : end + 1;
  }
  return -1;
}

/** Offset of the line end after `from`, or the length of the bytes. */
function endOfLine(bytes: Uint8Array, from: number, cursor: Cursor): number {
  if (cursor.lf < from) {
    const found = bytes.indexOf(LF, from);
    cursor.lf = found === -1 ? bytes.length : found;
  }
  if (cursor.cr < from) {
    const found = bytes.indexOf(CR, from);
    cursor.cr = found === -1 ? bytes.length : found;
  }
  return cursor.cr < cursor.lf ? cursor.cr : cursor.lf;
}

/** Offset after the blank line that ends a block begun in an earlier chunk, whose last byte was `lastByte`; -1 when it is not here. */
function endOfCut(chunk: Uint8Array, lastByte: number): number {
  // The second half of a CRLF that was cut in two.
  let line = lastByte === CR && chunk[0] === LF ? 1 : 0;
  const cursor = createCursor();
  if (lastByte !== LF && lastByte !== CR) {
    const end = endOfLine(chunk, 0, cursor);
    line = chunk[end] === CR && chunk[end + 1] === LF ? end + 2 : end + 1;
  }
  while (line < chunk.length) {
    const end = endOfLine(chunk, line, cursor);
    const next = chunk[end] === CR && chunk[end + 1] === LF ? end + 2 : end + 1;
    if (end === line) return next;
    line = next;
  }
  return -1;
}

function readField(bytes: Uint8Array, start: number, cursor: Cursor): void {
  const { lineEnd, span } = cursor;
  const first = bytes[start];
  if (first === DATA[0]) {
    const value = valueStart(bytes, start, DATA);
    if (value === -1) return;
    if (span.dataLines === 0) {
      span.dataStart = value;
      span.dataEnd = lineEnd;
    }
    span.dataLines += 1;
  } else if (first === EVENT[0]) {
    const value = valueStart(bytes, start, EVENT);
    if (value === -1) return;
    span.nameStart = value;
    span.nameEnd = lineEnd;
  }
}

/** Where the value begins when the line's field is `name`, else -1. The caller has seen that a line end follows. */
function valueStart(bytes: Uint8Array, start: number, name: Uint8Array): number {
  for (let index = 1; index < name.length; index += 1) {
    if (bytes[start + index] !== name[index]) return -1;
  }
  const colon = start + name.length;
  if (bytes[colon] !== COLON) return bytes[colon] === LF || bytes[colon] === CR ? colon : -1;
  return bytes[colon + 1] === SPACE ? colon + 2 : colon + 1;
}

function afterMark(bytes: Uint8Array, start: number): number {
  return bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf ? start + 3 : start;
}

function tooLong(eventBytesMax: number): GatewayError {
  return new GatewayError('upstream_reply_invalid', `the upstream sent a stream event of more than ${eventBytesMax} bytes`);
}
