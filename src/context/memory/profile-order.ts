/* The memories that a profile is chosen from, kept in the order in which they are chosen: a user may have thousands, and each chat asks for the first few. */

import type { Memory } from './memory.ts';

const KINDS: ReadonlySet<string> = new Set(['preference', 'profile', 'instruction']);

/** The weights are of a few steps: within one, the newest are chosen first. */
const STEPS = 10;

interface Entry {
  readonly id: string;
  readonly step: number;
  readonly validFromMs: number;
}

/** Ids, the weightiest first, then the newest. */
export class ProfileOrder implements Iterable<string> {
  /** The other way round: what is new is put near the end. */
  readonly #entries: Entry[] = [];

  /** Takes what belongs to a profile, whether it is so now or was; nothing else. It must not be there yet. */
  add(memory: Memory): void {
    if (!KINDS.has(memory.kind)) return;
    const entry = entryOf(memory);
    this.#entries.splice(this.#placeOf(entry), 0, entry);
  }

  /** `memory`: as it was added. */
  remove(memory: Memory): void {
    if (!KINDS.has(memory.kind)) return;
    const place = this.#placeOf(entryOf(memory));
    if (this.#entries[place]?.id === memory.id) this.#entries.splice(place, 1);
  }

  *[Symbol.iterator](): Iterator<string> {
    for (let at = this.#entries.length - 1; at >= 0; at -= 1) yield this.#entries[at]!.id;
  }

  /** Where it is, or belongs. */
  #placeOf(entry: Entry): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (byWeight(this.#entries[middle]!, entry) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function entryOf({ id, importance, validFromMs }: Memory): Entry {
  return { id, step: Math.round(importance * STEPS), validFromMs };
}

function byWeight(a: Entry, b: Entry): number {
  return b.step - a.step || b.validFromMs - a.validFromMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
