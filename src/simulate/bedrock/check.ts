/*
 * Reads JSON as Bedrock's service does: fields that nobody knows are passed over, another type is a SerializationException, and what
 * breaks a constraint of the service model is collected and told at once, by its place (`messages.1.member.role`).
 */
import { isObject, type JsonObject } from '../json-instance.ts';
import { RequestRefused } from '../openai-request.ts';

/** What a model or the service refuses. */
export function refuse(message: string): never {
  throw new RequestRefused({ status: 400, message, code: 'ValidationException' });
}

/** What the model behind the service refuses, in its own words. */
export function modelRefuses(message: string): never {
  refuse(`The model returned the following errors: ${message}`);
}

function unreadable(message: string): never {
  throw new RequestRefused({ status: 400, message, code: 'SerializationException' });
}

/** The body as an object. Throws RequestRefused. */
export function parseBody(text: string): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(text === '' ? '{}' : text);
  } catch {
    return unreadable('Unable to parse the request body: it is no JSON.');
  }
  return isObject(body) ? body : unreadable(`${kindOf(body)} can not be converted to a structure`);
}

export class Constraints {
  readonly #broken: string[] = [];

  /** `shown` is the value as AWS prints it, or undefined for one that is too long to. */
  break(place: string, constraint: string, shown?: unknown): void {
    const value = shown === undefined ? 'Value' : shown === null ? 'Value null' : `Value '${printed(shown)}'`;
    this.#broken.push(`${value} at '${place}' failed to satisfy constraint: ${constraint}`);
  }

  required(value: unknown, place: string): boolean {
    if (value !== undefined && value !== null) return true;
    this.break(place, 'Member must not be null', null);
    return false;
  }

  oneOf(value: unknown, place: string, words: readonly string[]): void {
    if (this.required(value, place) && !words.includes(printed(value))) {
      this.break(place, `Member must satisfy enum value set: [${words.join(', ')}]`, value);
    }
  }

  matching(value: unknown, place: string, { pattern, max }: { readonly pattern: RegExp; readonly max: number }): void {
    if (!this.required(value, place)) return;
    const text = printed(value);
    if (!pattern.test(text))
      this.break(place, `Member must satisfy regular expression pattern: ${pattern.source.replace(/^\^|\$$/g, '')}`, text);
    if (text.length > max) this.break(place, `Member must have length less than or equal to ${max}`, text);
  }

  between(value: unknown, place: string, [min, max]: readonly [number, number]): void {
    if (typeof value !== 'number') return;
    if (value < min) this.break(place, `Member must have value greater than or equal to ${min}`, value);
    if (value > max) this.break(place, `Member must have value less than or equal to ${max}`, value);
  }

  /** Throws RequestRefused when anything was broken. */
  check(): void {
    const count = this.#broken.length;
    if (count > 0) refuse(`${count} validation error${count === 1 ? '' : 's'} detected: ${this.#broken.join('; ')}`);
  }
}

/** Throws RequestRefused. Undefined when absent or null. */
export function objectAt(holder: JsonObject, name: string): JsonObject | undefined {
  const value = holder[name] ?? undefined;
  return value === undefined || isObject(value) ? value : unreadable(`${kindOf(value)} can not be converted to a structure`);
}

export function listAt(holder: JsonObject, name: string): readonly unknown[] | undefined {
  const value = holder[name] ?? undefined;
  return value === undefined || Array.isArray(value)
    ? (value as unknown[] | undefined)
    : unreadable(`${kindOf(value)} can not be converted to a List`);
}

/** A list of structures. */
export function objectsAt(holder: JsonObject, name: string): readonly JsonObject[] | undefined {
  return listAt(holder, name)?.map((item) => (isObject(item) ? item : unreadable(`${kindOf(item)} can not be converted to a structure`)));
}

export function textAt(holder: JsonObject, name: string): string | undefined {
  const value = holder[name] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : unreadable(`${kindOf(value)} can not be converted to a String`);
}

export function textsAt(holder: JsonObject, name: string): readonly string[] {
  return (listAt(holder, name) ?? []).map((item) =>
    typeof item === 'string' ? item : unreadable(`${kindOf(item)} can not be converted to a String`),
  );
}

export function numberAt(holder: JsonObject, name: string, kind: 'Integer' | 'Float'): number | undefined {
  const value = holder[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number')
    return unreadable(`${kindOf(value)} can not be converted to ${kind === 'Integer' ? 'an Integer' : 'a Float'}`);
  return kind === 'Float' || Number.isInteger(value) ? value : unreadable('DECIMAL_VALUE can not be converted to an Integer');
}

/** Bytes travel as base64. */
export function bytesAt(holder: JsonObject, name: string): string | undefined {
  const text = textAt(holder, name);
  if (text === undefined) return undefined;
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0;
  return isBase64 ? text : unreadable('Unable to decode the base64 text of a blob.');
}

const SHOWN_MAX = 200;

function printed(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, SHOWN_MAX);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'START_ARRAY';
  if (value === true || value === false) return `${value ? 'TRUE' : 'FALSE'}_VALUE`;
  return typeof value === 'object' ? 'START_OBJECT' : `${typeof value === 'number' ? 'NUMBER' : 'STRING'}_VALUE`;
}
