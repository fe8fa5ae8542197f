/*
 * Texts that say the same but for a few words: the same notice in many files, versions of a document. Of those the best alone is worth a place.
 *
 * A text's sketch are the smallest hashes of its runs of three words, one in each of 32 buckets (one permutation hashing: Li et al., NIPS 2012);
 * the share of buckets in which two sketches agree estimates how many of their runs the texts have in common.
 */

const BUCKETS = 32;
const ALIKE = 29;
const RUN = 3;
/** A short text has too few runs to tell. */
const WORDS_MIN = 12;
const WORDS_MAX = 2_000;

export class NearDuplicates {
  readonly #sketches: Uint32Array[] = [];
  readonly #texts = new Set<string>();

  /** Whether a text like this one was added before; if not, it is from now on. */
  isKnown(text: string): boolean {
    const words =
      text
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu)
        ?.slice(0, WORDS_MAX) ?? [];
    const whole = words.length === 0 ? text : words.join(' ');
    if (this.#texts.has(whole)) return true;
    this.#texts.add(whole);
    if (words.length < WORDS_MIN) return false;
    const sketch = sketchOf(words);
    for (const other of this.#sketches) if (agreement(sketch, other) >= ALIKE) return true;
    this.#sketches.push(sketch);
    return false;
  }
}

function sketchOf(words: readonly string[]): Uint32Array {
  const hashes = words.map((word) => Number(Bun.hash.wyhash(word) & 0xffffffffn));
  const sketch = new Uint32Array(BUCKETS).fill(0xffffffff);
  for (let at = RUN - 1; at < hashes.length; at += 1) {
    let hash = 0;
    for (let back = RUN - 1; back >= 0; back -= 1) hash = Math.imul(hash ^ (hashes[at - back] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
    const bucket = hash % BUCKETS;
    if (hash < (sketch[bucket] ?? 0)) sketch[bucket] = hash;
  }
  return sketch;
}

function agreement(one: Uint32Array, other: Uint32Array): number {
  let same = 0;
  for (let at = 0; at < BUCKETS; at += 1) if (one[at] === other[at]) same += 1;
  return same;
}
