import { afterAll, describe, expect } from 'bun:test';
import { createManualClock } from '../../src/base/manual-clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { broadcastConformance } from '../../src/stores/broadcast/conformance.ts';
import { type BroadcastHub, createMemoryBroadcast } from '../../src/stores/broadcast/memory.ts';
import { createRedisBroadcast } from '../../src/stores/broadcast/redis.ts';
import { counterConformance } from '../../src/stores/counter/conformance.ts';
import { createMemoryCounterStore } from '../../src/stores/counter/memory.ts';
import { createRedisCounterStore } from '../../src/stores/counter/redis.ts';
import { createGuard, GUARD_DEFAULTS } from '../../src/stores/guard.ts';
import { createRedisConnection, type RedisConnection } from '../../src/stores/redis-connection.ts';
import { valueConformance } from '../../src/stores/value/conformance.ts';
import { createMemoryValueStore } from '../../src/stores/value/memory.ts';
import { createRedisValueStore } from '../../src/stores/value/redis.ts';
import { eventually } from '../harness/eventually.ts';
import { redisAvailable, startRedis } from '../harness/redis.ts';

const clock = createManualClock();
const advance = (durationMs: number) => clock.advance(durationMs);

counterConformance('memory', { create: () => createMemoryCounterStore({ keysMax: 10_000 }, { clock }), advance });
valueConformance('memory', { create: () => createMemoryValueStore({ bytesMax: 10_000_000, entriesMax: 1_000 }, { clock }), advance });

const until = async (check: () => boolean, what: string) => void (await eventually(check, { what }));
const hubs = new Map<string, BroadcastHub>();
broadcastConformance('memory', { create: (group) => createMemoryBroadcast(hubs.getOrInsertComputed(group, () => new Set())), until });

const redis = redisAvailable() ? await startRedis() : undefined;
const cleanup = new AsyncDisposableStack();
if (redis !== undefined) cleanup.use(redis);
afterAll(() => cleanup.disposeAsync());

async function connect(): Promise<RedisConnection> {
  const config = { url: redis?.url ?? '', connectTimeoutMs: 5_000, redialMsMax: 100 };
  const connection = cleanup.use(createRedisConnection(config, { clock: systemClock, random: Math.random }));
  expect(await connection.dialled()).toBe(true);
  return connection;
}

describe.skipIf(redis === undefined)('with a real Redis', () => {
  const prefix = 'gatehouse:';
  // Its time is the server's own: there is nothing to do but wait for it to pass.
  const wait = (durationMs: number) => Bun.sleep(durationMs);
  counterConformance('redis', { create: async () => createRedisCounterStore({ prefix }, { connection: await connect() }), advance: wait });
  valueConformance('redis', { create: async () => createRedisValueStore({ prefix }, { connection: await connect() }), advance: wait });

  const real = { clock: systemClock, random: Math.random };
  const config = { url: redis?.url ?? '', connectTimeoutMs: 5_000, redialMsMax: 100 };
  const connection = redis === undefined ? undefined : cleanup.use(createRedisConnection(config, real));
  broadcastConformance('redis', {
    create: (group) =>
      createRedisBroadcast(
        { ...config, prefix: `${group}:` },
        {
          connection: connection ?? expect.unreachable(),
          guard: createGuard({ ...GUARD_DEFAULTS, deadlineMs: 2_000 }, real),
          ...real,
          id: crypto.randomUUID(),
        },
      ),
    until,
  });
});
