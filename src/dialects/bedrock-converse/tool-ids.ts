/*
 * Ids of tool calls. The vendor takes 64 letters, digits, `_`, `.`, `:` and `-`; other vendors' ids may be anything. Within a request a call that repeats
 * the id of an earlier one (some servers number them anew in each turn) gets its own.
 */

const VALID = /^[a-zA-Z0-9_.:-]{1,64}$/;

function validToolId(id: string): string {
  if (VALID.test(id)) return id;
  // The hash keeps apart what the replacement would make one.
  return `${id.slice(0, 40).replace(/[^a-zA-Z0-9_.:-]/g, '_')}_${Bun.hash(id).toString(36)}`;
}

export class ToolIds {
  readonly #current = new Map<string, string>();
  readonly #taken = new Set<string>();

  ofCall(id: string): string {
    const valid = validToolId(id);
    let free = valid;
    for (let count = 2; this.#taken.has(free); count += 1) free = `${valid.slice(0, 58)}_${count}`;
    this.#taken.add(free);
    this.#current.set(id, free);
    return free;
  }

  /** Of the latest call with this id. */
  ofResult(id: string): string {
    return this.#current.get(id) ?? validToolId(id);
  }
}
