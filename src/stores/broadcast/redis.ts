import type { Clock } from '../../base/clock.ts';
import type { Guard } from '../guard.ts';
import { createRedisConnection, type RedisConfig, type RedisConnection } from '../redis-connection.ts';
import { type Broadcast, type BroadcastListener, MESSAGE_BYTES_MAX } from './broadcast.ts';

/*
 * Broadcast by Redis' publish and subscribe. We talk on the connection that the stores share, behind a guard of our own, and hear on one
 * that does nothing else. A connection that hears nothing looks like one that broke without a word (a frozen server, a firewall that
 * forgot us), so it is asked for a PONG every two seconds and dropped when none comes.
 */

export interface RedisBroadcastConfig extends RedisConfig {
  /** Names the channel: those with the same prefix hear each other. */
  readonly prefix: string;
}

export interface RedisBroadcastDeps {
  /** To talk on. */
  readonly connection: RedisConnection;
  readonly guard: Guard;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Tells this process from all others; no space in it. */
  readonly id: string;
}

const PING_EVERY_MS = 2_000;
const PONG_MS_MAX = 1_000;
/** Where subscribing is refused (an ACL), asking again at once would be a storm. */
const REFUSED_MS = 10_000;

export function createRedisBroadcast(config: RedisBroadcastConfig, deps: RedisBroadcastDeps): Broadcast {
  const { connection, guard, clock, id } = deps;
  const channel = `${config.prefix}news`;
  let listener: BroadcastListener | undefined;
  let timer: Disposable | undefined;
  let isClosed = false;

  const hear = (text: string): void => {
    const space = text.indexOf(' ');
    // Anyone who reaches this Redis may publish here.
    if (isClosed || space < 1 || text.length > MESSAGE_BYTES_MAX + 100 || text.slice(0, space) === id) return;
    listener?.onMessage(text.slice(space + 1));
  };
  const again = (delayMs: number, run: () => void): void => {
    timer?.[Symbol.dispose]();
    timer = isClosed ? undefined : clock.after(delayMs, run);
  };
  const watch = (): void => again(PING_EVERY_MS, ping);
  const ping = (): void => {
    if (!hearing.isUp) return;
    const client = hearing.client();
    again(PONG_MS_MAX, () => hearing.recycle());
    // A connection that breaks meanwhile is dialled anew by its owner.
    client.ping().then(watch, () => undefined);
  };
  const join = (): void => {
    again(PONG_MS_MAX, () => hearing.recycle());
    hearing
      .client()
      .subscribe(channel, hear)
      .then(
        () => {
          if (isClosed) return;
          watch();
          listener?.onJoin();
        },
        () => {
          if (hearing.isUp) again(REFUSED_MS, () => hearing.recycle());
        },
      );
  };
  const hearing = createRedisConnection(config, {
    clock,
    random: deps.random,
    onChange: (isUp) => {
      if (isUp && !isClosed) join();
    },
  });

  return {
    publish(message) {
      if (isClosed || Buffer.byteLength(message) > MESSAGE_BYTES_MAX) return;
      void guard.run<unknown>(
        () => connection.client().publish(channel, `${id} ${message}`),
        () => undefined,
      );
    },
    listen(next) {
      listener = next;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      timer?.[Symbol.dispose]();
      await hearing[Symbol.asyncDispose]();
    },
  };
}
