/* Numbers that stand for keys while somebody holds them, and are given anew afterwards: they stay small, whatever comes and goes. */

import { uint32Column } from './number-column.ts';

/** A key takes about so much in a map, without its characters. */
const KEY_BYTES = 48;

/** A NumberMap or a ShardedMap: by the kind of the keys. */
export interface SlotMap<Key> {
  readonly size: number;
  get(key: Key): number | undefined;
  set(key: Key, value: number): void;
  delete(key: Key): boolean;
}

export class Slots<Key extends string | number> {
  readonly #slots: SlotMap<Key>;
  readonly #keys: (Key | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #holders = uint32Column();
  #chars = 0;

  constructor(map: SlotMap<Key>) {
    this.#slots = map;
  }

  /** Slots are below it. */
  get length(): number {
    return this.#keys.length;
  }

  get size(): number {
    return this.#slots.size;
  }

  get bytes(): number {
    return this.#slots.size * KEY_BYTES + this.#keys.length * 8 + this.#chars + this.#holders.bytes;
  }

  find(key: Key): number | undefined {
    return this.#slots.get(key);
  }

  /** The slot of a key that has none yet; nobody holds it. */
  add(key: Key): number {
    const slot = this.#free.pop() ?? this.#keys.length;
    this.#keys[slot] = key;
    this.#slots.set(key, slot);
    this.#holders.ensure(slot + 1);
    this.#chars += typeof key === 'string' ? key.length : 0;
    return slot;
  }

  hold(slot: number): void {
    const holders = this.#holders.values;
    holders[slot] = (holders[slot] ?? 0) + 1;
  }

  /** Whether that was the last holder: the key is forgotten then. */
  release(slot: number): boolean {
    const holders = this.#holders.values;
    const left = (holders[slot] ?? 0) - 1;
    holders[slot] = left;
    if (left > 0) return false;
    const key = this.#keys[slot];
    if (key !== undefined) this.#slots.delete(key);
    this.#chars -= typeof key === 'string' ? key.length : 0;
    this.#keys[slot] = undefined;
    this.#free.push(slot);
    return true;
  }
}
