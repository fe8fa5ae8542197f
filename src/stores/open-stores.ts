/*
 * The stores as the configuration names them. What is remote is wrapped here, so that nobody else has to think of a store that fails:
 * counters fall back to this process, the cache is skipped.
 */

import type { Clock } from '../base/clock.ts';
import type { CounterStore } from './counter/counter-store.ts';
import { createFallbackCounterStore } from './counter/fallback.ts';
import { createMemoryCounterStore } from './counter/memory.ts';
import { createRedisCounterStore } from './counter/redis.ts';
import { createGuard, GUARD_DEFAULTS, type Guard, type StoreFault } from './guard.ts';
import { createRedisConnection, type RedisConnection } from './redis-connection.ts';
import type { StateConfig } from './state-config.ts';
import { createMemoryValueStore } from './value/memory.ts';
import { createRedisValueStore } from './value/redis.ts';
import { createSkippingValueStore } from './value/skipping.ts';
import type { ValueStore } from './value/value-store.ts';

export type StoreName = 'counters' | 'cache';

export interface Stores extends AsyncDisposable {
  readonly counters: CounterStore;
  readonly values: ValueStore;
  /** Whether every remote store is up; undefined where none is configured. */
  isUp(): boolean | undefined;
  /** Resolves when the first dial of every remote store has ended, well or not. */
  dialled(): Promise<void>;
}

export interface StoresDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** Processes that share the counters, this one included. */
  readonly replicas: () => number;
  /** Called for every call that a remote store did not answer. */
  readonly onFault: (store: StoreName, fault: StoreFault) => void;
  /** A remote store came up or went down, with a reason that holds no secret. */
  readonly onChange: (isUp: boolean, reason: string) => void;
}

const CONNECT_TIMEOUT_MS = 2_000;
const REDIAL_MS_MAX = 5_000;
/** Entries are bounded by bytes; this bounds the bookkeeping of very small ones. */
const CACHE_ENTRIES_MAX = 1_000_000;

export function openStores(config: StateConfig, deps: StoresDeps): Stores {
  const connections = new Map<string, RedisConnection>();
  const connectionTo = (url: string): RedisConnection => {
    const known = connections.get(url);
    if (known !== undefined) return known;
    const connection = createRedisConnection(
      { url, connectTimeoutMs: CONNECT_TIMEOUT_MS, redialMsMax: REDIAL_MS_MAX },
      { clock: deps.clock, random: deps.random, onChange: deps.onChange },
    );
    connections.set(url, connection);
    return connection;
  };
  const guardOf = (connection: RedisConnection): Guard =>
    createGuard(
      { ...GUARD_DEFAULTS, deadlineMs: config.timeout },
      { clock: deps.clock, random: deps.random, onOpen: () => connection.recycle() },
    );

  const counters = openCounters(config, { deps, connectionTo, guardOf });
  const values = openValues(config, { deps, connectionTo, guardOf });
  return {
    counters,
    values,
    isUp: () => (connections.size === 0 ? undefined : [...connections.values()].every((connection) => connection.isUp)),
    dialled: async () => {
      await Promise.all([...connections.values()].map((connection) => connection.dialled()));
    },
    async [Symbol.asyncDispose]() {
      await counters[Symbol.asyncDispose]();
      await values[Symbol.asyncDispose]();
      for (const connection of connections.values()) await connection[Symbol.asyncDispose]();
    },
  };
}

interface Parts {
  readonly deps: StoresDeps;
  readonly connectionTo: (url: string) => RedisConnection;
  readonly guardOf: (connection: RedisConnection) => Guard;
}

function openCounters(config: StateConfig, { deps, connectionTo, guardOf }: Parts): CounterStore {
  const local = createMemoryCounterStore({ keysMax: config.counter_keys_max }, { clock: deps.clock });
  if (config.counters === 'memory') return local;
  const connection = connectionTo(config.counters);
  return createFallbackCounterStore({
    primary: createRedisCounterStore({ prefix: config.prefix }, { connection }),
    local,
    guard: guardOf(connection),
    replicas: deps.replicas,
    onFault: (fault) => deps.onFault('counters', fault),
  });
}

function openValues(config: StateConfig, { deps, connectionTo, guardOf }: Parts): ValueStore {
  if (config.cache === 'memory') {
    return createMemoryValueStore({ bytesMax: config.cache_bytes_max, entriesMax: CACHE_ENTRIES_MAX }, { clock: deps.clock });
  }
  const connection = connectionTo(config.cache);
  return createSkippingValueStore({
    primary: createRedisValueStore({ prefix: config.prefix }, { connection }),
    guard: guardOf(connection),
    onFault: (fault) => deps.onFault('cache', fault),
  });
}
