import { take } from '../../base/token-bucket.ts';
import type { RedisConnection } from '../redis-connection.ts';
import { createRedisScript } from '../redis-script.ts';
import type { Bucket, CounterStore, CounterTotal, TakeResult } from './counter-store.ts';

/*
 * Counters that replicas share. Each call is one Lua script, hence atomic; time is Redis' own, so replicas with different clocks
 * agree. The keys of one owner bear the same hash tag, so they lie in one slot if Redis is ever clustered.
 *
 * The script keeps the same number as the memory driver, the bucket's theoretical arrival time, in microseconds since a
 * recent day (a double is then exact to a hundredth of a microsecond), and answers with what was in use before it took
 * anything, in nanoseconds. What the caller is told follows from that by the same function as in memory.
 */

export interface RedisCounterConfig {
  /** Before every key, so that several installations can share a Redis: `gatehouse:`. */
  readonly prefix: string;
}

const TAKE = createRedisScript(`
local time = redis.call('TIME')
local now = (time[1] - 1767225600) * 1000000 + time[2]
local used, want, allowed = {}, {}, 1
for index, key in ipairs(KEYS) do
  local token = ARGV[index * 3 - 1] * 1000 / ARGV[index * 3 - 2]
  local before = (tonumber(redis.call('GET', key)) or now) - now
  if before < 0 then before = 0 end
  used[index] = before
  want[index] = before + ARGV[index * 3] * token
  if want[index] > ARGV[index * 3 - 1] * 1000 + 0.01 * token then allowed = 0 end
end
if allowed == 1 then
  for index, key in ipairs(KEYS) do
    if want[index] > used[index] then
      redis.call('SET', key, string.format('%.3f', now + want[index]), 'PX', math.ceil(want[index] / 1000))
    end
  end
end
local reply = { allowed }
for index = 1, #KEYS do reply[index + 1] = math.floor(used[index] * 1000 + 0.5) end
return reply
`);

const ADD = createRedisScript(`
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return { total, left }
`);

const PEEK = createRedisScript(`
local total = redis.call('GET', KEYS[1])
if not total then return { 0, 0 } end
return { tonumber(total), redis.call('PTTL', KEYS[1]) }
`);

export function createRedisCounterStore(config: RedisCounterConfig, deps: { readonly connection: RedisConnection }): CounterStore {
  const { prefix } = config;
  const { connection } = deps;

  return {
    async take(buckets, signal) {
      signal.throwIfAborted();
      const keys: string[] = [];
      const args: string[] = [];
      for (const { key, limit, windowMs, cost = 1 } of buckets) {
        keys.push(bucketKey(prefix, key));
        args.push(String(limit), String(windowMs), String(cost));
      }
      return takeResult(numbers(await TAKE.run(connection, keys, args), buckets.length + 1), buckets);
    },
    async add({ key, amount, windowMs }, signal) {
      signal.throwIfAborted();
      return counterTotal(await ADD.run(connection, [counterKey(prefix, key)], [String(amount), String(Math.ceil(windowMs))]));
    },
    async peek(key, signal) {
      signal.throwIfAborted();
      return counterTotal(await PEEK.run(connection, [counterKey(prefix, key)], []));
    },
    // The connection belongs to whoever made it.
    async [Symbol.asyncDispose]() {},
  };
}

/** `rate:key:abc:minute` becomes `gatehouse:bucket:{rate:key:abc}:minute`. */
function bucketKey(prefix: string, key: string): string {
  const colon = key.lastIndexOf(':');
  return colon === -1 ? `${prefix}bucket:{${key}}` : `${prefix}bucket:{${key.slice(0, colon)}}${key.slice(colon)}`;
}

function counterKey(prefix: string, key: string): string {
  return `${prefix}counter:{${key}}`;
}

function takeResult(reply: readonly number[], buckets: readonly Bucket[]): TakeResult {
  const allowed = reply[0] === 1;
  const results = buckets.map(({ limit, windowMs, cost = 1 }, index) => {
    const tatMs = (reply[index + 1] ?? 0) / 1_000_000;
    const decision = take(tatMs, 0, { limit, windowMs, cost });
    // Another bucket refused, so this one was not charged.
    return decision.allowed && !allowed ? take(tatMs, 0, { limit, windowMs, cost: 0 }) : decision;
  });
  return { allowed, buckets: results };
}

function counterTotal(reply: unknown): CounterTotal {
  const [total = 0, resetsInMs = 0] = numbers(reply, 2);
  return { total, resetsInMs };
}

function numbers(reply: unknown, length: number): number[] {
  if (Array.isArray(reply) && reply.length === length && reply.every((item) => typeof item === 'number')) return reply;
  throw new Error('Redis answered a script with something else than its numbers');
}
