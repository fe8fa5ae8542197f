import type { ReadableHeaders } from '../../base/readable-headers.ts';

/** Headers as they came, a name and its value in turn. Making one costs nothing, and asking is fast while they are few, as they are. */
export class HeaderList implements ReadableHeaders {
  readonly #fields: readonly string[];

  /** Lower-case names at even places, their values at odd ones. */
  constructor(fields: readonly string[]) {
    this.#fields = fields;
  }

  get(name: string): string | null {
    const fields = this.#fields;
    let found: string | null = null;
    for (let at = 0; at < fields.length; at += 2) {
      if (fields[at] !== name) continue;
      const value = fields[at + 1] ?? '';
      found = found === null ? value : `${found}, ${value}`;
    }
    return found;
  }

  /** Adds all but `set-cookie` to a record; repeated ones joined. */
  copyTo(record: Record<string, string>): void {
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] ?? '';
      if (name === 'set-cookie') continue;
      const value = fields[at + 1] ?? '';
      record[name] = name in record ? `${record[name]}, ${value}` : value;
    }
  }

  getSetCookie(): string[] {
    return this.#fields.filter((_text, at) => at % 2 === 1 && this.#fields[at - 1] === 'set-cookie');
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] ?? '';
      if (name === 'set-cookie') yield [name, fields[at + 1] ?? ''];
      else if (isFirst(fields, at)) yield [name, this.get(name) ?? ''];
    }
  }
}

function isFirst(fields: readonly string[], at: number): boolean {
  for (let before = 0; before < at; before += 2) if (fields[before] === fields[at]) return false;
  return true;
}
