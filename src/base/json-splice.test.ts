import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { scanJson } from './json-scan.ts';
import { editMembers, type MemberEdits } from './json-splice.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

describe('editing members', () => {
  for (const row of [
    {
      name: 'replaces a value and nothing else',
      text: '{ "model" :  "a", "x": 1.0 }',
      edits: { model: '"b"' },
      want: '{ "model" :  "b", "x": 1.0 }',
    },
    { name: 'appends to an object', text: '{ "a": 1 }', edits: { b: 'true' }, want: '{ "a": 1,"b":true }' },
    { name: 'appends to an empty object', text: ' { } ', edits: { b: '{}' }, want: ' {"b":{} } ' },
    { name: 'removes the first member', text: '{"a":1, "b":2}', edits: { a: undefined }, want: '{"b":2}' },
    { name: 'removes the last member', text: '{"a":1, "b":2 }', edits: { b: undefined }, want: '{"a":1 }' },
    { name: 'removes the only member', text: '{ "a":1 }', edits: { a: undefined }, want: '{  }' },
    {
      name: 'removes members side by side',
      text: '{"a":1,"b":2,"c":3,"d":4}',
      edits: { b: undefined, c: undefined },
      want: '{"a":1,"d":4}',
    },
    { name: 'removes all members and appends one', text: '{"a":1,"b":2}', edits: { a: undefined, b: undefined, c: '3' }, want: '{"c":3}' },
    {
      name: 'removes, replaces and appends at once',
      text: '{"a":1,"b":2,"c":3}',
      edits: { a: undefined, c: '4', d: '5' },
      want: '{"b":2,"c":4,"d":5}',
    },
    { name: 'removing what is absent changes nothing', text: '{"a":1}', edits: { z: undefined }, want: '{"a":1}' },
    { name: 'finds a key in disguise', text: '{"mod\\u0065l":"a"}', edits: { model: '"b"' }, want: '{"mod\\u0065l":"b"}' },
    { name: 'escapes the name that it appends', text: '{}', edits: { 'a"b': '1' }, want: '{"a\\"b":1}' },
  ]) {
    test(row.name, () => expect(decode(editMembers(scanJson(utf8(row.text)), row.edits as MemberEdits))).toBe(row.want));
  }

  test('without a change the bytes are the same array', () => {
    const scan = scanJson(utf8('{"a":1}'));
    expect(editMembers(scan, { c: undefined })).toBe(scan.bytes);
  });

  test('only objects can be edited', () => {
    expect(() => editMembers(scanJson(utf8('[1]')), { a: '1' })).toThrow('only an object has members, not array');
  });

  test('any edits of any object do what they do to the parsed value, and keep the order', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'é');
    const value = fc.jsonValue({ maxDepth: 1 });
    const edit = fc.tuple(name, fc.option(value, { nil: undefined }));
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.array(edit, { maxLength: 6 }), fc.constantFrom(undefined, 2), (object, edits, space) => {
        const want = new Map(Object.entries(object));
        const byName = new Map(edits);
        const bytes = utf8(JSON.stringify(object, null, space));
        const json = [...byName].map(([key, to]) => [key, to === undefined ? undefined : JSON.stringify(to)] as const);
        for (const [key, to] of byName) {
          if (to === undefined) want.delete(key);
          else want.set(key, to);
        }
        const edited = editMembers(scanJson(bytes), Object.fromEntries(json));
        expect(JSON.stringify(JSON.parse(decode(edited)))).toBe(JSON.stringify(Object.fromEntries(want)));
        scanJson(edited);
      }),
      { numRuns: 2_000 },
    );
  });
});
