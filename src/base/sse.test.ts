import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createSseScanner, parseEvent, type SseSpan } from './sse.ts';

interface Seen {
  readonly block: string;
  readonly name: string;
  readonly data: string | undefined;
  readonly terminated: boolean;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function scan(chunks: readonly Uint8Array[], eventBytesMax = 4_096): Seen[] {
  const scanner = createSseScanner({ eventBytesMax });
  const seen: Seen[] = [];
  const collect = (bytes: Uint8Array, span: Readonly<SseSpan>) => {
    const slice = (start: number, end: number) => decoder.decode(bytes.subarray(start, end));
    const parsed = parseEvent(bytes.subarray(span.start, span.end));
    seen.push({ block: slice(span.start, span.end), name: parsed.name, data: parsed.data, terminated: span.terminated });
    // The span alone must agree with the full parse.
    if (span.dataLines === 0) expect(parsed.data).toBeUndefined();
    if (span.dataLines === 1) expect(slice(span.dataStart, span.dataEnd)).toBe(parsed.data ?? '(none)');
    if (span.dataLines > 1) expect(parsed.data?.startsWith(`${slice(span.dataStart, span.dataEnd)}\n`)).toBe(true);
    expect(span.nameStart === -1 ? '' : slice(span.nameStart, span.nameEnd)).toBe(parsed.name);
  };
  for (const chunk of chunks) scanner.push(chunk, collect);
  scanner.end(collect);
  expect(scanner.pendingBytes).toBe(0);
  return seen;
}

const withData = (seen: readonly Seen[]): string[] => seen.flatMap((event) => (event.data === undefined ? [] : [event.data]));

describe('sse scanner', () => {
  for (const row of [
    { name: 'a plain event', text: 'data: {"a":1}\n\n', want: ['{"a":1}'] },
    { name: 'several events in a chunk', text: 'data: a\n\ndata: b\n\ndata: [DONE]\n\n', want: ['a', 'b', '[DONE]'] },
    { name: 'no space after the colon', text: 'data:a\n\n', want: ['a'] },
    { name: 'only the first space belongs to the colon', text: 'data:  a \n\n', want: [' a '] },
    { name: 'CRLF line ends', text: 'event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n', want: ['a', 'b'] },
    { name: 'CR line ends', text: 'data: a\r\rdata: b\r\r', want: ['a', 'b'] },
    { name: 'mixed line ends', text: 'data: a\r\n\ndata: b\n\r\ndata: c\r\n\rdata: d\n\n', want: ['a', 'b', 'c', 'd'] },
    { name: 'several data lines are joined', text: 'data: a\ndata: b\n\n', want: ['a\nb'] },
    { name: 'a comment has no data', text: ': ping\n\ndata: a\n\n', want: ['a'] },
    { name: 'a byte order mark is skipped', text: '\uFEFFdata: a\n\n', want: ['a'] },
    { name: 'a byte order mark inside an event is part of a name', text: 'data: a\n\uFEFFdata: b\n\n', want: ['a'] },
    { name: 'data without a colon is empty', text: 'data\n\n', want: [''] },
    { name: 'a longer field name is another field', text: 'database: a\nevents: b\n\n', want: [] },
    { name: 'empty data', text: 'data:\n\ndata: \n\n', want: ['', ''] },
    { name: 'id and retry are not data', text: 'id: 1\nretry: 5\ndata: a\n\n', want: ['a'] },
    { name: 'stray blank lines', text: '\n\n\r\n\rdata: a\n\n\n', want: ['a'] },
    { name: 'a last event without its blank line', text: 'data: a\n\ndata: [DONE]\n', want: ['a', '[DONE]'] },
    { name: 'a last event without any line end', text: 'data: a\n\ndata: [DONE]', want: ['a', '[DONE]'] },
    { name: 'letters of several bytes', text: 'data: Grüße 🦊\n\n', want: ['Grüße 🦊'] },
  ]) {
    test(row.name, () => {
      const bytes = utf8(row.text);
      const whole = scan([bytes]);
      expect(withData(whole)).toEqual(row.want);
      expect(whole.map((event) => event.block).join('')).toBe(row.text);
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const seen = scan([bytes.subarray(0, cut), bytes.subarray(cut)]);
        expect(withData(seen)).toEqual(row.want);
        expect(seen.map((event) => event.block).join('')).toBe(row.text);
      }
      const byteByByte = scan(Array.from(bytes, (byte) => Uint8Array.of(byte)));
      expect(withData(byteByByte)).toEqual(row.want);
    });
  }

  test('any stream cut anywhere gives the same events and the same bytes', () => {
    const piece = fc.constantFrom(
      'data: ',
      'data:',
      'data',
      'event: x',
      ': c',
      '{"a":"b"}',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '\r\n\r\n',
      'é',
      '🦊',
      ' ',
      '\uFEFF',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(100), { maxLength: 8 }), (pieces, cuts) => {
        const bytes = utf8(pieces.join(''));
        const offsets = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = offsets.slice(1).map((end, index) => bytes.subarray(offsets[index], end));
        const whole = scan([bytes]);
        const cutUp = scan(chunks);
        expect(withData(cutUp)).toEqual(withData(whole));
        expect(cutUp.map((event) => event.block).join('')).toBe(decoder.decode(bytes));
        // Blocks differ at most where a CRLF was cut in two.
        if (!pieces.some((text) => text.includes('\r'))) expect(cutUp).toEqual(whole);
      }),
      { numRuns: 2_000 },
    );
  });

  test('an event may be exactly as long as allowed, and not longer, however it is cut', () => {
    const event = utf8('data: 0123\n\n');
    for (let cut = 0; cut < event.length; cut += 1) {
      const chunks = [event.subarray(0, cut), event.subarray(cut)];
      expect(withData(scan(chunks, event.length))).toEqual(['0123']);
      expect(() => scan(chunks, event.length - 1)).toThrow('of more than 11 bytes');
    }
  });

  test('an endless line is refused when it passes the bound, not when memory is full', () => {
    const scanner = createSseScanner({ eventBytesMax: 10_000 });
    const chunk = new Uint8Array(1_000).fill(97);
    const seen = () => expect.unreachable();
    for (let index = 0; index < 10; index += 1) scanner.push(chunk, seen);
    expect(() => scanner.push(chunk, seen)).toThrow('of more than 10000 bytes');
  });

  test('a whole event is shown in place, a cut one as a copy that stays as it is', () => {
    const scanner = createSseScanner({ eventBytesMax: 1_000 });
    const kept: { bytes: Uint8Array; text: string }[] = [];
    const keep = (bytes: Uint8Array, span: Readonly<SseSpan>) => {
      const part = bytes.subarray(span.start, span.end);
      kept.push({ bytes: part, text: decoder.decode(part) });
    };
    const first = utf8('data: a\n\ndata: ');
    scanner.push(first, keep);
    scanner.push(utf8('b\n\ndata: cc'), keep);
    scanner.push(utf8('c\n\n'), keep);
    expect(kept[0]?.bytes.buffer).toBe(first.buffer);
    expect(kept.map((entry) => entry.text)).toEqual(['data: a\n\n', 'data: b\n\n', 'data: ccc\n\n']);
    expect(kept.map((entry) => decoder.decode(entry.bytes))).toEqual(kept.map((entry) => entry.text));
  });

  test('an unterminated last event is marked so', () => {
    expect(scan([utf8('data: a\n\ndata: b')]).map((event) => event.terminated)).toEqual([true, false]);
  });
});
