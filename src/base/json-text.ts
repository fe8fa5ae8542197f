import { isUtf8 } from 'node:buffer';

/*
 * The words of JSON (RFC 8259 §3, §6, §7) in UTF-8 bytes: each function takes where a word begins, says where it ends, or throws.
 * Offsets past the end are safe: what is read there is `undefined`, which is no word.
 */

export type JsonFault = 'syntax' | 'truncated' | 'utf8' | 'duplicate' | 'depth' | 'nodes' | 'key' | 'members';

/** Why a text was refused. The message says what and where, and may be shown to the one who sent it. */
export class JsonScanError extends Error {
  override readonly name = 'JsonScanError';
  readonly fault: JsonFault;
  /** Byte offset, from 0. */
  readonly offset: number;
  /** Line and column (in characters), from 1. */
  readonly line: number;
  readonly column: number;

  constructor(fault: JsonFault, what: string, place: { readonly bytes: Uint8Array; readonly offset: number }) {
    const { bytes, offset } = place;
    const before = bytes.subarray(0, offset);
    const line = before.reduce((lines, byte) => (byte === LF ? lines + 1 : lines), 1);
    const column = new TextDecoder().decode(before.subarray(before.lastIndexOf(LF) + 1)).length + 1;
    super(`${what} at byte ${offset} (line ${line}, column ${column})`);
    this.fault = fault;
    this.offset = offset;
    this.line = line;
    this.column = column;
  }
}

const LF = 10;
export const QUOTE = 34;
export const BACKSLASH = 92;
export const OBJECT_OPEN = 123;
export const ARRAY_OPEN = 91;

/** Offset of the first byte that is not white space. */
export function skipSpace(bytes: Uint8Array, start: number): number {
  let position = start;
  let byte = bytes[position];
  while (byte === 32 || byte === LF || byte === 13 || byte === 9) {
    position += 1;
    byte = bytes[position];
  }
  return position;
}

// What a byte means inside a string: 0 itself, 1 the end, 2 an escape, 3 a control character, which must be escaped.
const IN_STRING = Uint8Array.from({ length: 256 }, (_, byte) => (byte === QUOTE ? 1 : byte === BACKSLASH ? 2 : byte < 32 ? 3 : 0));

/** Offset after the closing quote of the string whose opening quote is at `start`. */
export function endOfString(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  let position = start + 1;
  while (position < length) {
    const meaning = IN_STRING[bytes[position] as number];
    if (meaning === 0) position += 1;
    else if (meaning === 1) return position + 1;
    else if (meaning === 2) position = endOfEscape(bytes, position);
    else throw new JsonScanError('syntax', 'unescaped control character in a string', { bytes, offset: position });
  }
  throw unexpected(bytes, length);
}

function endOfEscape(bytes: Uint8Array, start: number): number {
  const letter = bytes[start + 1];
  if (letter === undefined) throw unexpected(bytes, bytes.length);
  if (letter !== 117 /* u */) {
    if (SIMPLE_ESCAPES.includes(letter)) return start + 2;
    throw new JsonScanError('syntax', 'invalid escape in a string', { bytes, offset: start });
  }
  for (let position = start + 2; position < start + 6; position += 1) {
    if (!isHexDigit(bytes[position]))
      throw position < bytes.length
        ? new JsonScanError('syntax', 'invalid \\u escape in a string', { bytes, offset: start })
        : unexpected(bytes, position);
  }
  return start + 6;
}

const SIMPLE_ESCAPES = new TextEncoder().encode('"\\/bfnrt');

function isHexDigit(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102));
}

const LITERALS = ['true', 'false', 'null'].map((word) => new TextEncoder().encode(word));

/** Offset after the number or the word at `start`. */
export function endOfScalar(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === 45 /* - */ || isDigit(first)) return endOfNumber(bytes, start);
  const literal = LITERALS.find((word) => word[0] === first);
  if (literal === undefined) throw unexpected(bytes, start);
  for (let index = 1; index < literal.length; index += 1) {
    if (bytes[start + index] !== literal[index]) throw unexpected(bytes, start + index);
  }
  return start + literal.length;
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  let position = bytes[start] === 45 /* - */ ? start + 1 : start;
  // A zero stands alone: "01" is no number.
  position = bytes[position] === 48 /* 0 */ ? position + 1 : endOfDigits(bytes, position);
  if (bytes[position] === 46 /* . */) position = endOfDigits(bytes, position + 1);
  if (bytes[position] === 101 /* e */ || bytes[position] === 69 /* E */) {
    const sign = bytes[position + 1];
    position = endOfDigits(bytes, sign === 43 /* + */ || sign === 45 /* - */ ? position + 2 : position + 1);
  }
  return position;
}

/** Offset after one or more digits. */
function endOfDigits(bytes: Uint8Array, start: number): number {
  if (!isDigit(bytes[start])) throw unexpected(bytes, start);
  let position = start + 1;
  while (isDigit(bytes[position])) position += 1;
  return position;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** The error for a byte that fits nowhere, or for the end of the text when `offset` is there. */
export function unexpected(bytes: Uint8Array, offset: number): JsonScanError {
  const byte = bytes[offset];
  if (byte === undefined) return new JsonScanError('truncated', 'unexpected end of JSON', { bytes, offset: bytes.length });
  const shown = byte > 32 && byte < 127 ? `character '${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16).padStart(2, '0')}`;
  return new JsonScanError('syntax', `unexpected ${shown}`, { bytes, offset });
}

/** Offset of the first byte that is not part of valid UTF-8. */
export function invalidUtf8Offset(bytes: Uint8Array): number {
  let position = 0;
  while (position < bytes.length) {
    const lead = bytes[position] ?? 0;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length > 1 && !isUtf8(bytes.subarray(position, position + length))) break;
    position += length;
  }
  return position;
}
