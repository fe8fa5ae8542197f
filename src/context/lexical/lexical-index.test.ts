import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createLexicalIndex } from './create-index.ts';
import type { LexicalIndex, LexicalUnit } from './lexical-index.ts';
import { NumberMap } from './number-map.ts';
import { PostingList, packedCounts } from './posting-list.ts';
import { ShardedMap } from './sharded-map.ts';
import type { SlotMap } from './slots.ts';
import { UnitTable } from './unit-table.ts';

function unit(id: string, text: string, rest: Partial<LexicalUnit> = {}): LexicalUnit {
  return { id, group: id, position: 0, text, about: '', ...rest };
}

function indexOf(units: readonly LexicalUnit[]): LexicalIndex {
  const index = createLexicalIndex();
  for (const added of units) index.put(added);
  return index;
}

function found(index: LexicalIndex, text: string, limit = 10): string[] {
  return index.search({ text, limit }).map(({ id }) => id);
}

/** Turns of one session, in their order. */
function session(texts: readonly string[], group = 'session'): LexicalUnit[] {
  return texts.map((text, position) => unit(`${group}-${position}`, text, { group, position }));
}

describe('what a search finds', () => {
  test('the rarer word decides', () => {
    const index = indexOf([unit('a', 'the garden has roses'), unit('b', 'the garden has a fountain'), unit('c', 'garden gnomes')]);
    expect(found(index, 'fountain garden')[0]).toBe('b');
  });

  test('other forms of a word: endings, irregular ones, parts of identifiers', () => {
    const index = indexOf([
      unit('a', 'She bought three paintings.'),
      unit('b', 'fn readConfigFile()'),
      unit('c', 'something else altogether'),
    ]);
    expect(found(index, 'buy')).toEqual(['a']);
    expect(found(index, 'painted')).toEqual(['a']);
    expect(found(index, 'config')).toEqual(['b']);
    expect(found(index, 'read_config_file')).toEqual(['b']);
  });

  test('a turn by what it answers, before the question itself', () => {
    const texts = [
      'Ann: Nice weather!',
      'Ben: Where do you spend the holidays?',
      'Ann: With grandma in Oslo.',
      'Ben: Great.',
      'Ann: Bye.',
      'Ben: Bye now.',
    ];
    const index = indexOf([...session(texts), ...session(['Ann: Holidays are expensive.', 'Ben: True, they are.'], 'other')]);
    const ids = found(index, 'Where does Ann spend the holidays?');
    expect(ids[0]).toBe('session-2');
  });

  test('a unit by what stands beside it', () => {
    const index = indexOf([
      unit('may', 'We saw whales.', { about: '8 May 2023 Monday' }),
      unit('june', 'We saw dolphins.', { about: '9 June 2023 Friday' }),
    ]);
    expect(found(index, 'what did we see in June')[0]).toBe('june');
  });

  test('the unit of the group that is about it, between equals', () => {
    const index = indexOf([
      ...session(['The cache is small.', 'x1', 'x2', 'Printers need paper.'], 'printers'),
      ...session(['The cache is small.', 'y1', 'y2', 'Compilers inline functions.', 'A compiler has passes.'], 'compilers'),
    ]);
    expect(found(index, 'compiler cache')[0]).toMatch(/^compilers/);
    expect(found(index, 'compiler cache').indexOf('compilers-0')).toBeLessThan(found(index, 'compiler cache').indexOf('printers-0'));
  });

  test('neighbours by position, in whatever order they came and however groups mix', () => {
    const one = session(['Where is the key?', 'Under the mat.', 'Thanks.', 'Later then.', 'Yes.'], 'one');
    const two = session(['Who baked bread?', 'Nobody.', 'Why not?', 'No flour.', 'Pity.'], 'two');
    const mixed = [one[3], two[0], one[1], two[4], one[0], two[2], one[4], two[1], one[2], two[3]].filter((added) => added !== undefined);
    const scores = (index: LexicalIndex) =>
      new Map(index.search({ text: 'where is the key', limit: 10 }).map(({ id, score }) => [id, score]));
    expect(scores(indexOf(mixed))).toEqual(scores(indexOf([...one, ...two])));
    expect(found(indexOf(mixed), 'key').slice(0, 2).toSorted()).toEqual(['one-0', 'one-1']);
  });

  test('only what is accepted, though others are better', () => {
    const units = Array.from({ length: 3_000 }, (_, at) => unit(`u${at}`, at % 500 === 7 ? 'copper wire' : 'copper copper copper'));
    const accepted = new Set(units.filter((_, at) => at % 500 === 7).map(({ id }) => id));
    const hits = indexOf(units).search({ text: 'copper', limit: 10, accept: (id) => accepted.has(id) });
    expect(hits.map(({ id }) => id)).toEqual([...accepted]);
  });

  test('nothing for what is not there, for stop words and for nothing', () => {
    const index = indexOf([unit('a', 'copper wire')]);
    for (const text of ['zinc', 'what is the', '', '???', '\ud800']) expect(index.search({ text, limit: 5 })).toEqual([]);
    expect(createLexicalIndex().search({ text: 'copper', limit: 5 })).toEqual([]);
  });

  test('ties in the order in which they were added, as many as asked for, with scores above 0', () => {
    const index = indexOf([unit('b', 'copper'), unit('a', 'copper'), unit('c', 'copper')]);
    index.put(unit('b', 'copper'));
    expect(found(index, 'copper')).toEqual(['a', 'c', 'b']);
    expect(found(index, 'copper', 2)).toEqual(['a', 'c']);
    for (const { score } of index.search({ text: 'copper', limit: 5 })) expect(score).toBeGreaterThan(0);
  });

  test('other languages', () => {
    const index = indexOf([unit('ja', '京都の寺を訪れた。'), unit('ru', 'Мы купили хлеб'), unit('de', 'Die Straße war naß')]);
    expect(found(index, '京都')).toEqual(['ja']);
    expect(found(index, 'хлеб')).toEqual(['ru']);
    expect(found(index, 'strasse straße')).toEqual(['de']);
  });
});

describe('hostile texts', () => {
  const texts = [
    'a'.repeat(1_000_000),
    '\u0000'.repeat(100_000),
    '\ud800'.repeat(10_000),
    'ﷺ'.repeat(100_000),
    '字'.repeat(300_000),
    '?'.repeat(100_000),
  ];
  test('are taken in, and harm no others', () => {
    const index = indexOf([
      unit('good', 'copper wire'),
      ...texts.map((text, at) => unit(`bad-${at}`, text, { about: text, group: text.slice(0, 9) })),
    ]);
    expect(found(index, 'copper')).toEqual(['good']);
    for (const text of texts) index.search({ text, limit: 3 });
    expect(index.bytes).toBeLessThan(20e6);
    for (const at of texts.keys()) expect(index.remove(`bad-${at}`)).toBe(true);
    expect(index.size).toBe(1);
  });

  test('ids and groups are any strings', () => {
    const index = indexOf([unit('__proto__', 'copper', { group: 'constructor' }), unit('', 'zinc', { group: '' })]);
    expect(found(index, 'copper')).toEqual(['__proto__']);
    expect(found(index, 'zinc')).toEqual(['']);
  });

  test('a question that is asked while another one is under way does not see its numbers', () => {
    const inner = indexOf([unit('x', 'copper zinc'), unit('y', 'zinc')]);
    const index = indexOf([unit('a', 'copper'), unit('b', 'copper wire')]);
    expect(() =>
      index.search({
        text: 'copper',
        limit: 2,
        accept: () => {
          throw new Error('no');
        },
      }),
    ).toThrow('no');
    expect(inner.search({ text: 'zinc', limit: 2 })).toEqual(
      indexOf([unit('x', 'copper zinc'), unit('y', 'zinc')]).search({ text: 'zinc', limit: 2 }),
    );
    expect(index.search({ text: 'copper', limit: 2 })).toEqual(
      indexOf([unit('a', 'copper'), unit('b', 'copper wire')]).search({ text: 'copper', limit: 2 }),
    );
  });
});

const WORDS = ['copper', 'zinc', 'garden', 'gardens', 'readFile', 'went', 'where', 'Ann', '2023', '京都', '.', '?', 'the'];
const someText = fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((words) => words.join(' ').replace(/ ([.?])/g, '$1'));
const someUnit = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  group: fc.constantFrom('one', 'two', 'three'),
  position: fc.integer({ min: 0, max: 4 }),
  text: someText,
  about: fc.oneof(fc.constant(''), fc.constant('8 May 2023'), someText),
});
const someChange = fc.oneof({ weight: 3, arbitrary: someUnit }, { weight: 1, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f') });

describe('laws', () => {
  test('whatever was put, replaced and removed: answers are those of a fresh index of what is left', () => {
    fc.assert(
      fc.property(fc.array(someChange, { maxLength: 40 }), fc.array(someText, { minLength: 1, maxLength: 4 }), (changes, questions) => {
        const index = createLexicalIndex();
        const left = new Map<string, LexicalUnit>();
        for (const change of changes) {
          if (typeof change === 'string') {
            expect(index.remove(change)).toBe(left.delete(change));
          } else {
            index.put(change);
            left.delete(change.id);
            left.set(change.id, change);
          }
          expect(index.size).toBe(left.size);
        }
        const fresh = indexOf([...left.values()]);
        for (const text of questions) {
          const hits = index.search({ text, limit: 20 });
          expect(hits).toEqual(fresh.search({ text, limit: 20 }));
          expect(hits).toEqual(hits.toSorted((one, other) => other.score - one.score));
          for (const { id } of hits) expect(left.has(id)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('what is removed leaves nothing: no words, no terms, no groups, and as many bytes as before', () => {
    fc.assert(
      fc.property(fc.array(someUnit, { maxLength: 30 }), (units) => {
        const table = new UnitTable();
        for (const added of units) table.put(added);
        for (const { id } of units) table.remove(id);
        expect([table.size, table.vocabulary.words.size, table.vocabulary.terms.size, table.groups.size]).toEqual([0, 0, 0, 0]);
        expect([...table.totals, table.ownTotal, table.aboutTerms, table.aboutGrams]).toEqual([0, 0, 0, 0, 0, 0, 0]);
        for (let term = 0; term < table.vocabulary.terms.length; term += 1) expect(table.postingsOf(term)).toBeUndefined();
        expect(table.vocabulary.gramCounts.values.every((count) => count === 0)).toBe(true);
      }),
    );
  });

  function isMap<Key extends string | number>(make: () => SlotMap<Key>, key: fc.Arbitrary<Key>): void {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 600, size: 'max' }), (changes) => {
        const tested = make();
        const model = new Map<Key, number>();
        for (const [at, [isSet, changed]] of changes.entries()) {
          if (isSet) tested.set(changed, at);
          else expect(tested.delete(changed)).toBe(model.delete(changed));
          if (isSet) model.set(changed, at);
          expect(tested.size).toBe(model.size);
        }
        for (const [, changed] of changes) expect(tested.get(changed)).toBe(model.get(changed));
      }),
    );
  }

  test('a map of many small ones is a map', () => {
    isMap(() => new ShardedMap<number>(), fc.string({ maxLength: 3 }));
  });

  test('a map of numbers is a map', () => {
    isMap(() => new NumberMap(), fc.oneof(fc.nat({ max: 2 ** 50 }), fc.nat({ max: 400 })));
  });

  test('a posting list is a sorted set', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 60 })), { maxLength: 200 }), (changes) => {
        const list = new PostingList();
        const model = new Set<number>();
        for (const [isAdded, number] of changes) {
          if (!isAdded) list.remove(number);
          else if (!model.has(number)) list.add(number, packedCounts(1, 0, 0));
          if (isAdded) model.add(number);
          else model.delete(number);
        }
        const numbers = Array.from(list.entries.subarray(0, list.length), (entry) => entry >>> 8);
        expect(numbers).toEqual([...model].sort((one, other) => one - other));
        for (const [place, number] of numbers.entries()) expect(list.placeOf(number, Math.floor(place / 2))).toBe(place);
        expect(list.entries.subarray(list.length).every((entry) => entry === 0)).toBe(true);
      }),
    );
  });
});

describe('memory', () => {
  test('of what was removed, no text is left anywhere in the process', () => {
    // Put together at run time, so that the name is in no source that the process holds.
    const canary = ['zanzi', 'barca', 'nary'].join('');
    const index = createLexicalIndex();
    const told = () => Bun.generateHeapSnapshot('v8').split(canary).length - 1;
    index.put(unit('keeps', 'copper wire'));
    const before = told();
    index.put(unit(`id-${canary}`, `secret ${canary}word here`, { group: `group-${canary}`, about: `file ${canary}about` }));
    expect(found(index, `${canary}word`)).toHaveLength(1);
    index.remove(`id-${canary}`);
    Bun.gc(true);
    expect(found(index, 'secret')).toEqual([]);
    expect(told()).toBeLessThanOrEqual(before);
  });

  test('is told about as it grows, and is given back', () => {
    const index = createLexicalIndex();
    const empty = index.bytes;
    const texts = Array.from({ length: 500 }, (_, at) => `word${at} other${at * 7} more${at % 13} copper wire and things number ${at}`);
    for (const [at, text] of texts.entries()) index.put(unit(`u${at}`, text));
    const full = index.bytes;
    // 500 units of nine words cannot take less than a hundred bytes each, nor more than a few thousand.
    expect(full - empty).toBeGreaterThan(50_000);
    expect(full - empty).toBeLessThan(2_500_000);
    for (const [at, text] of texts.entries()) index.put(unit(`u${at}`, text));
    expect(index.bytes).toBeLessThan(full * 1.1);
    for (const at of texts.keys()) index.remove(`u${at}`);
    // Columns stay as long as they were; what they were filled with is gone.
    expect(index.bytes).toBeLessThan(full / 2);
  });
});
