/*
 * A map by strings, of many small ones. A Map puts all of its entries anew when it doubles, which at 200,000 entries holds a thread up for over 10 ms; here
 * only a part of them is.
 */

const SHARDS = 32;
/** Of a long key, its end tells enough. */
const CHARS_MAX = 8;

export class ShardedMap<Value> {
  readonly #shards: (Map<string, Value> | undefined)[] = Array.from({ length: SHARDS });
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  set(key: string, value: Value): void {
    const number = shardOf(key);
    let shard = this.#shards[number];
    if (shard === undefined) {
      shard = new Map();
      this.#shards[number] = shard;
    }
    const before = shard.size;
    shard.set(key, value);
    this.#size += shard.size - before;
  }

  delete(key: string): boolean {
    const isDeleted = this.#shards[shardOf(key)]?.delete(key) ?? false;
    if (isDeleted) this.#size -= 1;
    return isDeleted;
  }
}

function shardOf(key: string): number {
  let hash = key.length;
  for (let at = Math.max(0, key.length - CHARS_MAX); at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  return (hash ^ (hash >>> 15)) & (SHARDS - 1);
}
