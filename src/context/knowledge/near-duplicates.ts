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
    const hashes = wordHashes(text);
    if (hashes.length < WORDS_MIN) {
      const words = text.toLowerCase().match(WORDS)?.join(' ') ?? text;
      const isKnown = this.#texts.has(words);
      this.#texts.add(words);
      return isKnown;
    }
    const sketch = sketchOf(hashes);
    for (const other of this.#sketches) if (agreement(sketch, other) >= ALIKE) return true;
    this.#sketches.push(sketch);
    return false;
  }
}

const WORDS = /[\p{L}\p{N}]+/gu;
const IN_WORDS = /^[\p{L}\p{N}]/u;
const ASCII = 0x80;

/** By character of ASCII. */
const IS_IN_WORDS = Array.from({ length: ASCII }, (_, code) => IN_WORDS.test(String.fromCharCode(code)));

/** A number for each of the first words, without regard to case (FNV-1a of their characters); nothing is cut out of the text for it. */
function wordHashes(text: string): number[] {
  const lower = text.toLowerCase();
  const hashes: number[] = [];
  let hash = 0;
  for (let at = 0; at < lower.length && hashes.length < WORDS_MAX; at += 1) {
    const code = lower.charCodeAt(at);
    // Half of a pair is taken for a letter: which one decides too little to be looked up.
    if (code < ASCII ? IS_IN_WORDS[code] === true : isSurrogate(code) || IN_WORDS.test(lower[at] ?? '')) {
      hash = Math.imul((hash === 0 ? FNV_START : hash) ^ code, FNV_PRIME) || 1;
    } else if (hash !== 0) {
      hashes.push(hash);
      hash = 0;
    }
  }
  if (hash !== 0) hashes.push(hash);
  return hashes;
}

const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xe000;
}

function sketchOf(hashes: readonly number[]): Uint32Array {
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
