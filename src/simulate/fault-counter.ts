import { createLru } from '../base/lru.ts';
import { type Faults, parseFaults } from './faults.ts';

/** Texts remembered, parsed or counted: far more than a test run has, and a bound. */
const BOUNDS = { entriesMax: 10_000, bytesMax: 10_000_000 };

/** Turns fault texts into what holds for one request, and counts those that hold only for some `times`. */
export class FaultCounter {
  readonly #parsed = createLru<Faults>(BOUNDS);
  readonly #uses = createLru<number>(BOUNDS);

  /** Reads a text once and remembers it. Throws `request_invalid`. */
  parse(text: string): Faults {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    const faults = parseFaults(text);
    this.#parsed.set(text, faults, text.length);
    return faults;
  }

  /**
   * What holds for one request: the given texts over `base`, later over earlier, without those whose `times` are used up.
   * Each call is one request. Returns `base` itself when nothing is added.
   */
  take(base: Faults, texts: readonly string[]): Faults {
    const held: Faults[] = [];
    for (const text of texts) {
      if (text === '') continue;
      const faults = this.parse(text);
      if (faults.times !== undefined && !this.#use(text, faults.times)) continue;
      held.push(faults);
    }
    if (held.length === 0) return base;
    const merged: Faults = {};
    for (const faults of [base, ...held]) Object.assign(merged, faults);
    return merged;
  }

  /** Forgets the counts: `times` begins anew. */
  reset(): void {
    this.#uses.clear();
  }

  #use(text: string, times: number): boolean {
    const used = this.#uses.get(text) ?? 0;
    if (used >= times) return false;
    this.#uses.set(text, used + 1, text.length);
    return true;
  }
}
