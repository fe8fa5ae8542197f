import { createHash } from 'node:crypto';
import type { RedisConnection } from './redis-connection.ts';

/** A Lua script that Redis runs as one atomic step. */
export interface RedisScript {
  /** Runs it on the live connection; rejects when there is none or Redis refuses. What the reply is, the script says. */
  run(connection: RedisConnection, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}

/** Sends the script's hash, and the script itself only when Redis does not know it (any more): a restart empties its cache. */
export function createRedisScript(lua: string): RedisScript {
  const sha = createHash('sha1').update(lua).digest('hex');
  return {
    async run(connection, keys, args) {
      try {
        return (await connection.client().evalsha(sha, keys.length, ...keys, ...args)) as unknown;
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return (await connection.client().send('EVAL', [lua, String(keys.length), ...keys, ...args])) as unknown;
      }
    },
  };
}
