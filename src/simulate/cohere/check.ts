/* Reads Cohere's JSON: every field is known and of its type, or the request is refused in the words of the API. */
import { isObject, type JsonObject } from '../json-instance.ts';
import { RequestRefused } from '../openai-request.ts';
import { readText } from '../request-text.ts';
import { type AskedModel, askedModel, isServed, type Visit } from '../visit.ts';

export function refuse(message: string, status = 400): never {
  throw new RequestRefused({ status, message });
}

/** Throws RequestRefused for a request without an API key. Any will do: a wrong one is a fault, `status=401`. */
export function checkKey({ request }: Visit): void {
  if (!/^Bearer\s+\S/i.test(request.headers.get('authorization') ?? '')) refuse('no api key supplied', 401);
}

/** Throws RequestRefused. */
export async function readBody(visit: Visit): Promise<JsonObject> {
  const given = await readText(visit);
  let body: unknown;
  try {
    body = JSON.parse(given);
  } catch (error) {
    return refuse(`invalid json syntax: ${error instanceof Error ? error.message : 'no JSON'}`);
  }
  return isObject(body) ? body : refuse('invalid type: the body must be a json object.');
}

/** Throws RequestRefused. */
export function askModel(visit: Visit, body: JsonObject): AskedModel {
  const model = text(body, 'model');
  if (model === undefined || model === '') return refuse('invalid request: model is required');
  const asked = askedModel(visit, model);
  if (isServed(visit.world.options, asked.name)) return asked;
  return refuse(`model '${asked.name}' not found, make sure the correct model ID was used and that you have access to the model.`, 404);
}

export function onlyFields(body: JsonObject, known: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(`unknown field: parameter ${unknown} is not a valid field`);
}

function mismatch(name: string, value: unknown, wanted: string): never {
  const type = Array.isArray(value) ? 'array' : typeof value;
  return refuse(`invalid type: parameter ${name} is of type ${type} but should be of type ${wanted}.`);
}

export function text(holder: JsonObject, name: string): string | undefined {
  const value = holder[name] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : mismatch(name, value, 'string');
}

export function flag(holder: JsonObject, name: string): boolean | undefined {
  const value = holder[name] ?? undefined;
  return value === undefined || typeof value === 'boolean' ? value : mismatch(name, value, 'bool');
}

export function list(holder: JsonObject, name: string): readonly unknown[] | undefined {
  const value = holder[name] ?? undefined;
  return value === undefined || Array.isArray(value) ? (value as unknown[] | undefined) : mismatch(name, value, 'array');
}

export function texts(holder: JsonObject, name: string): readonly string[] | undefined {
  return list(holder, name)?.map((item, index) => (typeof item === 'string' ? item : mismatch(`${name}[${index}]`, item, 'string')));
}

export function objects(holder: JsonObject, name: string): readonly JsonObject[] | undefined {
  return list(holder, name)?.map((item, index) => (isObject(item) ? item : mismatch(`${name}[${index}]`, item, 'object')));
}

export function object(holder: JsonObject, name: string): JsonObject | undefined {
  const value = holder[name] ?? undefined;
  return value === undefined || isObject(value) ? value : mismatch(name, value, 'object');
}

/** A whole number, or undefined. */
export function count(holder: JsonObject, name: string, [min, max]: readonly [number, number]): number | undefined {
  const value = number(holder, name, [min, max]);
  return value === undefined || Number.isInteger(value) ? value : mismatch(name, value, 'int');
}

export function number(holder: JsonObject, name: string, [min, max]: readonly [number, number]): number | undefined {
  const value = holder[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number') return mismatch(name, value, 'number');
  if (value < min || value > max) refuse(`invalid request: ${name} must be between ${min} and ${max} inclusive.`);
  return value;
}

export function word(holder: JsonObject, name: string, words: readonly string[]): string | undefined {
  const value = text(holder, name);
  return value === undefined || words.includes(value)
    ? value
    : refuse(`invalid request: ${name} must be one of ${words.join(', ')}, not '${value}'`);
}
