import { expect, test } from 'bun:test';
import { uuidV5 } from './uuid-v5.ts';

test('a UUID of version 5 is the one of RFC 9562, appendix A.4', () => {
  expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});
