import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { embed } from './embedding.ts';
import { cutAtStop, hashDigits, prose, seededRandom, tokenize } from './text.ts';

test('the same seed gives the same numbers, in [0, 1), and another seed gives others', () => {
  const draw = (seed: number) => Array.from({ length: 1_000 }, seededRandom(seed));
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7).every((value) => value >= 0 && value < 1)).toBe(true);
  const mean = draw(7).reduce((total, value) => total + value, 0) / 1_000;
  expect(mean).toBeCloseTo(0.5, 1);
});

test('ids have the length asked for, and follow from text and seed', () => {
  expect(hashDigits('a', 1, 29)).toMatch(/^[0-9a-f]{29}$/);
  expect(hashDigits('a', 1)).toBe(hashDigits('a', 1));
  expect(hashDigits('a', 1)).not.toBe(hashDigits('a', 2));
});

test('prose has as many tokens as asked for, none of them empty', () => {
  for (const count of [0, 1, 2, 50]) {
    const tokens = prose(count, seededRandom(3));
    expect(tokens).toHaveLength(count);
    expect(tokens.every((token) => token.length > 0)).toBe(true);
  }
  expect(prose(12, seededRandom(3)).join('')).toMatch(/^[A-Z].*\.$/);
});

test('tokens of any text join to that text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      expect(tokenize(text).join('')).toBe(text);
    }),
  );
});

describe('a stop sequence', () => {
  const tokens = ['One', ' two', ' three', ' two'];
  const rows: [stops: string[], want: string][] = [
    [[], 'One two three two'],
    [['never'], 'One two three two'],
    [['two'], 'One '],
    [['wo th'], 'One t'],
    [['three', 'ne'], 'O'],
    [['One'], ''],
    [[''], 'One two three two'],
  ];
  for (const [stops, want] of rows) {
    test(`${JSON.stringify(stops)} leaves '${want}'`, () => {
      expect(cutAtStop(tokens, stops).tokens.join('')).toBe(want);
    });
  }
});

test('an embedding has unit length, repeats, and is nearer to a text that shares words', () => {
  const dot = (left: Float32Array, right: Float32Array) => left.reduce((total, value, index) => total + value * (right[index] ?? 0), 0);
  const vector = (text: string) => embed(text, 256, 1);
  const river = vector('the long river runs to the sea');
  expect(dot(river, river)).toBeCloseTo(1, 5);
  expect([...vector('the long river runs to the sea')]).toEqual([...river]);
  expect(dot(river, vector('a long river runs to the ocean'))).toBeGreaterThan(dot(river, vector('quarterly tax report')) + 0.2);
});
