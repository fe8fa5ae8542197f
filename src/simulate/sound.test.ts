import { describe, expect, test } from 'bun:test';
import { companded, PIECE_BYTES, piece, pieceCount, secondsOf, wavHead } from './sound.ts';

function samples(...values: number[]): Buffer {
  // Every third is taken.
  const buffer = Buffer.alloc(values.length * 6);
  for (const [index, value] of values.entries()) buffer.writeInt16LE(value, index * 6);
  return buffer;
}

describe('G.711, by the tables of the recommendation', () => {
  test.each([
    ['pcmu', [0, 32_767, -32_768, 4, -4], [0xff, 0x80, 0x00, 0xfe, 0x7e]],
    ['pcma', [0, 32_767, -32_768, -1, 1_000], [0xd5, 0xaa, 0x2a, 0x55, 0xfa]],
  ] as const)('%s', (law, values, want) => {
    expect([...companded(samples(...values), law)]).toEqual([...want]);
  });

  test('every sample has its byte, and louder is never softer', () => {
    for (const law of ['pcmu', 'pcma'] as const) {
      const rising = companded(samples(...Array.from({ length: 32_768 }, (_, value) => value)), law);
      // Both laws invert bits, so that silence is not a run of zeros.
      const order = Array.from(rising, (byte) => (law === 'pcmu' ? ~byte & 127 : (byte ^ 0x55) & 127));
      expect(order.every((level, index) => index === 0 || level >= (order[index - 1] ?? 0))).toBe(true);
      expect(order.at(-1)).toBe(127);
    }
  });
});

describe('a recording', () => {
  test('lasts as long as its head says that its bytes do', () => {
    expect(secondsOf(Buffer.concat([wavHead(48_000), Buffer.alloc(48_000)]))).toBe(1);
    expect(secondsOf(Buffer.concat([wavHead(0xff_ff_ff_d0), Buffer.alloc(24_000)]))).toBe(0.5);
  });

  test.each([
    ['nothing', 0, 0],
    ['no WAV', 8_000, 2],
  ])('that is %s is guessed at', (_, bytes, want) => expect(secondsOf(Buffer.alloc(bytes))).toBe(want));

  test('that was cut within its head, or says that no byte is a second, has an end all the same', () => {
    const head = wavHead(100);
    for (let length = 0; length <= head.length; length += 1) expect(Number.isFinite(secondsOf(head.subarray(0, length)))).toBe(true);
    head.writeUInt32LE(0, 28);
    expect(secondsOf(head)).toBe(44 / 4_000);
  });
});

test('speech is as long as its words, and follows from them', () => {
  expect(pieceCount('one two')).toBe(12);
  expect(pieceCount('one two', 4)).toBe(3);
  expect(pieceCount('')).toBe(1);
  expect(piece('a', 0, 1)).toHaveLength(PIECE_BYTES);
  expect(piece('a', 3, 1).equals(piece('a', 3, 1))).toBe(true);
  expect(piece('a', 3, 1).equals(piece('b', 3, 1))).toBe(false);
});
