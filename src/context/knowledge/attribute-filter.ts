/*
 * Filters over the attributes of files, as OpenAI's vector stores have them. A file without the attribute differs from every value, and is neither
 * above nor below one; texts and numbers are never equal and have no order between them.
 */

import { GatewayError } from '../../base/errors.ts';
import type { AttributeFilter, Attributes } from './knowledge.ts';

type Scalar = string | number | boolean;
export type AttributeTest = (attributes: Attributes) => boolean;

const DEPTH_MAX = 8;
/** Comparisons, lists and values together. */
const PARTS_MAX = 512;
const KEY_CHARS_MAX = 64;
const VALUE_CHARS_MAX = 512;
const COMPARISONS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const;

/** Reads a filter that a caller sent. Throws `request_invalid`, naming the part at fault. */
export function parseFilter(value: unknown, param = 'filters'): AttributeFilter {
  const room = { parts: PARTS_MAX };
  return parse(value, { param, depth: 0, room });
}

interface Place {
  readonly param: string;
  readonly depth: number;
  readonly room: { parts: number };
}

function parse(value: unknown, place: Place): AttributeFilter {
  const { param, depth } = place;
  spend(place, 1);
  if (depth >= DEPTH_MAX) throw invalid(param, `filters may be ${DEPTH_MAX} inside each other at most`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(param, 'a filter is an object with a `type`');
  const { type, key, value: wanted, filters, ...others } = value as Readonly<Record<string, unknown>>;
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalid(param, `there is no member '${other.slice(0, 64)}' in a filter`);
  if (type === 'and' || type === 'or') {
    if (!Array.isArray(filters)) throw invalid(`${param}.filters`, 'a list of filters is expected');
    return {
      type,
      filters: filters.map((filter, index) => parse(filter, { ...place, param: `${param}.filters[${index}]`, depth: depth + 1 })),
    };
  }
  if (typeof key !== 'string' || key === '' || key.length > KEY_CHARS_MAX)
    throw invalid(`${param}.key`, `the name of an attribute is expected, 1 to ${KEY_CHARS_MAX} characters`);
  if (type === 'in' || type === 'nin') {
    if (!Array.isArray(wanted)) throw invalid(`${param}.value`, 'a list of texts or numbers is expected');
    spend(place, wanted.length);
    return { type, key, value: wanted.map((one, index) => textOrNumber(one, `${param}.value[${index}]`)) };
  }
  const comparison = COMPARISONS.find((name) => name === type);
  if (comparison === undefined) throw invalid(`${param}.type`, `must be one of: ${[...COMPARISONS, 'in', 'nin', 'and', 'or'].join(', ')}`);
  return { type: comparison, key, value: typeof wanted === 'boolean' ? wanted : textOrNumber(wanted, `${param}.value`) };
}

function spend({ param, room }: Place, parts: number): void {
  room.parts -= parts;
  if (room.parts < 0) throw invalid(param, `a filter has ${PARTS_MAX} parts at most`);
}

function textOrNumber(value: unknown, param: string): string | number {
  if (typeof value === 'string' && value.length <= VALUE_CHARS_MAX) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalid(param, `a text of at most ${VALUE_CHARS_MAX} characters, or a number, is expected`);
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError('request_invalid', `'${param}': ${message}`, { param });
}

/** The filter as a test of attributes. */
export function compileFilter(filter: AttributeFilter): AttributeTest {
  switch (filter.type) {
    case 'and': {
      const tests = filter.filters.map(compileFilter);
      return (attributes) => tests.every((test) => test(attributes));
    }
    case 'or': {
      const tests = filter.filters.map(compileFilter);
      return (attributes) => tests.some((test) => test(attributes));
    }
    case 'in': {
      const values = new Set<Scalar>(filter.value);
      return (attributes) => has(attributes, filter.key, (value) => values.has(value));
    }
    case 'nin': {
      const values = new Set<Scalar>(filter.value);
      return (attributes) => !has(attributes, filter.key, (value) => values.has(value));
    }
    case 'eq':
      return (attributes) => has(attributes, filter.key, (value) => value === filter.value);
    case 'ne':
      return (attributes) => !has(attributes, filter.key, (value) => value === filter.value);
    default: {
      const { type, key, value: wanted } = filter;
      return (attributes) => has(attributes, key, (value) => isOrdered(type, value, wanted));
    }
  }
}

function has(attributes: Attributes, key: string, test: (value: Scalar) => boolean): boolean {
  const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
  return value !== undefined && test(value);
}

function isOrdered(type: 'gt' | 'gte' | 'lt' | 'lte', value: Scalar, wanted: Scalar): boolean {
  if (typeof value !== typeof wanted || typeof value === 'boolean') return false;
  switch (type) {
    case 'gt':
      return value > wanted;
    case 'gte':
      return value >= wanted;
    case 'lt':
      return value < wanted;
    case 'lte':
      return value <= wanted;
  }
}
