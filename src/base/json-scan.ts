import { isUtf8 } from 'node:buffer';
import {
  ARRAY_OPEN,
  BACKSLASH,
  endOfScalar,
  endOfString,
  invalidUtf8Offset,
  JsonScanError,
  OBJECT_OPEN,
  QUOTE,
  skipSpace,
  unexpected,
} from './json-text.ts';

/*
 * Checks a JSON text (RFC 8259) in its bytes, and says where the members of the top-level object are, so that one can be read
 * or replaced while every other byte stays as the caller wrote it.
 *
 * The whole grammar is checked, not only what we read: what is passed on is then what every other parser takes for valid, too.
 * It accepts exactly what `JSON.parse` accepts, less what is over the limits and top-level keys that occur twice, because two
 * parsers that choose differently between them would see two requests in one. Keys are compared as decoded: "mod\u0065l" is "model".
 *
 * It walks without recursion and makes no object per value: 0.4 to 1.3 ns per byte (bench/micro/base/json-scan.ts), about what
 * decoding and `JSON.parse` take, which leave the garbage of the whole tree, know no limits and lose where things were.
 */

export { JsonScanError } from './json-text.ts';

export interface JsonLimits {
  /** Containers inside each other; at most 1,024. */
  readonly depthMax: number;
  /** Values of all kinds, containers included. */
  readonly nodesMax: number;
  /** Bytes of one key as written, at any depth, without its quotes. */
  readonly keyBytesMax: number;
  /** Members of the top-level object. */
  readonly membersMax: number;
}

export const JSON_LIMITS: JsonLimits = { depthMax: 64, nodesMax: 200_000, keyBytesMax: 256, membersMax: 256 };

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** A member of the top-level object. Offsets are into the scanned bytes. */
export interface JsonMember {
  readonly kind: JsonKind;
  /** Place among the members, from 0. */
  readonly index: number;
  /** The opening quote of the key. */
  readonly keyStart: number;
  /** The value, without the space around it. */
  readonly start: number;
  readonly end: number;
}

/** What a scan found. It refers to the bytes: they must not change while it is used. */
export interface JsonScan {
  readonly bytes: Uint8Array;
  /** Kind of the top-level value; only an object has members. */
  readonly kind: JsonKind;
  /** Number of top-level members. */
  readonly size: number;
  /** Number of values of all kinds. */
  readonly nodes: number;
  /** Whether a member's name has anything but small ASCII letters, digits and signs: only then can it be another spelling of such a name. */
  readonly hasOddNames: boolean;
  get(name: string): JsonMember | undefined;
  at(index: number): JsonMember | undefined;
  /** Names in the order of the text. */
  names(): string[];
}

const COMMA = 44;
const COLON = 58;
const OBJECT_CLOSE = 125;
const CAPITAL_A = 65;
const CAPITAL_Z = 90;

// What closes each open container. One for all scans: a scan never waits, so no two run at once.
const CLOSERS = new Uint8Array(1_024);

/** Checks the whole text and finds its top-level members. Throws a `JsonScanError`. */
export function scanJson(bytes: Uint8Array, limits: JsonLimits = JSON_LIMITS): JsonScan {
  if (!isUtf8(bytes)) throw new JsonScanError('utf8', 'invalid UTF-8', { bytes, offset: invalidUtf8Offset(bytes) });
  const depthMax = Math.min(limits.depthMax, CLOSERS.length);
  let position = skipSpace(bytes, 0);
  const scan = new Scan(bytes, position, limits.membersMax);
  let depth = 0;

  for (;;) {
    if (depth > 0 && CLOSERS[depth - 1] === OBJECT_CLOSE) {
      const key = position;
      if (bytes[key] !== QUOTE) throw unexpected(bytes, key);
      const keyEnd = endOfString(bytes, key);
      if (keyEnd - key - 2 > limits.keyBytesMax)
        throw new JsonScanError('key', `a key of more than ${limits.keyBytesMax} bytes`, { bytes, offset: key });
      position = skipSpace(bytes, keyEnd);
      if (bytes[position] !== COLON) throw unexpected(bytes, position);
      position = skipSpace(bytes, position + 1);
      if (depth === 1) scan.begin(key, keyEnd, position);
    }
    // A value begins here.
    scan.nodes += 1;
    if (scan.nodes > limits.nodesMax) throw new JsonScanError('nodes', `more than ${limits.nodesMax} values`, { bytes, offset: position });
    const first = bytes[position];
    if (first === QUOTE) {
      position = endOfString(bytes, position);
    } else if (first === OBJECT_OPEN || first === ARRAY_OPEN) {
      if (depth === depthMax) throw new JsonScanError('depth', `more than ${depthMax} levels of nesting`, { bytes, offset: position });
      const closer = first + 2;
      position = skipSpace(bytes, position + 1);
      if (bytes[position] !== closer) {
        CLOSERS[depth] = closer;
        depth += 1;
        continue;
      }
      position += 1;
    } else {
      position = endOfScalar(bytes, position);
    }
    // A value ended here. Close what closes, up to a comma or the end of the text.
    for (;;) {
      if (depth === 1) scan.end(position);
      position = skipSpace(bytes, position);
      if (depth === 0) {
        if (position < bytes.length) throw unexpected(bytes, position);
        return scan;
      }
      const next = bytes[position];
      position += 1;
      if (next === COMMA) break;
      if (next !== CLOSERS[depth - 1]) throw unexpected(bytes, position - 1);
      depth -= 1;
    }
    position = skipSpace(bytes, position);
  }
}

/** The text of a string member, decoded; `undefined` when it is absent or of another kind. */
export function memberString(scan: JsonScan, name: string): string | undefined {
  const member = scan.get(name);
  return member?.kind === 'string' ? decodeString(scan.bytes, member.start, member.end) : undefined;
}

/** The value of a number member; `undefined` when it is absent, of another kind, or too large for a double. */
export function memberNumber(scan: JsonScan, name: string): number | undefined {
  const member = scan.get(name);
  if (member?.kind !== 'number') return undefined;
  const value = Number(text(scan.bytes, member.start, member.end));
  return Number.isFinite(value) ? value : undefined;
}

/** The value of a boolean member; `undefined` when it is absent or of another kind. */
export function memberBoolean(scan: JsonScan, name: string): boolean | undefined {
  const member = scan.get(name);
  return member?.kind === 'boolean' ? scan.bytes[member.start] === 116 /* t */ : undefined;
}

/** The value of a member of any kind, by `JSON.parse`; `undefined` when it is absent. */
export function memberJson(scan: JsonScan, name: string): unknown {
  const member = scan.get(name);
  return member === undefined ? undefined : (JSON.parse(text(scan.bytes, member.start, member.end)) as unknown);
}

class Scan implements JsonScan {
  readonly bytes: Uint8Array;
  readonly kind: JsonKind;
  nodes = 0;
  hasOddNames = false;
  private readonly membersMax: number;
  // Four numbers for each member: start of the key, length of the name, start of the value, end of the value.
  private readonly table: number[] = [];
  // Names that are not their bytes as written (escapes, letters beyond ASCII).
  private decoded: Map<number, string> | undefined;
  private seen: Set<string> | undefined;

  constructor(bytes: Uint8Array, start: number, membersMax: number) {
    this.bytes = bytes;
    this.kind = kindAt(bytes, start);
    this.membersMax = membersMax;
  }

  get size(): number {
    return this.table.length / 4;
  }

  get(name: string): JsonMember | undefined {
    for (let index = 0; index < this.size; index += 1) {
      if (this.isNamed(index * 4, name)) return this.at(index);
    }
    return undefined;
  }

  at(index: number): JsonMember | undefined {
    const row = index * 4;
    const start = this.table[row + 2];
    if (start === undefined) return undefined;
    return { kind: kindAt(this.bytes, start), index, keyStart: this.table[row] ?? 0, start, end: this.table[row + 3] ?? 0 };
  }

  names(): string[] {
    return Array.from({ length: this.size }, (_, index) => this.nameOf(index * 4));
  }

  /** Opens a member: the key lies between the quotes at `key` and `keyEnd - 1`, its value begins at `start`. */
  begin(key: number, keyEnd: number, start: number): void {
    const { table, bytes } = this;
    const row = table.length;
    if (row === this.membersMax * 4) throw new JsonScanError('members', `more than ${this.membersMax} members`, { bytes, offset: key });
    table.push(key, keyEnd - key - 2, start, start);
    const spelling = spellingOf(bytes, key + 1, keyEnd - 1);
    if (spelling !== 'small') this.hasOddNames = true;
    if (spelling === 'encoded') {
      this.decoded ??= new Map();
      this.decoded.set(row, decodeString(bytes, key, keyEnd));
    }
    if (this.isRepeated(row)) throw new JsonScanError('duplicate', `the key '${this.nameOf(row)}' occurs twice`, { bytes, offset: key });
  }

  /** Closes the member that was opened last; does nothing in an array. */
  end(end: number): void {
    if (this.table.length > 0) this.table[this.table.length - 1] = end;
  }

  private nameOf(row: number): string {
    const start = (this.table[row] ?? 0) + 1;
    return this.decoded?.get(row) ?? text(this.bytes, start, start + (this.table[row + 1] ?? 0));
  }

  private isNamed(row: number, name: string): boolean {
    const decoded = this.decoded?.get(row);
    if (decoded !== undefined) return decoded === name;
    if (this.table[row + 1] !== name.length) return false;
    const start = (this.table[row] ?? 0) + 1;
    for (let index = 0; index < name.length; index += 1) {
      if (this.bytes[start + index] !== name.charCodeAt(index)) return false;
    }
    return true;
  }

  /** Comparing bytes is fastest for the few plain keys of an honest request; a set keeps a dishonest one from being quadratic. */
  private isRepeated(row: number): boolean {
    if (this.seen === undefined && this.decoded === undefined && row < 64) {
      for (let earlier = 0; earlier < row; earlier += 4) {
        if (this.table[earlier + 1] === this.table[row + 1] && this.isSameKey(earlier, row)) return true;
      }
      return false;
    }
    this.seen ??= new Set(this.names().slice(0, -1));
    const name = this.nameOf(row);
    if (this.seen.has(name)) return true;
    this.seen.add(name);
    return false;
  }

  private isSameKey(one: number, other: number): boolean {
    const first = (this.table[one] ?? 0) + 1;
    const second = (this.table[other] ?? 0) + 1;
    const length = this.table[one + 1] ?? 0;
    for (let index = 0; index < length; index += 1) {
      if (this.bytes[first + index] !== this.bytes[second + index]) return false;
    }
    return true;
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function text(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

/** Decodes the string literal between two quotes. */
function decodeString(bytes: Uint8Array, start: number, end: number): string {
  const inner = bytes.subarray(start + 1, end - 1);
  if (!inner.includes(BACKSLASH)) return decoder.decode(inner);
  return JSON.parse(text(bytes, start, end)) as string;
}

/** `encoded`: it is not its bytes as written; `capital`: it is, and has a capital letter. */
function spellingOf(bytes: Uint8Array, start: number, end: number): 'small' | 'capital' | 'encoded' {
  let spelling: 'small' | 'capital' = 'small';
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte > 127 || byte === BACKSLASH) return 'encoded';
    if (byte >= CAPITAL_A && byte <= CAPITAL_Z) spelling = 'capital';
  }
  return spelling;
}

function kindAt(bytes: Uint8Array, start: number): JsonKind {
  switch (bytes[start]) {
    case OBJECT_OPEN:
      return 'object';
    case ARRAY_OPEN:
      return 'array';
    case QUOTE:
      return 'string';
    case 116: // t
    case 102: // f
      return 'boolean';
    case 110: // n
      return 'null';
    default:
      return 'number';
  }
}
