/*
 * Reads the fields of a caller's body one by one, says which one is wrong, and remembers which were not asked for: those are what our words have no place for.
 */

import { GatewayError } from '../base/errors.ts';
import { isRecord } from './dialect-errors.ts';

/** More names than any report tells. */
const UNREAD_MAX = 100;

/** One object of a body. `null` is a field that is left out. */
export class FieldReader {
  readonly #value: Readonly<Record<string, unknown>>;
  /** `messages[0]`; empty for the body itself. */
  readonly #path: string;
  readonly #asked = new Set<string>();

  constructor(value: Readonly<Record<string, unknown>>, path = '') {
    this.#value = value;
    this.#path = path;
  }

  /** The bytes are an object, as has been checked. */
  static ofBody(bytes: Uint8Array): FieldReader {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (!isRecord(value)) throw new GatewayError('request_invalid', 'the body must be a JSON object');
    return new FieldReader(value);
  }

  /** The value as it is; undefined where it is missing or null. */
  any(name: string): unknown {
    this.#asked.add(name);
    return Object.hasOwn(this.#value, name) ? (this.#value[name] ?? undefined) : undefined;
  }

  string(name: string): string | undefined {
    const value = this.any(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.wrong(name, 'a string');
  }

  requiredString(name: string): string {
    const value = this.string(name);
    if (value === undefined) throw this.wrong(name, 'a string');
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.any(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.wrong(name, 'true or false');
  }

  number(name: string): number | undefined {
    const value = this.any(name);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw this.wrong(name, 'a number');
  }

  integer(name: string): number | undefined {
    const value = this.any(name);
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value))) return value;
    throw this.wrong(name, 'a whole number');
  }

  object(name: string): FieldReader | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    if (!isRecord(value)) throw this.wrong(name, 'an object');
    return new FieldReader(value, this.at(name));
  }

  array(name: string): readonly unknown[] | undefined {
    const value = this.any(name);
    if (value === undefined || Array.isArray(value)) return value as readonly unknown[] | undefined;
    throw this.wrong(name, 'an array');
  }

  /** Each entry of an array of objects. */
  objects(name: string): readonly FieldReader[] {
    return (this.array(name) ?? []).map((value, index) => {
      if (!isRecord(value)) throw this.wrong(`${name}[${index}]`, 'an object');
      return new FieldReader(value, this.at(`${name}[${index}]`));
    });
  }

  strings(name: string): readonly string[] | undefined {
    return this.array(name)?.map((value, index) => {
      if (typeof value !== 'string') throw this.wrong(`${name}[${index}]`, 'a string');
      return value;
    });
  }

  /** The object as it stands there. */
  get value(): Readonly<Record<string, unknown>> {
    return this.#value;
  }

  at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  /** The error for a field that is not what it should be. */
  wrong(name: string, expected: string): GatewayError {
    const param = name === '' ? this.#path : this.at(name);
    return new GatewayError('request_invalid', `'${param}' must be ${expected}`, { param });
  }

  /** Notes what was not asked for, as `messages[].foo`. A field that is null says nothing. */
  leftOver(unread: Set<string>): void {
    for (const name of Object.keys(this.#value)) {
      if (this.#asked.has(name) || this.#value[name] === null) continue;
      if (unread.size < UNREAD_MAX) unread.add(this.at(name).replaceAll(/\[\d+\]/g, '[]'));
    }
  }
}

const decoder = new TextDecoder();
