/*
 * A map bounded in bytes and entries, which forgets what was not used for the longest time.
 *
 * A Map alone could keep the order (delete and set again on use), but its first key is found by walking over the holes
 * that deletions left: 15 µs per eviction at 100,000 entries, against 0.4 µs for the linked list here (bench/micro/base/lru.ts).
 *
 * Invariants: size ≤ entriesMax and bytes ≤ bytesMax after every call; `newest` and `oldest` end the list of exactly the
 * nodes that the map holds.
 */

export interface LruConfig {
  /** Sum of the sizes that were given to `set`. */
  readonly bytesMax: number;
  readonly entriesMax: number;
}

export interface Lru<V> {
  /** The value, now the newest; `undefined` when there is none. */
  get(key: string): V | undefined;
  /** Stores, as the newest, and drops the oldest entries until all fits. False when `bytes` alone is over the limit: then the key is empty. */
  set(key: string, value: V, bytes: number): boolean;
  delete(key: string): boolean;
  clear(): void;
  /** Every key, in no particular order. Those that are set while one goes through them may come, those that are deleted do not. */
  keys(): IterableIterator<string>;
  readonly size: number;
  readonly bytes: number;
}

interface Node<V> {
  readonly key: string;
  value: V;
  bytes: number;
  newer: Node<V> | undefined;
  older: Node<V> | undefined;
}

export function createLru<V>(config: LruConfig): Lru<V> {
  const { bytesMax, entriesMax } = config;
  const nodes = new Map<string, Node<V>>();
  let newest: Node<V> | undefined;
  let oldest: Node<V> | undefined;
  let bytesTotal = 0;

  const unlink = (node: Node<V>): void => {
    if (node.newer === undefined) newest = node.older;
    else node.newer.older = node.older;
    if (node.older === undefined) oldest = node.newer;
    else node.older.newer = node.newer;
  };
  const linkNewest = (node: Node<V>): void => {
    node.newer = undefined;
    node.older = newest;
    if (newest === undefined) oldest = node;
    else newest.newer = node;
    newest = node;
  };
  const drop = (node: Node<V>): void => {
    unlink(node);
    nodes.delete(node.key);
    bytesTotal -= node.bytes;
  };

  return {
    get(key) {
      const node = nodes.get(key);
      if (node === undefined) return undefined;
      if (node !== newest) {
        unlink(node);
        linkNewest(node);
      }
      return node.value;
    },
    set(key, value, bytes) {
      const old = nodes.get(key);
      if (old !== undefined) drop(old);
      if (bytes > bytesMax || entriesMax < 1) return false;
      const node: Node<V> = { key, value, bytes, newer: undefined, older: undefined };
      nodes.set(key, node);
      linkNewest(node);
      bytesTotal += bytes;
      while (oldest !== undefined && (bytesTotal > bytesMax || nodes.size > entriesMax)) drop(oldest);
      return true;
    },
    delete(key) {
      const node = nodes.get(key);
      if (node === undefined) return false;
      drop(node);
      return true;
    },
    keys: () => nodes.keys(),
    clear() {
      nodes.clear();
      newest = undefined;
      oldest = undefined;
      bytesTotal = 0;
    },
    get size() {
      return nodes.size;
    },
    get bytes() {
      return bytesTotal;
    },
  };
}
