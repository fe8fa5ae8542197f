/*
 * A map from whole numbers to small ones, in flat memory: a Map would make an object of each number that is large, and look it up in a few hundred
 * nanoseconds. It is of many small tables, so that none of them holds a thread up when it grows.
 */

const SHARD_BITS = 5;
const SLOTS_FIRST = 16;

// To read the bits of a number.
const scratch = new Float64Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

export class NumberMap {
  readonly #shards = Array.from({ length: 2 ** SHARD_BITS }, () => new Shard());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): number | undefined {
    const hash = hashOf(key);
    return this.#shards[shardOf(hash)]!.get(key, hash);
  }

  /** `value`: whole, from 0 to 2^32 − 2. */
  set(key: number, value: number): void {
    const hash = hashOf(key);
    if (this.#shards[shardOf(hash)]!.set(key, hash, value)) this.#size += 1;
  }

  delete(key: number): boolean {
    const hash = hashOf(key);
    const isDeleted = this.#shards[shardOf(hash)]!.delete(key, hash);
    if (isDeleted) this.#size -= 1;
    return isDeleted;
  }
}

/** Linear probing, at most three quarters full; what is removed leaves no gap behind. */
class Shard {
  #keys = new Float64Array(SLOTS_FIRST);
  /** And 1; 0 where there is nothing. */
  #values = new Uint32Array(SLOTS_FIRST);
  #count = 0;

  get(key: number, hash: number): number | undefined {
    const value = this.#values[this.#find(key, hash)]!;
    return value === 0 ? undefined : value - 1;
  }

  /** Whether it is new. */
  set(key: number, hash: number, value: number): boolean {
    let at = this.#find(key, hash);
    const isNew = this.#values[at] === 0;
    if (isNew) {
      this.#count += 1;
      if (this.#count * 4 > this.#keys.length * 3) {
        this.#grow();
        at = this.#find(key, hash);
      }
    }
    this.#keys[at] = key;
    this.#values[at] = value + 1;
    return isNew;
  }

  delete(key: number, hash: number): boolean {
    const mask = this.#keys.length - 1;
    let gap = this.#find(key, hash);
    if (this.#values[gap] === 0) return false;
    this.#count -= 1;
    // Who stands behind it may have been kept from its place by it.
    for (let at = (gap + 1) & mask; this.#values[at] !== 0; at = (at + 1) & mask) {
      const home = hashOf(this.#keys[at]!) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.#keys[gap] = this.#keys[at]!;
      this.#values[gap] = this.#values[at]!;
      gap = at;
    }
    this.#keys[gap] = 0;
    this.#values[gap] = 0;
    return true;
  }

  /** Where the key stands, or would stand. */
  #find(key: number, hash: number): number {
    const keys = this.#keys;
    const values = this.#values;
    const mask = keys.length - 1;
    let at = hash & mask;
    while (values[at] !== 0 && keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Float64Array(keys.length * 2);
    this.#values = new Uint32Array(keys.length * 2);
    for (let at = 0; at < keys.length; at += 1) {
      if (values[at] === 0) continue;
      const place = this.#find(keys[at]!, hashOf(keys[at]!));
      this.#keys[place] = keys[at]!;
      this.#values[place] = values[at]!;
    }
  }
}

function hashOf(key: number): number {
  scratch[0] = key;
  const mixed = Math.imul(scratchBits[0]! ^ Math.imul(scratchBits[1]!, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** By the upper bits: the lower ones tell the place. */
function shardOf(hash: number): number {
  return hash >>> (32 - SHARD_BITS);
}
