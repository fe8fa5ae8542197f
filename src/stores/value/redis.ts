import type { RedisConnection } from '../redis-connection.ts';
import type { ValueStore } from './value-store.ts';

export interface RedisValueConfig {
  /** Before every key, so that several installations can share a Redis: `gatehouse:`. */
  readonly prefix: string;
}

/** Keys that Redis looks at for one command: less than a millisecond, in which it serves nobody else. */
const SCANNED_AT_ONCE = '1000';

/** Values that replicas share, as binary strings with a time to live. What does not fit, Redis' own `maxmemory-policy` decides. */
export function createRedisValueStore(config: RedisValueConfig, deps: { readonly connection: RedisConnection }): ValueStore {
  const { connection } = deps;
  const nameOf = (key: string): string => `${config.prefix}value:${key}`;

  return {
    async get(key, signal) {
      signal.throwIfAborted();
      // `get` would decode the bytes as UTF-8 and lose those that are not.
      return (await connection.client().getBuffer(nameOf(key))) ?? undefined;
    },
    async set(key, bytes, { ttlMs, signal }) {
      signal.throwIfAborted();
      if (ttlMs > 0) await connection.client().set(nameOf(key), bytes, 'PX', Math.ceil(ttlMs));
      else await connection.client().del(nameOf(key));
    },
    async delete(key, signal) {
      signal.throwIfAborted();
      await connection.client().del(nameOf(key));
    },
    async deletePrefix(prefix, signal) {
      const pattern = `${nameOf(prefix).replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`;
      let cursor = '0';
      let deleted = 0;
      do {
        signal.throwIfAborted();
        // What is there from beginning to end is found, though the keyspace be resized meanwhile: redis.io/commands/scan.
        const [next, keys] = (await connection.client().send('SCAN', [cursor, 'MATCH', pattern, 'COUNT', SCANNED_AT_ONCE])) as [
          string,
          string[],
        ];
        if (keys.length > 0) deleted += Number(await connection.client().send('UNLINK', keys));
        cursor = next;
      } while (cursor !== '0');
      return deleted;
    },
    // The connection belongs to whoever made it.
    async [Symbol.asyncDispose]() {},
  };
}
