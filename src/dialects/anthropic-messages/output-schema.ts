/*
 * Schemas for the vendor's structured outputs and strict tools, which take a part of JSON Schema and refuse the rest with a 400: objects must be closed, and
 * bounds of numbers, texts and lists are not known. What is taken out is said in the description, so that the model reads it.
 *
 * Source: platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations.
 */

import { isRecord } from '../dialect-errors.ts';

const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);

const UNKNOWN: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'maxItems',
  'uniqueItems',
  'minContains',
  'maxContains',
  'contains',
  'minProperties',
  'maxProperties',
  'patternProperties',
  'propertyNames',
  'not',
]);

const SCHEMAS: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);
const LISTS: ReadonlySet<string> = new Set(['anyOf', 'allOf', 'prefixItems']);

/** Deeper than any body may be (JSON_LIMITS). */
const DEPTH_MAX = 64;

/** The schema as the vendor takes it; what fits already is as it was, member for member. */
export function outputSchema(schema: unknown, depth = 0): unknown {
  if (!isRecord(schema) || depth > DEPTH_MAX) return schema;
  const fitted: Record<string, unknown> = {};
  const told: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (UNKNOWN.has(name) || (name === 'format' && !FORMATS.has(value)) || (name === 'minItems' && value !== 0 && value !== 1)) {
      told.push(`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
    } else if (SCHEMAS.has(name) && isRecord(value)) {
      fitted[name] = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, outputSchema(inner, depth + 1)]));
    } else if (name === 'oneOf' || LISTS.has(name)) {
      fitted[name === 'oneOf' ? 'anyOf' : name] = Array.isArray(value) ? value.map((inner) => outputSchema(inner, depth + 1)) : value;
    } else if (name === 'items') fitted[name] = outputSchema(value, depth + 1);
    else fitted[name] = value;
  }
  if (fitted['type'] === 'object' || fitted['properties'] !== undefined) fitted['additionalProperties'] = false;
  if (told.length > 0) {
    const { description } = schema;
    fitted['description'] = [...(typeof description === 'string' ? [description] : []), `${told.join('; ')}.`].join('\n');
  }
  return fitted;
}
