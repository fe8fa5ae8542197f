import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { createLineScanner, type OnLine } from './ndjson.ts';

interface Shown {
  readonly text: string;
  readonly terminated: boolean;
}

function linesOf(chunks: readonly Uint8Array[], lineBytesMax = 1_000): Shown[] {
  const scanner = createLineScanner({ lineBytesMax });
  const lines: Shown[] = [];
  const onLine: OnLine = (bytes, { start, end, terminated }) =>
    lines.push({ text: Buffer.from(bytes.subarray(start, end)).toString('latin1'), terminated });
  for (const chunk of chunks) scanner.push(chunk, onLine);
  scanner.end(onLine);
  return lines;
}

test('lines come out whole, with their line feeds, and a last one without', () => {
  expect(linesOf([Buffer.from('{"a":1}\r\n\n{"b"'), Buffer.from(':2}\n{"c":3}')])).toEqual([
    { text: '{"a":1}\r\n', terminated: true },
    { text: '\n', terminated: true },
    { text: '{"b":2}\n', terminated: true },
    { text: '{"c":3}', terminated: false },
  ]);
});

test('a line within a chunk is shown in place', () => {
  const chunk = Buffer.from('{"a":1}\n');
  createLineScanner({ lineBytesMax: 100 }).push(chunk, (bytes) => expect(bytes).toBe(chunk));
});

test('however the bytes are cut, the lines are the same, and laid end to end they are the stream', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200), { maxLength: 20 }), (noise, cuts) => {
      const bytes = noise.map((byte) => (byte % 5 === 0 ? 10 : byte));
      const ends = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].toSorted((one, other) => one - other);
      const chunks = [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      const lines = linesOf(chunks);
      expect(lines).toEqual(linesOf([bytes]));
      expect(lines.map(({ text }) => text).join('')).toBe(Buffer.from(bytes).toString('latin1'));
      for (const { text, terminated } of lines) expect(text.indexOf('\n')).toBe(terminated ? text.length - 1 : -1);
    }),
  );
});

for (const [name, chunks] of [
  ['in one piece', [Buffer.from(`${'x'.repeat(20)}\n`)]],
  ['in pieces', Array.from({ length: 20 }, () => Buffer.from('x'))],
  ['that ends in a later chunk', [Buffer.from('xxxxxxxxx'), Buffer.from('xx\n')]],
] as const) {
  test(`a line over the limit, ${name}, is refused`, () => {
    expect(() => linesOf(chunks, 10)).toThrow('more than 10 bytes');
  });
}

test('a line of just the limit is not', () => {
  expect(linesOf([Buffer.from('123456789\n')], 10)).toHaveLength(1);
  expect(linesOf([Buffer.from('12345'), Buffer.from('6789\n')], 10)).toHaveLength(1);
});
