/*
 * One cached answer as bytes, the same for every store:
 *
 *   version (1 byte) · length of the head (4 bytes, big endian) · head (JSON) · body
 *
 * A store may hold what an older version wrote, or garbage: whatever does not decode is a miss.
 */

export interface CacheEntry {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Wall milliseconds. */
  readonly storedAtMs: number;
  readonly body: Uint8Array;
}

const VERSION = 1;
const HEAD_OFFSET = 5;

export function encodeEntry(entry: CacheEntry): Uint8Array {
  const head = Buffer.from(JSON.stringify([entry.status, entry.storedAtMs, entry.headers]));
  const bytes = new Uint8Array(HEAD_OFFSET + head.length + entry.body.length);
  bytes[0] = VERSION;
  new DataView(bytes.buffer).setUint32(1, head.length);
  bytes.set(head, HEAD_OFFSET);
  bytes.set(entry.body, HEAD_OFFSET + head.length);
  return bytes;
}

export function decodeEntry(bytes: Uint8Array): CacheEntry | undefined {
  if (bytes.length < HEAD_OFFSET || bytes[0] !== VERSION) return undefined;
  const headLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  const bodyOffset = HEAD_OFFSET + headLength;
  if (bodyOffset > bytes.length) return undefined;
  try {
    const head = JSON.parse(decoder.decode(bytes.subarray(HEAD_OFFSET, bodyOffset))) as [number, number, Record<string, string>];
    return { status: head[0], storedAtMs: head[1], headers: head[2], body: bytes.subarray(bodyOffset) };
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder();
