import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { eachLeaf, formatPath, parsePath, valueAt } from './config-path.ts';

describe('a path', () => {
  for (const [path, text] of [
    [['server', 'port'], 'server.port'],
    [['auth', 'keys', 0, 'key'], 'auth.keys[0].key'],
    [['models', 'gpt-4.1', 'aliases', 2], 'models["gpt-4.1"].aliases[2]'],
    [['providers', 'max-serve'], 'providers.max-serve'],
    [['models', 'a"b'], 'models["a\\"b"]'],
  ] as const) {
    test(`is written ${text} and read back`, () => {
      expect(formatPath(path)).toBe(text);
      expect(parsePath(text)).toEqual([...path]);
    });
  }

  test('of any names survives being written and read', () => {
    const segment = fc.oneof(
      fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
      fc.nat(9999),
    );
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 8 }).map((name) => `a${name}`),
        fc.array(segment, { maxLength: 5 }),
        (first, rest) => {
          expect(parsePath(formatPath([first, ...rest]))).toEqual([first, ...rest]);
        },
      ),
    );
  });

  test('that makes no sense is none', () => {
    for (const text of ['', '.', 'a..b', 'a[', 'a[x]', 'a b', '__proto__.x', 'a.__proto__']) expect(parsePath(text)).toBeUndefined();
  });
});

test('inherited properties are no values', () => {
  expect(valueAt({}, ['constructor'])).toBeUndefined();
  expect(valueAt({ a: [1] }, ['a', 'length'])).toBe(1);
  expect(valueAt({ a: { b: [1, 2] } }, ['a', 'b', 1])).toBe(2);
});

test('leaves are scalars and what is empty', () => {
  const seen: string[] = [];
  eachLeaf({ a: 1, b: [], c: {}, d: [{ e: null }] }, (path) => seen.push(formatPath(path)));
  expect(seen).toEqual(['a', 'b', 'c', 'd[0].e']);
});
