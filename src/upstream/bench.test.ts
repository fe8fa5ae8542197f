import { expect, test } from 'bun:test';
import { createBench } from './bench.ts';

const candidates = ['a', 'b', 'c'].map((name) => ({
  name,
  group: name,
  prepare: () => ({ url: '', method: 'GET', headers: {}, body: null }),
}));
const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).join('');

test('who is on the bench is asked last, until their time is up', () => {
  const bench = createBench();
  expect(bench.order(candidates, 0)).toBe(candidates);
  bench.put('a', 100);
  bench.put('b', 50);
  bench.put('a', 60);
  expect([names(bench.order(candidates, 10)), names(bench.order(candidates, 60)), names(bench.order(candidates, 100))]).toEqual([
    'cab',
    'bca',
    'abc',
  ]);
  expect(bench.order(candidates, 200)).toBe(candidates);
});
