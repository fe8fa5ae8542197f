/** Names of what a caller said beyond our words, each once. Bounded: a body may hold any number of names that nobody knows. */
const NAMES_MAX = 200;
const NAME_CHARS_MAX = 100;

export class Unread {
  readonly #names = new Set<string>();

  /** Notes the members that are not known, of which something is said. `path`: where the object stands (`tools[]`), or ''. */
  note(object: Readonly<Record<string, unknown>>, known: ReadonlySet<string>, path: string): void {
    for (const name in object) {
      const value = object[name];
      if (value === undefined || value === null || known.has(name)) continue;
      this.add(`${path === '' ? '' : `${path}.`}${name.slice(0, NAME_CHARS_MAX)}`);
    }
  }

  add(path: string): void {
    if (this.#names.size < NAMES_MAX) this.#names.add(path);
  }

  get names(): readonly string[] {
    return [...this.#names];
  }
}
