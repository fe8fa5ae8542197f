import type { Abortable } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { createLru } from '../../base/lru.ts';
import type { ValueSetOptions, ValueStore } from './value-store.ts';

export interface MemoryValueConfig {
  /** Bytes of all values, keys and bookkeeping together. */
  readonly bytesMax: number;
  readonly entriesMax: number;
}

/** Values in this process, the most recently used ones that fit. Synchronous. */
export interface MemoryValueStore extends ValueStore {
  get(key: string, signal: Abortable): Uint8Array | undefined;
  set(key: string, bytes: Uint8Array, options: ValueSetOptions): void;
  delete(key: string, signal: Abortable): void;
  deletePrefix(prefix: string, signal: Abortable): Promise<number>;
  /** Bytes in use, of `bytesMax`. */
  readonly bytes: number;
}

interface Held {
  readonly bytes: Uint8Array;
  readonly endsMs: number;
}

// Map slot, list node, entry and array header of one value, as measured; rounded up.
const ENTRY_BYTES = 256;
/** Keys that are looked at before others have their turn: less than a millisecond. */
const KEYS_AT_ONCE = 5_000;

export function createMemoryValueStore(config: MemoryValueConfig, deps: { readonly clock: Clock }): MemoryValueStore {
  const { clock } = deps;
  const values = createLru<Held>(config);

  return {
    get(key, signal) {
      signal.throwIfAborted();
      const held = values.get(key);
      if (held === undefined) return undefined;
      if (held.endsMs > clock.monotonic()) return held.bytes;
      values.delete(key);
      return undefined;
    },
    set(key, bytes, { ttlMs, signal }) {
      signal.throwIfAborted();
      if (!(ttlMs > 0)) {
        values.delete(key);
        return;
      }
      // A view of a few bytes would keep the whole buffer alive, and the bytes are counted here, not the buffer.
      const own = bytes.byteLength * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes;
      values.set(key, { bytes: own, endsMs: clock.monotonic() + ttlMs }, own.buffer.byteLength + 2 * key.length + ENTRY_BYTES);
    },
    delete(key, signal) {
      signal.throwIfAborted();
      values.delete(key);
    },
    async deletePrefix(prefix, signal) {
      signal.throwIfAborted();
      // Whatever is set meanwhile comes behind those that were there.
      let left = values.size;
      let deleted = 0;
      const now = clock.monotonic();
      for (const key of values.keys()) {
        if (left === 0) break;
        left -= 1;
        if (left % KEYS_AT_ONCE === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
        if (!key.startsWith(prefix)) continue;
        const held = values.get(key);
        if (values.delete(key) && held !== undefined && held.endsMs > now) deleted += 1;
      }
      return deleted;
    },
    get bytes() {
      return values.bytes;
    },
    async [Symbol.asyncDispose]() {
      values.clear();
    },
  };
}
