import { describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { bytes, duration } from '../base/units.ts';
import { coerce, parseSwitch } from './coercion.ts';
import type { AnySchema } from './schema-fields.ts';

describe('a text becomes what the schema asks for', () => {
  const quantity = duration({ min: 0, max: 1e9 }).prefault('1s').describe('x');
  for (const [schema, text, want] of [
    [z.int().default(3), '42', 42],
    [z.number().optional(), ' -1.5 ', -1.5],
    [z.number(), '1e3', 1000],
    [z.number(), '0x10', '0x10'],
    [z.number(), '', ''],
    [z.number(), 'many', 'many'],
    [z.boolean(), 'YES', true],
    [z.boolean(), 'off', false],
    [z.boolean(), '0', false],
    [z.boolean(), 'maybe', 'maybe'],
    [z.string(), '42', '42'],
    [z.string(), 'true', 'true'],
    [z.string(), ' padded ', ' padded '],
    [z.enum(['info', 'warn']), 'WARN', 'warn'],
    [z.enum(['info', 'warn']), 'loud', 'loud'],
    [quantity, '5m', '5m'],
    [quantity, '250', 250],
    [bytes({ min: 0, max: 1e9 }), '10MiB', '10MiB'],
    [z.array(z.string()), 'a, b,,c', ['a', 'b', 'c']],
    [z.array(z.int()), '1,2', [1, 2]],
    [z.array(z.string()), '["a,b","c"]', ['a,b', 'c']],
    [z.array(z.string()), '[not json', '[not json'],
    [z.union([z.string(), z.array(z.string())]), 'a,b', 'a,b'],
    [z.strictObject({ a: z.int() }), '{"a":1}', { a: 1 }],
    [z.strictObject({ a: z.int() }), '{a}', '{a}'],
    [z.union([z.literal('memory'), z.url()]), 'Memory', 'memory'],
    [z.union([z.literal('memory'), z.url()]), 'redis://x', 'redis://x'],
  ] as [AnySchema, string, unknown][]) {
    test(`${JSON.stringify(text)} → ${JSON.stringify(want)}`, () => {
      expect(coerce(text, [schema])).toEqual(want);
    });
  }
});

test('a switch is a switch in every common spelling, and nothing else is', () => {
  expect(['true', 'Yes', 'ON', '1'].map(parseSwitch)).toEqual([true, true, true, true]);
  expect(['false', 'No', 'OFF', '0'].map(parseSwitch)).toEqual([false, false, false, false]);
  expect(['', 'express:*', '2'].map(parseSwitch)).toEqual([undefined, undefined, undefined]);
});
