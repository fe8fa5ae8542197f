/* Where the items of a JSON array stand in its bytes, so that something can be put between two of them while every other byte stays as it was written. */

import { ARRAY_OPEN, endOfString, OBJECT_OPEN, QUOTE, skipSpace } from './json-text.ts';

/** Offsets into the bytes; without the space around it. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

const COMMA = 44;
const ARRAY_CLOSE = 93;
const OBJECT_CLOSE = 125;

/** The items of the array whose bracket is at `start`. The bytes are known to be JSON (`scanJson`). */
export function arrayItems(bytes: Uint8Array, start: number): JsonSpan[] {
  const items: JsonSpan[] = [];
  let position = skipSpace(bytes, start + 1);
  let depth = 0;
  let first = position;
  // Of the item that is being read, where its last word ended.
  let last = position;
  for (;;) {
    const byte = bytes[position];
    if (byte === undefined) return items;
    if (depth === 0 && (byte === COMMA || byte === ARRAY_CLOSE)) {
      if (last > first) items.push({ start: first, end: last });
      if (byte === ARRAY_CLOSE) return items;
      position = skipSpace(bytes, position + 1);
      first = position;
      last = position;
      continue;
    }
    if (byte === QUOTE) {
      position = endOfString(bytes, position);
    } else {
      if (byte === OBJECT_OPEN || byte === ARRAY_OPEN) depth += 1;
      else if (byte === OBJECT_CLOSE || byte === ARRAY_CLOSE) depth -= 1;
      position += 1;
    }
    last = position;
    position = skipSpace(bytes, position);
  }
}
