/*
 * Ids of tool calls. The vendor takes letters, digits, `_` and `-`; other vendors' ids may be anything. The same id always becomes the same, in replies
 * as in requests, so that what a caller was told is what it sends back.
 */

const VALID = /^[a-zA-Z0-9_-]{1,256}$/;

export function validToolId(id: string): string {
  if (VALID.test(id)) return id;
  // The hash keeps apart what the replacement would make one.
  return `${id.slice(0, 64).replace(/[^a-zA-Z0-9_-]/g, '_')}_${Bun.hash(id).toString(36)}`;
}

/** The ids of one request: a call that repeats the id of an earlier one (some servers number them anew in each turn) gets its own. */
export class ToolIds {
  readonly #current = new Map<string, string>();
  readonly #taken = new Set<string>();

  ofCall(id: string): string {
    const valid = validToolId(id);
    let free = valid;
    for (let count = 2; this.#taken.has(free); count += 1) free = `${valid}_${count}`;
    this.#taken.add(free);
    this.#current.set(id, free);
    return free;
  }

  /** Of the latest call with this id. */
  ofResult(id: string): string {
    return this.#current.get(id) ?? validToolId(id);
  }
}
