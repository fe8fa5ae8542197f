import { systemClock } from '../../../src/base/system-clock.ts';
import { createFallbackCounterStore } from '../../../src/stores/counter/fallback.ts';
import { createMemoryCounterStore } from '../../../src/stores/counter/memory.ts';
import { createRedisCounterStore } from '../../../src/stores/counter/redis.ts';
import { createGuard, GUARD_DEFAULTS } from '../../../src/stores/guard.ts';
import { createRedisConnection } from '../../../src/stores/redis-connection.ts';
import { redisAvailable, startRedis } from '../../../test/harness/redis.ts';

/*
 * What a request pays for its limits: two buckets, in memory and in Redis (with guard; CPU of this process, 50 requests at a time).
 * Run: node bin/gatehouse.mjs run bench/micro/stores/counters.ts
 */

const { signal } = new AbortController();
const buckets = (index: number) => {
  const owner = `rate:key:${index % 1_000}`;
  return [
    { key: `${owner}:m`, limit: 1e9, windowMs: 60_000 },
    { key: `${owner}:h`, limit: 1e9, windowMs: 3_600_000 },
  ];
};

const memory = createMemoryCounterStore({ keysMax: 100_000 }, { clock: systemClock });
let bestNs = Infinity;
for (let round = 0; round < 7; round += 1) {
  const startMs = performance.now();
  for (let index = 0; index < 200_000; index += 1) memory.take(buckets(index), signal);
  bestNs = Math.min(bestNs, ((performance.now() - startMs) * 1e6) / 200_000);
}
process.stdout.write(`memory: ${bestNs.toFixed(0)} ns per take of two buckets, names included\n`);

if (redisAvailable()) {
  await using redis = await startRedis();
  const deps = { clock: systemClock, random: Math.random };
  await using connection = createRedisConnection({ url: redis.url, connectTimeoutMs: 2_000, redialMsMax: 1_000 }, deps);
  await connection.dialled();
  const store = createFallbackCounterStore({
    primary: createRedisCounterStore({ prefix: 'bench:' }, { connection }),
    local: memory,
    guard: createGuard({ ...GUARD_DEFAULTS, deadlineMs: 1_000 }, deps),
    replicas: () => 1,
    onFault: (fault) => {
      throw new Error(`Redis did not answer: ${fault}`);
    },
  });
  let bestUs = Infinity;
  for (let round = 0; round < 5; round += 1) {
    const before = process.cpuUsage();
    for (let batch = 0; batch < 400; batch += 1) {
      await Promise.all(Array.from({ length: 50 }, async (_, index) => store.take(buckets(batch * 50 + index), signal)));
    }
    const used = process.cpuUsage(before);
    bestUs = Math.min(bestUs, (used.user + used.system) / 20_000);
  }
  process.stdout.write(`redis: ${bestUs.toFixed(1)} µs CPU per take of two buckets\n`);
}
