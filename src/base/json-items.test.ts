import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { arrayItems } from './json-items.ts';

const itemsOf = (text: string, start = 0): string[] => {
  const bytes = Buffer.from(text);
  return arrayItems(bytes, start).map(({ start: from, end }) => bytes.subarray(from, end).toString());
};

describe('items of an array', () => {
  for (const { text, want } of [
    { text: '[]', want: [] },
    { text: '[ \n ]', want: [] },
    { text: '[1]', want: ['1'] },
    { text: '[ "a,]" , {"b":[1,2,{"c":"]}"}]} ,\tnull ]', want: ['"a,]"', '{"b":[1,2,{"c":"]}"}]}', 'null'] },
    { text: '["\\"]",[[],[]],-1.5e3]', want: ['"\\"]"', '[[],[]]', '-1.5e3'] },
    { text: '["é😀",{}]', want: ['"é😀"', '{}'] },
  ]) {
    test(text, () => expect(itemsOf(text)).toEqual(want));
  }

  test('stand where they are, in the middle of a body', () => {
    expect(itemsOf('{"x":[0],"messages": [ {"a":1}, 2]}', 21)).toEqual(['{"a":1}', '2']);
  });

  test('are those that JSON.parse finds, however they are written', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.constantFrom(0, 1, 3), (values, indent) => {
        expect(itemsOf(JSON.stringify(values, null, indent)).map((item) => JSON.parse(item) as unknown)).toEqual(
          JSON.parse(JSON.stringify(values)) as unknown[],
        );
      }),
    );
  });
});
