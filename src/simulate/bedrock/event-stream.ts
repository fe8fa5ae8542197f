/*
 * The framing of `application/vnd.amazon.eventstream`, written from the specification (AWS, "Event stream encoding"). A message:
 *
 *   total length u32 | headers length u32 | CRC32 of both u32 | headers | payload | CRC32 of all before u32          big-endian
 *   a header: length of its name u8 | name | type u8 (7: text) | length of its value u16 | value
 *
 * Messages are given as text with one character for each byte (latin1): that is how delivery.ts takes bytes.
 */

export const EVENT_STREAM_HEADERS = { 'content-type': 'application/vnd.amazon.eventstream' } as const;

/** An event with a JSON payload. */
export function eventMessage(type: string, payload: string): string {
  return message({ ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' }, payload);
}

/** An exception in band: the stream ends with it. `type` as the service model writes the member: `throttlingException`. */
export function exceptionMessage(type: string, payload: string): string {
  return message({ ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' }, payload);
}

const TEXT = 7;
const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;

function message(headers: Readonly<Record<string, string>>, payload: string): string {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const body = Buffer.from(payload);
  const bytes = Buffer.alloc(PRELUDE_BYTES + head.length + body.length + CRC_BYTES);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(head.length, 4);
  bytes.writeUInt32BE(Bun.hash.crc32(bytes.subarray(0, 8)), 8);
  head.copy(bytes, PRELUDE_BYTES);
  body.copy(bytes, PRELUDE_BYTES + head.length);
  const end = bytes.length - CRC_BYTES;
  bytes.writeUInt32BE(Bun.hash.crc32(bytes.subarray(0, end)), end);
  return bytes.toString('latin1');
}

function header(name: string, value: string): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
  const sizes = Buffer.alloc(3);
  sizes.writeUInt8(TEXT, 0);
  sizes.writeUInt16BE(valueBytes.length, 1);
  return Buffer.concat([Buffer.of(nameBytes.length), nameBytes, sizes, valueBytes]);
}

const PADDING = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Bedrock pads its events, against listeners who count bytes: `p`, of a length that tells nothing. Ours follows from the text. */
export function padded(payload: object): string {
  const text = JSON.stringify(payload);
  return JSON.stringify({ ...payload, p: PADDING.slice(0, 3 + (Bun.hash.crc32(text) % (PADDING.length - 3))) });
}
