import { raceAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Guard } from './guard.ts';
import type { RedisConnection } from './redis-connection.ts';
import { createRedisScript } from './redis-script.ts';

/*
 * How many replicas share a Redis, so that each knows its part of a limit when Redis is gone. Every replica signs a sorted set
 * with Redis' time and counts those who signed lately; between two signatures, and during an outage, the last count stands.
 */

export interface ReplicaCount extends AsyncDisposable {
  /** Replicas, this one included; 1 until Redis has answered once. */
  count(): number;
}

export interface ReplicaCountDeps {
  readonly connection: RedisConnection;
  readonly guard: Guard;
  readonly clock: Clock;
  /** Tells this process from all others. */
  readonly id: string;
}

const SIGN_EVERY_MS = 5_000;
/** Three signatures missed: gone. */
const GONE_AFTER_MS = 15_000;

const SIGN = createRedisScript(`
local now = redis.call('TIME')[1] * 1000
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
`);

export function createReplicaCount(config: { readonly prefix: string }, deps: ReplicaCountDeps): ReplicaCount {
  const { connection, guard, clock, id } = deps;
  const stop = new AbortController();
  let last = 1;
  let timer: Disposable | undefined;
  let signature = Promise.resolve();

  const sign = async (): Promise<void> => {
    last = await guard.run(
      async () => Math.max(1, Number(await SIGN.run(connection, [`${config.prefix}replicas`], [id, String(GONE_AFTER_MS)]))),
      () => last,
    );
  };
  const signAndWait = (): void => {
    timer = clock.after(SIGN_EVERY_MS, signAndWait);
    // Without a connection there is nothing to ask, and the guard has no use for a failure known beforehand.
    signature = raceAbort(connection.dialled(), stop.signal).then(
      (isUp) => (isUp ? sign() : undefined),
      () => {},
    );
  };

  signAndWait();
  return {
    count: () => last,
    async [Symbol.asyncDispose]() {
      timer?.[Symbol.dispose]();
      stop.abort();
      await signature;
    },
  };
}
