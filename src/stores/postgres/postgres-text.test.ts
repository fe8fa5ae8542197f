import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { decodeText, encodeText } from './postgres-text.ts';

const texts = fc.string({ unit: fc.constantFrom('\u0000', '\u0001', '\u0002', 'a', 'é', '\u{1f600}'), maxLength: 12 });

test('every text comes back as it was, and holds no NUL in between', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(encodeText(text)).not.toContain('\u0000');
      expect(decodeText(encodeText(text))).toBe(text);
    }),
  );
});

test('texts keep their order', () => {
  const order = (a: string, b: string) => Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
  fc.assert(fc.property(texts, texts, (a, b) => expect(order(encodeText(a), encodeText(b))).toBe(order(a, b))));
});
