import type { Clock } from '../base/clock.ts';
import type { Broadcast } from './broadcast/broadcast.ts';
import { createMemoryBroadcast } from './broadcast/memory.ts';
import { createRedisBroadcast } from './broadcast/redis.ts';
import type { CounterStore } from './counter/counter-store.ts';
import { createFallbackCounterStore } from './counter/fallback.ts';
import { createMemoryCounterStore } from './counter/memory.ts';
import { createRedisCounterStore } from './counter/redis.ts';
import { createGuard, GUARD_DEFAULTS, type Guard, type StoreFault } from './guard.ts';
import { createRedisConnection, type RedisConnection } from './redis-connection.ts';
import { createReplicaCount } from './replica-count.ts';
import type { StateConfig } from './state-config.ts';
import { createMemoryValueStore } from './value/memory.ts';
import { createRedisValueStore } from './value/redis.ts';
import { createSkippingValueStore } from './value/skipping.ts';
import type { ValueStore } from './value/value-store.ts';

/*
 * The stores of one process, as configured. Counters and cache may use the same Redis: then they share its connection, but each
 * has a guard of its own, for a large cached reply may be late where a count is not.
 */

export interface Stores extends AsyncDisposable {
  readonly counters: CounterStore;
  readonly values: ValueStore;
  /** News between the processes that share a Redis. */
  readonly broadcast: Broadcast;
  /** Resolves when every Redis has been tried once: with whether all are there. Serving may begin either way. */
  ready(): Promise<boolean>;
  /** Every Redis in use, for health and metrics. */
  readonly remotes: readonly RemoteStore[];
}

export interface RemoteStore {
  readonly name: StoreName;
  readonly isUp: () => boolean;
  readonly guard: Guard;
}

export type StoreName = 'counters' | 'cache';

export interface StoresDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Processes known to share the counters, this one included, as by configuration; ≥ 1. Redis may know of more. */
  readonly replicas: () => number;
  /** A call that a remote store did not answer, and which the fallback did. */
  readonly onFault: (store: StoreName, fault: StoreFault) => void;
  /** A connection came up or went down, and why; the reason holds no secret. */
  readonly onChange: (isUp: boolean, reason: string) => void;
}

/** Without what says where records are kept: that is no business of these. */
type SharedStateConfig = Omit<StateConfig, Extract<keyof StateConfig, `records${string}` | `outbox${string}` | `vectors${string}`>>;

const CONNECT_TIMEOUT_MS = 2_000;
const REDIAL_MS_MAX = 5_000;
// The bytes are what bounds the cache; this bounds the bookkeeping of very small replies.
const CACHE_ENTRIES_MAX = 1_000_000;

/** Opens the stores and dials, but waits for nothing. */
export function openStores(config: SharedStateConfig, deps: StoresDeps): Stores {
  const { clock } = deps;
  const closers = new AsyncDisposableStack();
  const connections = new Map<string, RedisConnection>();
  const remotes: RemoteStore[] = [];

  const connect = (url: string): RedisConnection => {
    let connection = connections.get(url);
    if (connection === undefined) {
      connection = closers.use(createRedisConnection({ url, connectTimeoutMs: CONNECT_TIMEOUT_MS, redialMsMax: REDIAL_MS_MAX }, deps));
      connections.set(url, connection);
    }
    return connection;
  };
  const protect = (name: StoreName, connection: RedisConnection): Guard => {
    const guard = createGuard(
      { ...GUARD_DEFAULTS, deadlineMs: config.timeout },
      { clock, random: deps.random, onOpen: () => connection.recycle() },
    );
    remotes.push({ name, isUp: () => connection.isUp, guard });
    return guard;
  };

  const openCounters = (): CounterStore => {
    const local = createMemoryCounterStore({ keysMax: config.counter_keys_max }, { clock });
    if (config.counters === 'memory') return local;
    const connection = connect(config.counters);
    const guard = protect('counters', connection);
    const replicas = closers.use(createReplicaCount(config, { connection, guard, clock, id: crypto.randomUUID() }));
    const primary = createRedisCounterStore(config, { connection });
    return createFallbackCounterStore({
      primary,
      local,
      guard,
      replicas: () => Math.max(deps.replicas(), replicas.count()),
      onFault: (fault) => deps.onFault('counters', fault),
    });
  };
  const openValues = (): ValueStore => {
    if (config.cache === 'memory')
      return createMemoryValueStore({ bytesMax: config.cache_bytes_max, entriesMax: CACHE_ENTRIES_MAX }, { clock });
    const connection = connect(config.cache);
    const primary = createRedisValueStore(config, { connection });
    return createSkippingValueStore({
      primary,
      clock,
      guard: protect('cache', connection),
      onFault: (fault) => deps.onFault('cache', fault),
    });
  };

  const openBroadcast = (): Broadcast => {
    const url = [config.counters, config.cache].find((driver) => driver !== 'memory');
    if (url === undefined) return createMemoryBroadcast(new Set());
    const guard = createGuard({ ...GUARD_DEFAULTS, deadlineMs: config.timeout }, { clock, random: deps.random });
    const settings = { url, prefix: config.prefix, connectTimeoutMs: CONNECT_TIMEOUT_MS, redialMsMax: REDIAL_MS_MAX };
    return createRedisBroadcast(settings, { connection: connect(url), guard, clock, random: deps.random, id: crypto.randomUUID() });
  };

  return {
    counters: closers.use(openCounters()),
    values: closers.use(openValues()),
    broadcast: closers.use(openBroadcast()),
    remotes,
    ready: async () => (await Promise.all(Array.from(connections.values(), (connection) => connection.dialled()))).every(Boolean),
    [Symbol.asyncDispose]: () => closers.disposeAsync(),
  };
}
