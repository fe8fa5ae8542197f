import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { mayHoldEnvelope, readSignature, writeSignature } from './dialect-signature.ts';

test('whoever speaks a dialect sees its own signatures as they are', () => {
  expect(writeSignature({ dialect: 'mine', value: 'EqQB+/=' }, 'mine')).toBe('EqQB+/=');
  expect(readSignature('EqQB+/=', 'mine')).toEqual({ dialect: 'mine', value: 'EqQB+/=' });
});

test('a foreign signature comes back as whose it is, and is seen in a request', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const written = writeSignature({ dialect: 'theirs', value }, 'mine');
      expect(written).toMatch(/^[A-Za-z0-9+/]+=*$/);
      expect(readSignature(written, 'mine')).toEqual({ dialect: 'theirs', value });
      expect(mayHoldEnvelope(Buffer.from(JSON.stringify({ a: [{ signature: written }] })))).toBe(true);
    }),
  );
});

test('what only looks like an envelope is a signature like any other', () => {
  const cut = writeSignature({ dialect: 'theirs', value: '' }, 'mine').slice(0, 14);
  expect(readSignature(cut, 'mine')).toEqual({ dialect: 'mine', value: cut });
  expect(mayHoldEnvelope(Buffer.from('{"signature":"EqQB"}'))).toBe(false);
});
