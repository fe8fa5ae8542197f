/*
 * Which beginnings of prompts were seen before, so that usage tells of written and read cache as the vendors bill it. Only the sums are kept.
 * Deterministic: the first request with a marked prefix writes it, the next within its time reads it, and so on until `POST /__sim/reset`.
 */
import type { Clock } from '../base/clock.ts';
import { createLru } from '../base/lru.ts';

/** One piece of a prompt: a tool, a system text, a block of a message. */
export interface PromptPart {
  readonly text: string;
  readonly tokens: number;
  /** Marked: the prompt up to and with this part is kept for so many milliseconds. */
  readonly keepMs?: number | undefined;
}

export interface PrefixUse {
  /** Tokens of the longest prefix that was known. */
  readonly readTokens: number;
  /** Tokens kept from now on that were not known, by the milliseconds for which they are kept. */
  readonly written: ReadonlyMap<number, number>;
}

/** So many parts before a mark are looked up, as Anthropic documents it. */
const LOOKBACK = 20;

export class PrefixCache {
  readonly #clock: Clock;
  readonly #untilMs = createLru<number>({ entriesMax: 100_000, bytesMax: 10_000_000 });

  constructor(deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
  }

  clear(): void {
    this.#untilMs.clear();
  }

  /** Looks the prefixes of a prompt up and keeps the marked ones. `scope` is what a prefix belongs to: the model. */
  use(scope: string, parts: readonly PromptPart[]): PrefixUse {
    const places = placesOf(scope, parts);
    const read = this.#longestKnown(places);
    const written = new Map<number, number>();
    let tokens = read < 0 ? 0 : (places[read]?.tokens ?? 0);
    const readTokens = tokens;
    for (const [index, place] of places.entries()) {
      if (place.keepMs === undefined) continue;
      this.#untilMs.set(place.key, this.#clock.now() + place.keepMs, place.key.length);
      if (index <= read) continue;
      written.set(place.keepMs, (written.get(place.keepMs) ?? 0) + place.tokens - tokens);
      tokens = place.tokens;
    }
    return { readTokens, written };
  }

  #longestKnown(places: readonly Place[]): number {
    for (let mark = places.length - 1; mark >= 0; mark -= 1) {
      if (places[mark]?.keepMs === undefined) continue;
      for (let index = mark; index >= Math.max(0, mark - LOOKBACK); index -= 1) {
        const untilMs = this.#untilMs.get(places[index]?.key ?? '');
        if (untilMs !== undefined && untilMs > this.#clock.now()) return index;
      }
    }
    return -1;
  }
}

interface Place {
  /** Of everything up to here. */
  readonly key: string;
  readonly tokens: number;
  readonly keepMs: number | undefined;
}

function placesOf(scope: string, parts: readonly PromptPart[]): readonly Place[] {
  let digest = Bun.hash.xxHash64(scope);
  let tokens = 0;
  return parts.map((part) => {
    digest = Bun.hash.xxHash64(part.text, digest);
    tokens += part.tokens;
    return { key: digest.toString(36), tokens, keepMs: part.keepMs };
  });
}
