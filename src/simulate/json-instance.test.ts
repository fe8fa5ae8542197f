import { expect, test } from 'bun:test';
import { type JsonValue, jsonInstance } from './json-instance.ts';
import { seededRandom } from './text.ts';

const rows: { name: string; schema: unknown; want: JsonValue }[] = [
  { name: 'a constant', schema: { const: 'x' }, want: 'x' },
  { name: 'the first of an enum', schema: { type: 'string', enum: ['celsius', 'fahrenheit'] }, want: 'celsius' },
  { name: 'an integer within its bounds', schema: { type: 'integer', minimum: 5, maximum: 9 }, want: 5 },
  { name: 'an integer above an exclusive bound', schema: { type: 'integer', exclusiveMinimum: 5 }, want: 6 },
  { name: 'an integer below its maximum', schema: { type: 'integer', maximum: 0 }, want: 0 },
  { name: 'a multiple', schema: { type: 'integer', minimum: 5, multipleOf: 4 }, want: 8 },
  { name: 'a boolean', schema: { type: 'boolean' }, want: true },
  { name: 'null', schema: { type: 'null' }, want: null },
  { name: 'the first of several types', schema: { type: ['integer', 'null'] }, want: 1 },
  { name: 'a date', schema: { type: 'string', format: 'date' }, want: '2026-01-31' },
  { name: 'an array of the least length', schema: { type: 'array', items: { type: 'boolean' }, minItems: 2 }, want: [true, true] },
  { name: 'the first alternative', schema: { anyOf: [{ type: 'boolean' }, { type: 'string' }] }, want: true },
  {
    name: 'required properties alone',
    schema: { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } }, required: ['b'] },
    want: { b: 1 },
  },
  { name: 'every property when none is said to be required', schema: { properties: { a: { type: 'boolean' } } }, want: { a: true } },
  {
    name: 'all of several parts',
    schema: {
      allOf: [
        { type: 'object', properties: { a: { const: 1 } }, required: ['a'] },
        { properties: { b: { const: 2 } }, required: ['b'] },
      ],
    },
    want: { a: 1, b: 2 },
  },
  { name: 'a reference', schema: { $ref: '#/$defs/x', $defs: { x: { const: 4 } } }, want: 4 },
  { name: 'no schema at all', schema: undefined, want: null },
];

for (const row of rows) {
  test(`an instance of ${row.name}`, () => {
    expect(jsonInstance(row.schema, seededRandom(1))).toEqual(row.want);
  });
}

test('a string keeps its bounds', () => {
  expect(jsonInstance({ type: 'string', minLength: 20 }, seededRandom(1))).toHaveLength(20);
  expect(jsonInstance({ type: 'string', maxLength: 2 }, seededRandom(1))).toHaveLength(2);
});

test('a schema that contains itself comes to an end', () => {
  const schema = {
    $ref: '#/$defs/node',
    $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, required: ['next'] } },
  };
  expect(JSON.stringify(jsonInstance(schema, seededRandom(1))).length).toBeLessThan(500);
});

test('a schema that asks for more than there is memory for gets what there is room for', () => {
  const schema = { type: 'array', minItems: 1e308, items: { type: 'array', minItems: 500, items: { type: 'string', minLength: 1e308 } } };
  const instance = jsonInstance(schema, seededRandom(1));
  expect(JSON.stringify(instance).length).toBeLessThan(20_000_000);
  expect((instance as unknown[]).length).toBeLessThan(5);
  expect((jsonInstance({ type: 'array', minItems: 1e308, items: 5 }, seededRandom(1)) as unknown[]).length).toBeLessThan(2_000);
});
