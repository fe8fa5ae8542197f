import { expect, test } from 'bun:test';
import { fuse, type Scored } from './fusion.ts';

const list = (...pairs: [string, number][]): Scored[] => pairs.map(([id, score]) => ({ id, score }));
const ranked = (lexical: Scored[], dense: Scored[], share = 0.5): [string, number][] =>
  fuse(lexical, dense, share).map(({ id, score }) => [id, Math.round(score * 1_000) / 1_000]);

for (const { name, lexical, dense, want } of [
  {
    name: 'a hit that is good in both lists is before one that is best in one',
    lexical: list(['a', 10], ['b', 9], ['c', 0]),
    dense: list(['d', 0.9], ['b', 0.88], ['e', 0.1]),
    want: [
      ['b', 0.938],
      ['a', 0.5],
      ['d', 0.5],
      ['c', 0],
      ['e', 0],
    ],
  },
  {
    name: 'without meanings the words stand alone',
    lexical: list(['a', 4], ['b', 3], ['c', 2]),
    dense: [],
    want: [
      ['a', 1],
      ['b', 0.75],
      ['c', 0.5],
    ],
  },
  {
    name: 'without words the meanings stand alone',
    lexical: [],
    dense: list(['a', 0.3], ['b', -0.1]),
    want: [
      ['a', 1],
      ['b', 0],
    ],
  },
  {
    name: 'a second that shares nearly as many words is nearly as good',
    lexical: list(['a', 10], ['b', 9.8]),
    dense: [],
    want: [
      ['a', 1],
      ['b', 0.98],
    ],
  },
  {
    name: 'a second that means nearly the same is nearly as good',
    lexical: [],
    dense: list(['a', 0.62], ['b', 0.61]),
    want: [
      ['a', 1],
      ['b', 0.96],
    ],
  },
  {
    name: 'one hit is as good as a first',
    lexical: list(['a', 0.001]),
    dense: list(['b', 0.9], ['a', 0.5]),
    want: [
      ['a', 0.5],
      ['b', 0.5],
    ],
  },
  {
    name: 'equals are all as good as a first',
    lexical: list(['a', 2], ['b', 2]),
    dense: list(['c', 1], ['b', 0]),
    want: [
      ['a', 0.5],
      ['b', 0.5],
      ['c', 0.5],
    ],
  },
  { name: 'nothing of nothing', lexical: [], dense: [], want: [] },
  {
    name: 'scores of 0 alone are all as good',
    lexical: list(['a', 0], ['b', 0]),
    dense: [],
    want: [
      ['a', 1],
      ['b', 1],
    ],
  },
  {
    name: 'negative scores are scores',
    lexical: [],
    dense: list(['a', -0.2], ['b', -0.8], ['c', -0.5]),
    want: [
      ['a', 1],
      ['c', 0.5],
      ['b', 0],
    ],
  },
  {
    name: 'a score that is no number is no hit',
    lexical: list(['a', Number.NaN], ['b', 1]),
    dense: list(['c', Number.POSITIVE_INFINITY]),
    want: [['b', 1]],
  },
  {
    name: 'of a doubled id the better counts',
    lexical: list(['a', 1], ['b', 2], ['a', 4]),
    dense: [],
    want: [
      ['a', 1],
      ['b', 0.5],
    ],
  },
] as { name: string; lexical: Scored[]; dense: Scored[]; want: [string, number][] }[]) {
  test(`fusion: ${name}`, () => {
    expect(ranked(lexical, dense)).toEqual(want);
  });
}

test('fusion does not depend on the scale of words', () => {
  const lexical = list(['a', 10], ['b', 7], ['c', 1]);
  const dense = list(['c', 0.8], ['a', 0.5], ['d', 0.2]);
  const scaled = lexical.map(({ id, score }) => ({ id, score: score * 40 }));
  expect(ranked(scaled, dense, 0.6)).toEqual(ranked(lexical, dense, 0.6));
});

test('fusion says what each list said', () => {
  expect(fuse(list(['a', 4], ['b', 1]), list(['b', 0.7], ['c', 0.1]), 0.5)[0]).toEqual({ id: 'b', score: 0.625, lexical: 0.25, dense: 1 });
});
