import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { GatewayError } from '../../src/base/errors.ts';
import { createManualClock } from '../../src/base/manual-clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { createGuard, GUARD_DEFAULTS, type StoreFault } from '../../src/stores/guard.ts';
import { createRedisConnection } from '../../src/stores/redis-connection.ts';
import { createReplicaCount } from '../../src/stores/replica-count.ts';
import { type StateConfig, stateConfig } from '../../src/stores/state-config.ts';
import { openStores, type Stores } from '../../src/stores/stores.ts';
import { createRedisValueStore } from '../../src/stores/value/redis.ts';
import { createSkippingValueStore } from '../../src/stores/value/skipping.ts';
import { eventually } from '../harness/eventually.ts';
import { redisAvailable, startRedis } from '../harness/redis.ts';
import { startSlowProxy } from './slow-proxy.ts';

/*
 * What CONTRACTS promises when Redis fails: every call is answered within its deadline, nothing throws, the breaker makes later calls
 * free, and all is well again soon after Redis is back. Against a real server that is killed, frozen or slow.
 */

const { signal } = new AbortController();
const real = { clock: systemClock, random: Math.random };
const DEADLINE_MS = 50;
/** No reply of a slow Redis comes before the test has failed. */
const SLOW_MS = 60_000;

const redis = redisAvailable() ? await startRedis() : undefined;
afterAll(() => redis?.[Symbol.asyncDispose]());

const unhandled: unknown[] = [];
const noteUnhandled = (error: unknown) => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', noteUnhandled);
});
afterEach(() => {
  process.off('unhandledRejection', noteUnhandled);
  expect(unhandled).toEqual([]);
});

interface Opened extends AsyncDisposable {
  readonly stores: Stores;
  readonly faults: StoreFault[];
  readonly changes: string[];
}

async function open(port: number): Promise<Opened> {
  const faults: StoreFault[] = [];
  const changes: string[] = [];
  const url = `redis://127.0.0.1:${port}/1`;
  const config: StateConfig = {
    ...stateConfig.parse({ records: 'memory' }),
    counters: url,
    cache: url,
    timeout: DEADLINE_MS,
    prefix: `gatehouse-test-${crypto.randomUUID()}:`,
    cache_bytes_max: 1_000_000,
    counter_keys_max: 1_000,
  };
  const stores = openStores(config, {
    clock: systemClock,
    random: Math.random,
    replicas: () => 1,
    onFault: (_, fault) => void faults.push(fault),
    onChange: (isUp, reason) => void changes.push(isUp ? 'up' : `down: ${reason}`),
  });
  await stores.ready();
  return { stores, faults, changes, [Symbol.asyncDispose]: () => stores[Symbol.asyncDispose]() };
}

const minute = (key: string) => ({ key: `rate:key:${key}:m`, limit: 1_000_000, windowMs: 60_000 });

/** One call of each kind at the same time. Fails if any of them throws. */
async function callAll(stores: Stores, key: string): Promise<void> {
  const [taken] = await Promise.all([
    stores.counters.take([minute(key), { ...minute(`${key}-2`), windowMs: 1_000 }], signal),
    stores.values.get(key, signal),
    stores.values.set(key, Uint8Array.of(1), { ttlMs: 60_000, signal }),
  ]);
  expect(taken.allowed).toBe(true);
}

const isServing = async (stores: Stores): Promise<boolean> => {
  await stores.values.set('served', Uint8Array.of(7), { ttlMs: 60_000, signal });
  const value = await stores.values.get('served', signal);
  await stores.counters.take([minute('served')], signal);
  return value?.[0] === 7 && stores.remotes.every((remote) => remote.guard.snapshot().state === 'closed');
};

/** Calls until both breakers are open, then shows that calls are free. Who waited for Redis would never come to the end of it. */
async function expectOutageIsBorne({ stores, faults }: Opened): Promise<void> {
  for (let round = 0; round < 30 && !stores.remotes.every((remote) => remote.guard.snapshot().state === 'open'); round += 1) {
    await callAll(stores, `k${round}`);
  }
  expect(stores.remotes.map((remote) => remote.guard.snapshot().state)).toEqual(['open', 'open']);
  faults.length = 0;
  // Without waiting: an open breaker answers with a value, which no promise could.
  for (let index = 0; index < 1_000; index += 1) expect(stores.counters.take([minute('open')], signal)).not.toBeInstanceOf(Promise);
  expect(new Set(faults)).toEqual(new Set(['open']));
  // A read may be skipped; who wants something gone must know that it is not.
  expect(await stores.values.deletePrefix('of-somebody:', signal).catch((error: unknown) => (error as GatewayError).code)).toBe(
    'storage_unavailable',
  );
}

describe.skipIf(redis === undefined)('when Redis', () => {
  const server = () => redis ?? expect.unreachable();

  test('is killed, calls are answered all the same, and it is used again once it is back', async () => {
    await using opened = await open(server().port);
    expect(await isServing(opened.stores)).toBe(true);
    const underWay = Array.from({ length: 200 }, (_, index) => callAll(opened.stores, `u${index}`));
    await server().kill();
    await Promise.all(underWay);
    await expectOutageIsBorne(opened);
    await server().restart();
    await eventually(() => isServing(opened.stores), { what: 'Redis is used again', timeoutMs: 15_000, intervalMs: 50 });
  }, 30_000);

  test('is frozen, calls are answered at their deadline, and it is used again once it thaws', async () => {
    await using opened = await open(server().port);
    expect(await isServing(opened.stores)).toBe(true);
    server().pause();
    try {
      // It does not thaw before they are answered.
      await Promise.all(Array.from({ length: 200 }, (_, index) => callAll(opened.stores, `f${index}`)));
      await expectOutageIsBorne(opened);
      // Longer than a dial may take: a dial that hangs must not be the last one.
      await eventually(() => opened.changes.filter((change) => change.startsWith('down')).length >= 2, { timeoutMs: 8_000 });
    } finally {
      server().resume();
    }
    await eventually(() => isServing(opened.stores), { what: 'Redis is used again', timeoutMs: 15_000, intervalMs: 50 });
  }, 30_000);

  test('is slow, calls are answered at their deadline, and it is used again once it is quick', async () => {
    using proxy = startSlowProxy(server().port);
    await using opened = await open(proxy.port);
    expect(await isServing(opened.stores)).toBe(true);
    proxy.setDelay(SLOW_MS);
    await expectOutageIsBorne(opened);
    proxy.setDelay(0);
    await eventually(() => isServing(opened.stores), { what: 'Redis is used again', timeoutMs: 15_000, intervalMs: 50 });
  }, 30_000);

  test('is not there from the start, the gateway starts without it and finds it later', async () => {
    const { port } = server();
    await server().kill();
    await using opened = await open(port);
    expect(await opened.stores.ready()).toBe(false);
    await expectOutageIsBorne(opened);
    await server().restart();
    await eventually(() => isServing(opened.stores), { what: 'Redis is used', timeoutMs: 15_000, intervalMs: 50 });
  }, 30_000);

  test('answers with something that is not Redis, it counts as down', async () => {
    using listener = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data: (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n') },
    });
    await using opened = await open(listener.port);
    expect(await opened.stores.ready()).toBe(false);
    await expectOutageIsBorne(opened);
  });

  test('has no database of that number, it counts as down from the start', async () => {
    const events: string[] = [];
    const stores = openStores(
      { counters: `${server().url}/9999`, cache: 'memory', timeout: DEADLINE_MS, prefix: 'x:', cache_bytes_max: 1, counter_keys_max: 10 },
      {
        clock: systemClock,
        random: Math.random,
        replicas: () => 1,
        onFault: () => {},
        onChange: (isUp) => void events.push(String(isUp)),
      },
    );
    expect(await stores.ready()).toBe(false);
    expect(events).not.toContain('true');
    await stores[Symbol.asyncDispose]();
  });

  test('is late for some, nobody ever gets the reply of another', async () => {
    using proxy = startSlowProxy(server().port);
    await using connection = createRedisConnection(
      { url: `redis://127.0.0.1:${proxy.port}`, connectTimeoutMs: 2_000, redialMsMax: 10 },
      real,
    );
    expect(await connection.dialled()).toBe(true);
    // A breaker that stays closed, so that late replies keep coming.
    const breaker = { ...GUARD_DEFAULTS.breaker, failuresMax: 1e9, window: { size: 1, minimumCalls: 2, failureRate: 1 } };
    const guard = createGuard({ ...GUARD_DEFAULTS, deadlineMs: 20, breaker }, real);
    const faults = { open: 0, busy: 0, timeout: 0, error: 0 };
    await using values = createSkippingValueStore({
      clock: systemClock,
      primary: createRedisValueStore({ prefix: `gatehouse-test-${crypto.randomUUID()}:` }, { connection }),
      guard,
      onFault: (fault) => void (faults[fault] += 1),
    });
    let answered = 0;
    const write = async (key: string) => values.set(key, Buffer.from(`value of ${key}`), { ttlMs: 600_000, signal });
    const read = async (key: string, isAborted: boolean) => {
      const controller = new AbortController();
      const reading = values.get(key, controller.signal);
      if (isAborted) controller.abort();
      const value = await reading;
      if (value === undefined) return;
      answered += 1;
      expect(Buffer.from(value).toString()).toBe(`value of ${key}`);
    };
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
    for (let round = 0; round < 60; round += 1) {
      // Around the deadline: some come in time, some late, and now and then the connection is dropped under way.
      await connection.dialled();
      proxy.setDelay([0, 15, 30, 0][round % 4] ?? 0);
      const calls = keys.map(async (key, index) => Promise.all([write(key), read(key, index % 3 === 0), read(key, false)]));
      if (round % 10 === 9) connection.recycle();
      await Promise.all(calls);
    }
    expect(answered).toBeGreaterThan(500);
    expect(faults.timeout).toBeGreaterThan(500);
  }, 30_000);

  test('is shared, replicas know how many they are, and still do when it is gone', async () => {
    const prefix = `gatehouse-test-${crypto.randomUUID()}:`;
    const clock = createManualClock();
    await using cleanup = new AsyncDisposableStack();
    const replicas = ['a', 'b', 'c'].map((id) => {
      const connection = cleanup.use(createRedisConnection({ url: server().url, connectTimeoutMs: 2_000, redialMsMax: 10 }, real));
      return cleanup.use(createReplicaCount({ prefix }, { connection, guard: createGuard(GUARD_DEFAULTS, real), clock, id }));
    });
    expect(replicas.map((replica) => replica.count())).toEqual([1, 1, 1]);
    const allKnow = () => replicas.every((replica) => replica.count() === 3);
    await eventually(() => {
      // Time for the next signature.
      clock.advance(5_000);
      return allKnow();
    });
    await server().kill();
    clock.advance(60_000);
    expect(allKnow()).toBe(true);
    await server().restart();
  }, 30_000);
});
