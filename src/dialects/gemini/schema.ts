/*
 * Schemas of functions and of answers. Google took a part of OpenAPI 3.0 first (`parameters`, `responseSchema`), with types in capitals and `nullable`; and JSON
 * Schema since (`parametersJsonSchema`, `responseJsonSchema`), which is what is written here. Source: ai.google.dev/api/caching#Schema.
 */

import { isRecord } from '../dialect-errors.ts';
import { type Fields, fieldsOf, listOf } from './fields.ts';

/** Numbers of these come as texts. */
const COUNTS: ReadonlySet<string> = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']);

/** A schema of theirs as JSON Schema. Deeper than the body's own limit it can't be. */
export function jsonSchemaOf(value: unknown): unknown {
  const schema = fieldsOf(value);
  if (schema === undefined) return value;
  const { type, nullable, example, enum: values } = schema;
  const told: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(schema)) told[name] = converted(name, member);
  delete told['nullable'];
  delete told['example'];
  delete told['propertyOrdering'];
  if (example !== undefined) told['examples'] = [example];
  const plain = typeof type === 'string' ? type.toLowerCase() : type;
  if (plain === 'type_unspecified') delete told['type'];
  else if (nullable === true && typeof plain === 'string') told['type'] = [plain, 'null'];
  else if (plain !== undefined) told['type'] = plain;
  if (nullable === true && Array.isArray(values) && !values.includes(null)) told['enum'] = [...listOf(values), null];
  // Without a type of its own, nothing is one more of the things that it may be.
  if (nullable === true && plain === undefined && Array.isArray(told['anyOf']))
    told['anyOf'] = [...listOf(told['anyOf']), { type: 'null' }];
  return told;
}

function converted(name: string, member: unknown): unknown {
  if (COUNTS.has(name) && typeof member === 'string' && /^\d{1,15}$/.test(member)) return Number(member);
  switch (name) {
    case 'items':
    case 'additionalProperties':
      return isRecord(member) ? jsonSchemaOf(member) : member;
    case 'anyOf':
    case 'prefixItems':
      return Array.isArray(member) ? member.map(jsonSchemaOf) : member;
    case 'properties':
    case 'defs':
      return schemasOf(member);
    default:
      return member;
  }
}

function schemasOf(members: unknown): unknown {
  if (!isRecord(members)) return members;
  // Names of properties are the caller's own.
  return Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, jsonSchemaOf(schema)]));
}

/** The schema that stands under one of two names, whichever it is. */
export function eitherSchema(of: Fields, plain: string, json: string): unknown {
  const given = of[json];
  if (given !== undefined && given !== null) return given;
  const other = of[plain];
  return other === undefined || other === null ? undefined : jsonSchemaOf(other);
}
