import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { compileFilter, parseFilter } from './attribute-filter.ts';

const FILE = { name: 'gate', number: 7, open: true };

describe('a filter', () => {
  for (const [filter, want] of [
    [{ type: 'eq', key: 'name', value: 'gate' }, true],
    [{ type: 'eq', key: 'number', value: '7' }, false],
    [{ type: 'ne', key: 'number', value: '7' }, true],
    [{ type: 'ne', key: 'name', value: 'gate' }, false],
    [{ type: 'ne', key: 'nothing', value: 'gate' }, true],
    [{ type: 'eq', key: 'open', value: true }, true],
    [{ type: 'gt', key: 'number', value: 6 }, true],
    [{ type: 'gt', key: 'number', value: 7 }, false],
    [{ type: 'gte', key: 'number', value: 7 }, true],
    [{ type: 'lt', key: 'number', value: 'a' }, false],
    [{ type: 'lte', key: 'name', value: 'gatehouse' }, true],
    [{ type: 'gt', key: 'nothing', value: 0 }, false],
    [{ type: 'in', key: 'number', value: [1, 7] }, true],
    [{ type: 'in', key: 'number', value: [] }, false],
    [{ type: 'nin', key: 'nothing', value: [1] }, true],
    [{ type: 'nin', key: 'number', value: [7] }, false],
    [{ type: 'and', filters: [] }, true],
    [{ type: 'or', filters: [] }, false],
    [
      {
        type: 'or',
        filters: [
          { type: 'eq', key: 'name', value: 'x' },
          { type: 'and', filters: [{ type: 'eq', key: 'open', value: true }] },
        ],
      },
      true,
    ],
    // Names that objects have from birth are attributes of nobody.
    [{ type: 'ne', key: 'constructor', value: 'x' }, true],
    [{ type: 'in', key: '__proto__', value: ['x'] }, false],
  ] as const) {
    test(`${JSON.stringify(filter)} is ${want}`, () => expect(compileFilter(parseFilter(filter))(FILE)).toBe(want));
  }

  for (const [what, filter] of [
    ['that is none', 'gate'],
    ['that is a list', []],
    ['of an unknown type', { type: 'like', key: 'a', value: 'b' }],
    ['without a key', { type: 'eq', value: 'b' }],
    ['with a key that is too long', { type: 'eq', key: 'k'.repeat(65), value: 'b' }],
    ['with an object as its value', { type: 'eq', key: 'a', value: {} }],
    ['with a value that is no number', { type: 'gt', key: 'a', value: Number.NaN }],
    ['with more in it than there is', { type: 'eq', key: 'a', value: 1, also: 2 }],
    [
      'nested too deeply',
      Array.from({ length: 9 }).reduce<object>((inner) => ({ type: 'and', filters: [inner] }), { type: 'eq', key: 'a', value: 1 }),
    ],
    ['with too many parts', { type: 'or', filters: Array.from({ length: 600 }, () => ({ type: 'eq', key: 'a', value: 1 })) }],
    ['with too many values', { type: 'in', key: 'a', value: Array.from({ length: 600 }, (_, at) => at) }],
  ] as const) {
    test(`${what} is refused`, () => expect(() => parseFilter(filter)).toThrow(GatewayError));
  }
});
