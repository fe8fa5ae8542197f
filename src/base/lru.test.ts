import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { createLru } from './lru.ts';

test('the entry that was not used for the longest time goes first', () => {
  const lru = createLru<number>({ bytesMax: 100, entriesMax: 3 });
  for (const [index, key] of ['a', 'b', 'c'].entries()) lru.set(key, index, 1);
  lru.get('a');
  lru.set('d', 3, 1);
  expect(['a', 'b', 'c', 'd'].map((key) => lru.get(key))).toEqual([0, undefined, 2, 3]);
});

test('as many go as the bytes need', () => {
  const lru = createLru<string>({ bytesMax: 10, entriesMax: 100 });
  for (const key of ['a', 'b', 'c']) lru.set(key, key, 3);
  lru.set('d', 'd', 6);
  expect(['a', 'b', 'c', 'd'].map((key) => lru.get(key))).toEqual([undefined, undefined, 'c', 'd']);
  expect([lru.size, lru.bytes]).toEqual([2, 9]);
});

test('an entry over the byte limit is refused, and does not leave its predecessor behind', () => {
  const lru = createLru<string>({ bytesMax: 10, entriesMax: 100 });
  lru.set('other', 'x', 1);
  lru.set('a', 'old', 1);
  expect(lru.set('a', 'new', 11)).toBe(false);
  expect([lru.get('a'), lru.get('other'), lru.bytes]).toEqual([undefined, 'x', 1]);
});

test('it behaves as a list in order of use, whatever is done to it', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const action = fc.oneof(
    fc.record({ kind: fc.constant('get' as const), key, bytes: fc.constant(0) }),
    fc.record({ kind: fc.constant('delete' as const), key, bytes: fc.constant(0) }),
    fc.record({ kind: fc.constant('set' as const), key, bytes: fc.nat(12) }),
    fc.record({ kind: fc.constant('clear' as const), key, bytes: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const lru = createLru<number>({ bytesMax: 20, entriesMax: 4 });
      let model: { key: string; value: number; bytes: number }[] = [];
      const sum = () => model.reduce((total, entry) => total + entry.bytes, 0);
      for (const [value, { kind, key: name, bytes }] of actions.entries()) {
        const found = model.find((entry) => entry.key === name);
        if (kind === 'get') {
          expect(lru.get(name)).toBe(found?.value as number);
          if (found !== undefined) model = [...model.filter((entry) => entry !== found), found];
        } else if (kind === 'delete') {
          expect(lru.delete(name)).toBe(found !== undefined);
          model = model.filter((entry) => entry !== found);
        } else if (kind === 'clear') {
          lru.clear();
          model = [];
        } else {
          expect(lru.set(name, value, bytes)).toBe(true);
          model = [...model.filter((entry) => entry !== found), { key: name, value, bytes }];
          while (model.length > 4 || sum() > 20) model.shift();
        }
        expect([lru.size, lru.bytes]).toEqual([model.length, sum()]);
      }
    }),
    { numRuns: 1_000 },
  );
});
