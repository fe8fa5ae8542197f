import { isRecord } from '../dialect-errors.ts';
import { invalid } from '../dialect-request.ts';

/** More names than any caller reads. */
const NAMES_MAX = 50;

/** Collects the fields that our words have no place for. */
export class Unread {
  readonly #names = new Set<string>();

  /** Notes every member of `value` that is not among the known ones; `null` says nothing, so nothing is lost with it. */
  note(value: Readonly<Record<string, unknown>>, known: ReadonlySet<string>, path = ''): void {
    for (const name in value) {
      const member = value[name];
      if (known.has(name) || member === null || member === undefined) continue;
      if (this.#names.size < NAMES_MAX) this.#names.add(`${path}${name.slice(0, 100)}`);
    }
  }

  get names(): readonly string[] {
    return [...this.#names];
  }
}

/** The value as an object; throws `request_invalid`. */
export function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw invalid(path, `'${path}' must be an object`);
  return value;
}

/** A text; throws `request_invalid` for any other kind of value, null and absence included. */
export function textAt(value: Readonly<Record<string, unknown>>, name: string, path: string): string {
  const text = value[name];
  if (typeof text !== 'string') throw invalid(`${path}.${name}`, `'${path}.${name}' must be a string`);
  return text;
}

/** A text, where there is one that says something. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
