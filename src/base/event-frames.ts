/*
 * The framing of `application/vnd.amazon.eventstream`, in which AWS streams. A frame:
 *
 *   total length u32 | length of the headers u32 | CRC32 of both u32 | headers | payload | CRC32 of all before u32          big-endian
 *   a header: length of its name u8 | name | kind u8 (7: text) | value, whose length depends on the kind
 *
 * Frames laid end to end are the stream itself, byte for byte. One that lies within a chunk is shown in place; one that is cut is collected in a bounded
 * buffer, and shown as a copy of its own. Source: smithy.io/2.0/aws/amazon-eventstream.html.
 */

import { createCarry } from './carry.ts';
import { GatewayError } from './errors.ts';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const FRAME_BYTES_MIN = PRELUDE_BYTES + CRC_BYTES;
/** Of the specification. */
const HEADERS_BYTES_MAX = 131_072;
const TEXT_KIND = 7;
/** Bytes of a value by its kind: true, false, byte, short, int, long, (bytes, text: told with a length), timestamp, UUID. */
const VALUE_BYTES = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16] as const;

/** Where things are in one frame. The object is reused: read it within `onFrame`. Offsets are into the bytes beside it. */
export interface FrameSpan {
  start: number;
  end: number;
  headersStart: number;
  payloadStart: number;
  payloadEnd: number;
}

export type OnFrame = (bytes: Uint8Array, span: Readonly<FrameSpan>) => void;

export interface FrameScanner {
  /** Shows every frame that this chunk completes, in order. Throws `upstream_reply_invalid` when one is malformed or over the bound. */
  push(chunk: Uint8Array, onFrame: OnFrame): void;
  /** Bytes of an incomplete frame, which wait for more. */
  readonly pendingBytes: number;
}

/** `frameBytesMax` also bounds the buffer. */
export function createFrameScanner({ frameBytesMax }: { readonly frameBytesMax: number }): FrameScanner {
  const span: FrameSpan = { start: 0, end: 0, headersStart: 0, payloadStart: 0, payloadEnd: 0 };
  const carry = createCarry(frameBytesMax, () => invalid('a frame is too long'));
  // Of the frame in the carry; 0: its prelude is not whole.
  let expected = 0;

  const show = (bytes: Uint8Array, start: number, onFrame: OnFrame): void => {
    const view = viewOf(bytes);
    const end = start + view.getUint32(start);
    if (view.getUint32(end - CRC_BYTES) !== crc32(bytes.subarray(start, end - CRC_BYTES))) throw invalid('a frame fails its checksum');
    span.start = start;
    span.end = end;
    span.headersStart = start + PRELUDE_BYTES;
    span.payloadStart = span.headersStart + view.getUint32(start + 4);
    span.payloadEnd = end - CRC_BYTES;
    onFrame(bytes, span);
  };

  /** Puts the rest of a cut frame to its beginning; returns what of the chunk it took. */
  const complete = (chunk: Uint8Array, onFrame: OnFrame): number => {
    let taken = 0;
    if (expected === 0) {
      taken = Math.min(PRELUDE_BYTES - carry.length, chunk.length);
      carry.add(chunk.subarray(0, taken));
      if (carry.length < PRELUDE_BYTES) return taken;
      const prelude = carry.take(0);
      expected = frameBytes(prelude, 0, frameBytesMax);
      carry.add(prelude);
    }
    const rest = Math.min(expected - carry.length, chunk.length - taken);
    carry.add(chunk.subarray(taken, taken + rest));
    if (carry.length === expected) {
      expected = 0;
      show(carry.take(0), 0, onFrame);
    }
    return taken + rest;
  };

  return {
    push(chunk, onFrame) {
      let position = carry.length === 0 ? 0 : complete(chunk, onFrame);
      while (chunk.length - position >= PRELUDE_BYTES) {
        const length = frameBytes(chunk, position, frameBytesMax);
        if (chunk.length - position < length) break;
        show(chunk, position, onFrame);
        position += length;
      }
      if (position < chunk.length) complete(chunk.subarray(position), onFrame);
    },
    get pendingBytes() {
      return carry.length;
    },
  };
}

/** Length of the frame whose prelude begins here; its checksum keeps a stream of anything else from being waited for. */
function frameBytes(bytes: Uint8Array, start: number, max: number): number {
  const view = viewOf(bytes);
  if (view.getUint32(start + 8) !== crc32(bytes.subarray(start, start + 8))) throw invalid('a frame fails the checksum of its beginning');
  const length = view.getUint32(start);
  const headers = view.getUint32(start + 4);
  if (length > max) throw invalid('a frame is too long');
  if (length < FRAME_BYTES_MIN || headers > HEADERS_BYTES_MAX || headers > length - FRAME_BYTES_MIN)
    throw invalid('a frame has impossible lengths');
  return length;
}

/** The headers that are texts, which all that say something are. Throws `upstream_reply_invalid` for a malformed one. */
export function frameHeaders(bytes: Uint8Array, { headersStart, payloadStart }: Readonly<FrameSpan>): Map<string, string> {
  const headers = new Map<string, string>();
  const view = viewOf(bytes);
  let at = headersStart;
  const step = (length: number): number => {
    const from = at;
    at += length;
    if (at > payloadStart) throw invalid('a header of a frame is cut');
    return from;
  };
  while (at < payloadStart) {
    const nameBytes = view.getUint8(step(1));
    const name = textOf(bytes, step(nameBytes), at);
    const kind = view.getUint8(step(1));
    const fixed = VALUE_BYTES[kind];
    if (fixed === undefined) throw invalid('a header of a frame is of a kind that there is not');
    const length = fixed === -1 ? view.getUint16(step(2)) : fixed;
    const from = step(length);
    if (kind === TEXT_KIND) headers.set(name, textOf(bytes, from, at));
  }
  return headers;
}

/** The bytes of headers, which are the same for every frame of a kind. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Uint8Array {
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => {
      const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
      return [Buffer.of(nameBytes.length), nameBytes, Buffer.of(TEXT_KIND, valueBytes.length >> 8, valueBytes.length & 255), valueBytes];
    }),
  );
}

/** One frame. */
export function encodeFrame(headers: Uint8Array, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_BYTES_MIN + headers.length + payload.length);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length);
  view.setUint32(4, headers.length);
  view.setUint32(8, crc32(bytes.subarray(0, 8)));
  bytes.set(headers, PRELUDE_BYTES);
  bytes.set(payload, PRELUDE_BYTES + headers.length);
  const end = bytes.length - CRC_BYTES;
  view.setUint32(end, crc32(bytes.subarray(0, end)));
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  return Bun.hash.crc32(bytes);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

function invalid(message: string): GatewayError {
  return new GatewayError('upstream_reply_invalid', message);
}
