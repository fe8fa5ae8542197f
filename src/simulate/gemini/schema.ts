/*
 * Google's Schema (a part of OpenAPI 3.0: `"type": "OBJECT"`, `nullable`, counts as strings) as JSON Schema, and what the server
 * refuses in one.
 */
import { isObject, type JsonObject } from '../json-instance.ts';
import { refuseField } from './proto.ts';

/** The same schema in JSON Schema's words. */
export function jsonSchemaOf(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const { type, items, properties, anyOf } = schema;
  const converted: Record<string, unknown> = { ...schema };
  if (typeof type === 'string') converted['type'] = type.toLowerCase();
  if (type === 'TYPE_UNSPECIFIED') delete converted['type'];
  if (items !== undefined) converted['items'] = jsonSchemaOf(items);
  if (Array.isArray(anyOf)) converted['anyOf'] = anyOf.map(jsonSchemaOf);
  if (isObject(properties)) {
    converted['properties'] = Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, jsonSchemaOf(property)]));
  }
  return converted;
}

const TYPES = new Set(['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL', 'TYPE_UNSPECIFIED']);

/** `place` is the schema's place in the request. Throws RequestRefused. */
export function checkSchema(schema: JsonObject, place: string): void {
  const { type, items, properties, anyOf, enum: choices, required } = schema;
  const kind = typeof type === 'string' ? type.toUpperCase() : undefined;
  if (kind !== undefined && !TYPES.has(kind)) refuseField(`${place}.type`, `Invalid value: "${kind}"`);
  const names = isObject(properties) ? Object.keys(properties) : [];
  if (kind === 'OBJECT' && names.length === 0) refuseField(`${place}.properties`, 'should be non-empty for OBJECT type');
  if (kind === 'ARRAY' && !isObject(items)) refuseField(`${place}.items`, 'missing field.');
  if (kind !== undefined && kind !== 'STRING' && Array.isArray(choices)) refuseField(`${place}.enum`, 'only allowed for STRING type');
  if (Array.isArray(choices) && choices.includes('')) refuseField(`${place}.enum[${choices.indexOf('')}]`, 'cannot be empty');
  for (const [index, name] of (Array.isArray(required) ? (required as unknown[]) : []).entries()) {
    if (typeof name === 'string' && !names.includes(name)) refuseField(`${place}.required[${index}]`, 'property is not defined');
  }

  if (isObject(items)) checkSchema(items, `${place}.items`);
  if (isObject(properties)) {
    for (const [name, property] of Object.entries(properties))
      if (isObject(property)) checkSchema(property, `${place}.properties[${name}]`);
  }
  if (Array.isArray(anyOf)) {
    for (const [index, choice] of anyOf.entries()) if (isObject(choice)) checkSchema(choice, `${place}.any_of[${index}]`);
  }
}
