/** Refuses what is wrong with a request in the words of OpenAI's newer APIs. All of these throw RequestRefused. */
import { isObject, type JsonObject } from '../json-instance.ts';
import { refuse } from '../openai-request.ts';

export function onlyFields(value: JsonObject, allowed: ReadonlySet<string>): void {
  for (const name of Object.keys(value)) if (!allowed.has(name)) refuse(`Unknown parameter: '${name}'.`, name, 'unknown_parameter');
}

export function missing(param: string): never {
  return refuse(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
}

export function wrongType(param: string, expected: string, value: unknown): never {
  return refuse(`Invalid type for '${param}': expected ${expected}, but got ${kindOf(value)} instead.`, param, 'invalid_type');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Undefined when absent or null, as the vendor has it. */
export function optional(body: JsonObject, name: string): unknown {
  return body[name] ?? undefined;
}

export function textOr<Otherwise>(body: JsonObject, name: string, otherwise: Otherwise): string | Otherwise {
  const value = optional(body, name);
  if (value === undefined) return otherwise;
  return typeof value === 'string' ? value : wrongType(name, 'a string', value);
}

export function flagOr(body: JsonObject, name: string, otherwise: boolean): boolean {
  const value = optional(body, name);
  if (value === undefined) return otherwise;
  return typeof value === 'boolean' ? value : wrongType(name, 'a boolean', value);
}

export interface Range {
  readonly min: number;
  readonly max?: number;
  /** Fractions allowed. */
  readonly fraction?: true;
}

export function numberOr<Otherwise>(
  body: JsonObject,
  name: string,
  { otherwise, ...range }: Range & { readonly otherwise: Otherwise },
): number | Otherwise {
  const value = optional(body, name);
  if (value === undefined) return otherwise;
  const kind = range.fraction === true ? 'decimal' : 'integer';
  if (typeof value !== 'number' || (range.fraction !== true && !Number.isInteger(value)))
    return wrongType(name, `${range.fraction === true ? 'a' : 'an'} ${kind}`, value);
  if (value < range.min) {
    const message = `Invalid '${name}': ${kind} below minimum value. Expected a value >= ${range.min}, but got ${value} instead.`;
    return refuse(message, name, `${kind}_below_min_value`);
  }
  if (range.max !== undefined && value > range.max) {
    const message = `Invalid '${name}': ${kind} above maximum value. Expected a value <= ${range.max}, but got ${value} instead.`;
    return refuse(message, name, `${kind}_above_max_value`);
  }
  return value;
}

export function listOr(body: JsonObject, name: string): readonly unknown[] {
  const value = optional(body, name);
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as unknown[]) : wrongType(name, 'an array', value);
}

export function objectOr(body: JsonObject, name: string, param = name): JsonObject | undefined {
  const value = optional(body, name);
  if (value === undefined) return undefined;
  return isObject(value) ? value : wrongType(param, 'an object', value);
}

/** One of some words. */
export function wordOf<Word extends string>(param: string, value: unknown, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  if (typeof value !== 'string') return wrongType(param, `one of ${words.map((word) => `'${word}'`).join(', ')}`, value);
  return refuse(`Invalid value: '${value}'. Supported values are: ${listed(words)}.`, param, 'invalid_value');
}

function listed(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')}${quoted.length > 1 ? ',' : ''} and ${last}`;
}

/** A text that an item must have. */
export function need(value: JsonObject, name: string, at: string): string {
  const text = value[name];
  if (text === undefined || text === null) return missing(`${at}.${name}`);
  return typeof text === 'string' ? text : wrongType(`${at}.${name}`, 'a string', text);
}
