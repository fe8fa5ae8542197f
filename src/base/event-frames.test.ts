import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { GatewayError } from './errors.ts';
import { createFrameScanner, encodeFrame, encodeHeaders, type FrameSpan, frameHeaders } from './event-frames.ts';

const HEADERS = { ':event-type': 'contentBlockDelta', ':content-type': 'application/json', ':message-type': 'event' };

interface Seen {
  readonly headers: Record<string, string>;
  readonly payload: string;
  readonly bytes: string;
}

function read(chunks: readonly Uint8Array[], frameBytesMax = 1_000_000): { readonly seen: Seen[]; readonly pending: number } {
  const scanner = createFrameScanner({ frameBytesMax });
  const seen: Seen[] = [];
  const onFrame = (bytes: Uint8Array, span: Readonly<FrameSpan>): void => {
    seen.push({
      headers: Object.fromEntries(frameHeaders(bytes, span)),
      payload: Buffer.from(bytes.subarray(span.payloadStart, span.payloadEnd)).toString('latin1'),
      bytes: Buffer.from(bytes.subarray(span.start, span.end)).toString('hex'),
    });
  };
  for (const chunk of chunks) scanner.push(chunk, onFrame);
  return { seen, pending: scanner.pendingBytes };
}

const frames = [
  encodeFrame(encodeHeaders(HEADERS), Buffer.from('{"delta":{"text":"é ☕"}}')),
  encodeFrame(encodeHeaders({}), new Uint8Array(0)),
  encodeFrame(encodeHeaders(HEADERS), Buffer.alloc(70_000, 'x')),
];
const stream = Buffer.concat(frames);

test('headers of all kinds are passed over, and texts are read', () => {
  const header = (name: string, kind: number, value: readonly number[]): number[] => [name.length, ...Buffer.from(name), kind, ...value];
  const headers = Uint8Array.from([
    ...header('true', 0, []),
    ...header('false', 1, []),
    ...header('byte', 2, [1]),
    ...header('short', 3, [0, 1]),
    ...header('int', 4, [0, 0, 0, 1]),
    ...header('long', 5, Array<number>(8).fill(1)),
    ...header('bytes', 6, [0, 3, 1, 2, 3]),
    ...header('text', 7, [0, 3, ...Buffer.from('abc')]),
    ...header('time', 8, Array<number>(8).fill(0)),
    ...header('uuid', 9, Array<number>(16).fill(7)),
  ]);
  expect(read([encodeFrame(headers, Buffer.from('{}'))]).seen).toMatchObject([{ headers: { text: 'abc' }, payload: '{}' }]);
});

test('a stream is read the same wherever it is cut, and laid end to end its frames are the stream', () => {
  const { seen: wanted } = read([stream]);
  expect(wanted.map(({ bytes }) => bytes).join('')).toBe(stream.toString('hex'));
  const small = Buffer.concat(frames.slice(0, 2));
  for (let at = 0; at <= small.length; at += 1)
    expect(read([small.subarray(0, at), small.subarray(at)])).toEqual({ seen: wanted.slice(0, 2), pending: 0 });
  expect(read(Array.from(small, (byte) => Uint8Array.of(byte))).seen).toEqual(wanted.slice(0, 2));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      const chunks: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        chunks.push(stream.subarray(at, at + size));
        at += size;
      }
      expect(read(chunks)).toEqual({ seen: wanted, pending: 0 });
    }),
    { numRuns: 30 },
  );
});

test('what is cut waits, and is counted', () => {
  for (const left of [1, 11, 12, 13, 15]) expect(read([stream.subarray(0, (frames[0]?.length ?? 0) + left)]).pending).toBe(left);
});

test('a flipped bit anywhere is noticed, and nothing else is ever thrown', () => {
  const one = frames[0] ?? new Uint8Array(0);
  for (let at = 0; at < one.length; at += 1) {
    const broken = Uint8Array.from(one);
    broken[at] = (broken[at] ?? 0) ^ 4;
    expect(() => read([broken])).toThrow(GatewayError);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        read([bytes]);
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause;
      }
    }),
  );
});

test('lengths that can’t be are refused before they are waited for', () => {
  const prelude = (total: number, headers: number): Uint8Array => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32BE(total, 0);
    bytes.writeUInt32BE(headers, 4);
    bytes.writeUInt32BE(Bun.hash.crc32(bytes.subarray(0, 8)), 8);
    return bytes;
  };
  for (const [total, headers] of [
    [15, 0],
    [0, 0],
    [100, 90],
    [0xffff_ffff, 0],
    [1_001, 0],
  ] as const)
    expect(() => read([prelude(total, headers)], 1_000)).toThrow(GatewayError);
});

test('headers that lie about their lengths are refused', () => {
  for (const headers of [
    [5, 97],
    [1, 97, 7, 0, 9, 98],
    [1, 97, 99],
    [1, 97, 9, 1],
  ])
    expect(() => read([encodeFrame(Uint8Array.from(headers), new Uint8Array(0))])).toThrow(GatewayError);
});
