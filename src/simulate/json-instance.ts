import { prose, type Random } from './text.ts';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value of the caller's as error messages repeat it. */
export function shownAs(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** Schemas nest no deeper than vendors allow (OpenAI: 10 levels), and a `$ref` to itself ends here. */
const DEPTH_MAX = 12;
/** Values in one instance, and characters in one text: a schema may ask for more than there is memory for. */
const VALUES_MAX = 1_000;
const TEXT_CHARS_MAX = 10_000;

/**
 * A small value that a JSON Schema accepts: required properties only, first choice of an enum, shortest arrays. Knows what tool
 * parameters and response formats are made of (types, enum, const, bounds, anyOf/oneOf/allOf, $ref within the document);
 * `pattern`, `not` and their like are not solved.
 */
export function jsonInstance(schema: unknown, random: Random): JsonValue {
  return instanceOf(schema, { root: schema, random, depth: 0, budget: { valuesLeft: VALUES_MAX } });
}

interface Place {
  readonly root: unknown;
  readonly random: Random;
  readonly depth: number;
  readonly budget: { valuesLeft: number };
}

function instanceOf(schema: unknown, place: Place): JsonValue {
  place.budget.valuesLeft -= 1;
  if (!isObject(schema) || place.depth > DEPTH_MAX || place.budget.valuesLeft < 0) return null;
  const below: Place = { ...place, depth: place.depth + 1 };
  if ('const' in schema) return schema['const'] as JsonValue;
  if (Array.isArray(schema['enum'])) return (schema['enum'][0] ?? null) as JsonValue;
  if (typeof schema['$ref'] === 'string') return instanceOf(resolveReference(place.root, schema['$ref']), below);
  for (const choice of ['anyOf', 'oneOf'] as const) {
    const choices = schema[choice];
    if (Array.isArray(choices)) return instanceOf(choices[0], below);
  }
  if (Array.isArray(schema['allOf'])) return instanceOf(mergeAll(schema, schema['allOf'] as unknown[]), below);
  return typedInstance(schema, below);
}

function typedInstance(schema: JsonObject, place: Place): JsonValue {
  const declared = schema['type'];
  const type: unknown = Array.isArray(declared) ? declared[0] : (declared ?? ('properties' in schema ? 'object' : 'string'));
  switch (type) {
    case 'object':
      return objectInstance(schema, place);
    case 'array':
      return arrayInstance(schema, place);
    case 'integer':
    case 'number':
      return numberInstance(schema, type === 'integer');
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return stringInstance(schema, place.random);
  }
}

function arrayInstance(schema: JsonObject, place: Place): JsonValue {
  const wanted = numberOr(schema['minItems'], 1);
  const items: JsonValue[] = [];
  while (items.length < wanted && place.budget.valuesLeft > 0) items.push(instanceOf(schema['items'] ?? {}, place));
  return items;
}

function objectInstance(schema: JsonObject, place: Place): JsonValue {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : Object.keys(properties);
  const instance: { [key: string]: JsonValue } = {};
  for (const name of required) if (typeof name === 'string') instance[name] = instanceOf(properties[name] ?? {}, place);
  return instance;
}

function numberInstance(schema: JsonObject, whole: boolean): number {
  const step = whole ? 1 : 0.5;
  const exclusive = schema['exclusiveMinimum'];
  const low = typeof exclusive === 'number' ? exclusive + step : numberOr(schema['minimum'], 1);
  const value = Math.min(low, numberOr(schema['maximum'], low));
  const multiple = numberOr(schema['multipleOf'], 0);
  const stepped = multiple > 0 ? Math.ceil(value / multiple) * multiple : value;
  return whole ? Math.ceil(stepped) : stepped;
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  time: '12:00:00Z',
  email: 'reader@example.com',
  uri: 'https://example.com/',
  uuid: '6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b',
};

function stringInstance(schema: JsonObject, random: Random): string {
  const format = schema['format'];
  const known = typeof format === 'string' ? FORMATS[format] : undefined;
  if (known !== undefined) return known;
  const text = (prose(1, random)[0] ?? '').replace('.', '').toLowerCase();
  const least = Math.min(numberOr(schema['minLength'], 0), TEXT_CHARS_MAX);
  return text.padEnd(least, '.').slice(0, numberOr(schema['maxLength'], Math.max(least, 1_000)));
}

function mergeAll(schema: JsonObject, parts: readonly unknown[]): JsonObject {
  const properties: Record<string, unknown> = {};
  const required: unknown[] = [];
  const merged: Record<string, unknown> = {};
  for (const part of [schema, ...parts]) {
    if (!isObject(part)) continue;
    Object.assign(merged, part);
    if (isObject(part['properties'])) Object.assign(properties, part['properties']);
    if (Array.isArray(part['required'])) required.push(...(part['required'] as unknown[]));
  }
  if (Object.keys(properties).length > 0) Object.assign(merged, { properties, required });
  delete merged['allOf'];
  return merged;
}

function resolveReference(root: unknown, reference: string): unknown {
  let place: unknown = root;
  for (const step of reference.replace(/^#\/?/, '').split('/')) {
    if (step === '') continue;
    if (!isObject(place)) return undefined;
    place = place[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return place;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}
