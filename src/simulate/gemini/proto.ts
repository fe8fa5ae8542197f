/*
 * Reads a JSON request as Google's servers do (the JSON mapping of Protocol Buffers): field names in camelCase or snake_case, numbers as
 * numbers or strings, one thing where a list is due, null for nothing; what nobody knows, or has another type, is refused, all of it at
 * once and with its place. The result has camelCase names.
 */
import { isObject, type JsonObject } from '../json-instance.ts';
import { RequestRefused } from '../openai-request.ts';
import { MESSAGES, ONE_OF } from './fields.ts';

/** Messages nest no deeper: the limit of Google's own parser. */
const DEPTH_MAX = 100;
/** Violations told of; one that has more has one cause. */
const VIOLATIONS_MAX = 20;

interface Violation {
  /** Place of it, in snake_case; empty at the top. */
  readonly field: string;
  readonly description: string;
}

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly violations: Violation[];
}

/** Throws RequestRefused with every violation. */
export function readProto(message: string, value: unknown): JsonObject {
  const violations: Violation[] = [];
  const read = readMessage(message, value, { path: '', depth: 0, violations });
  if (violations.length > 0) throw invalid(violations);
  return read ?? {};
}

/** A request that breaks what holds beyond types: `* GenerateContentRequest.contents: contents is not specified`. */
export function refuseField(field: string, problem: string): never {
  throw new RequestRefused({ status: 400, message: `* ${field}: ${problem}\n` });
}

/** A request that is refused in so many words. */
export function refuseGemini(message: string, status = 400): never {
  throw new RequestRefused({ status, message });
}

export function invalid(violations: readonly Violation[]): RequestRefused {
  const told = violations.slice(0, VIOLATIONS_MAX);
  return new RequestRefused({
    status: 400,
    message: told.map((violation) => violation.description).join('\n'),
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: told.map(({ field, description }) => (field === '' ? { description } : { field, description })),
      },
    ],
  });
}

function readMessage(name: string, value: unknown, place: Place): JsonObject | undefined {
  const fields = MESSAGES[name] ?? {};
  if (!isObject(value)) {
    mismatch(value, `type.googleapis.com/google.ai.generativelanguage.v1beta.${name}`, place);
    return undefined;
  }
  if (place.depth > DEPTH_MAX) {
    place.violations.push({ field: '', description: 'Invalid JSON payload received. Message too deep. Max recursion depth reached' });
    return undefined;
  }
  const read: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(value)) {
    const field = camelCase(key);
    const type = fieldType(fields, field);
    if (type === undefined) {
      const at = place.path === '' ? '' : ` at '${place.path}'`;
      const description = `Invalid JSON payload received. Unknown name "${key}"${at}: Cannot find field.`;
      place.violations.push({ field: place.path, description });
      continue;
    }
    const inside = below(place, snakeCase(field));
    const one = ONE_OF[name];
    if (one?.includes(field) === true && given !== null && one.some((other) => other in read)) {
      const description = `Invalid value at '${place.path}' (oneof), oneof field 'data' is already set. Cannot set '${field}'`;
      place.violations.push({ field: place.path, description });
    }
    const fieldValue = given === null ? undefined : readField(type, given, inside);
    if (fieldValue !== undefined) read[field] = fieldValue;
  }
  return read;
}

/** JSON Schema's `$ref` and `$defs` have a field without the sign. */
function fieldType(fields: Readonly<Record<string, string>>, field: string): string | undefined {
  const name = field.startsWith('$') ? field.slice(1) : field;
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function readField(type: string, value: unknown, place: Place): unknown {
  if (type.endsWith('[]')) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const of = type.slice(0, -2);
    return items.flatMap((item, index) => {
      const read = readField(of, item, { ...place, path: `${place.path}[${index}]` });
      return read === undefined ? [] : [read];
    });
  }
  if (type.endsWith('{}')) {
    if (!isObject(value)) return mismatch(value, 'Map', place);
    const of = type.slice(0, -2);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readField(of, item, keyed(place, key))]));
  }
  return type in MESSAGES ? readMessage(type, value, place) : readScalar(type, value, place);
}

function readScalar(type: string, value: unknown, place: Place): unknown {
  switch (type) {
    case 'any':
      return value;
    case 'struct':
      return isObject(value) ? value : mismatch(value, 'type.googleapis.com/google.protobuf.Struct', place);
    case 'bool':
      return typeof value === 'boolean' ? value : mismatch(value, 'TYPE_BOOL', place);
    case 'float':
    case 'int': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      const fits = typeof number === 'number' && Number.isFinite(number) && (type === 'float' || Number.isSafeInteger(number));
      return fits ? number : mismatch(value, type === 'int' ? 'TYPE_INT32' : 'TYPE_FLOAT', place);
    }
    case 'bytes':
      if (typeof value === 'string' && isBase64(value)) return value;
      return typeof value === 'string' ? badBase64(value, place) : mismatch(value, 'TYPE_BYTES', place);
    default:
      return typeof value === 'string' ? value : mismatch(value, 'TYPE_STRING', place);
  }
}

/** Standard or for URLs, padded or not: the mapping takes all of them. */
function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1;
}

function badBase64(value: string, place: Place): undefined {
  const description = `Invalid value at '${place.path}' (TYPE_BYTES), Base64 decoding failed for "${value.slice(0, 100)}"`;
  place.violations.push({ field: place.path, description });
  return undefined;
}

function mismatch(value: unknown, type: string, place: Place): undefined {
  const description = `Invalid value at '${place.path}' (${type}), ${JSON.stringify(value)?.slice(0, 200)}`;
  place.violations.push({ field: place.path, description });
  return undefined;
}

function below(place: Place, field: string): Place {
  return { ...place, path: place.path === '' ? field : `${place.path}.${field}`, depth: place.depth + 1 };
}

function keyed(place: Place, key: string): Place {
  return { ...place, path: `${place.path}[${key}]`, depth: place.depth + 1 };
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
