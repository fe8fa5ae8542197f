import { z } from 'zod';
import { bytes, duration } from '../base/units.ts';

const MIB = 1_048_576;

const redisUrl = z.url({ protocol: /^rediss?$/, error: 'must be `memory` or a URL such as redis://localhost:6379/0' });
const driver = z.union([z.literal('memory'), redisUrl]);

/** Where counters, cached replies and records are kept. */
export const stateConfig = z.strictObject({
  counters: driver
    .default('memory')
    .describe(
      'Where rate limits are counted: `memory`, for one process, or a Redis or Valkey that several share (`redis://`, `rediss://`).',
    ),
  cache: driver.default('memory').describe('Where cached replies are kept: `memory`, or a Redis or Valkey.'),
  records: z
    .union([z.literal('memory'), z.string().regex(/^sqlite:.+$/, 'must be `memory` or `sqlite:` and the path of a file')])
    .default('sqlite:./data/gatehouse.db')
    .describe(
      'Where documents and memories are kept: `sqlite:` and the path of a file, made when the first record comes, with its folder; or `memory`, until this process ends.',
    ),
  vectors: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('A Qdrant for vectors (`http://localhost:6333`). Nothing is kept there yet; its health is told by `/health`.'),
  timeout: duration({ min: 1, max: 10_000 })
    .default(50)
    .describe('How long one call to Redis may take. Then limits are counted here, and the cache is passed over. 1ms to 10s.'),
  prefix: z.string().max(100).default('gatehouse:').describe('Beginning of every name in Redis, so that several gateways may share one.'),
  cache_bytes_max: bytes({ min: MIB, max: 1_048_576 * MIB })
    .default(64 * MIB)
    .describe('Size of the cache in memory; the least recently used go first. 1MiB to 1TiB.'),
  counter_keys_max: z
    .int()
    .min(1_000)
    .max(100_000_000)
    .default(100_000)
    .describe('Counters kept in memory; the least recently used go first. 1,000 to 100,000,000.'),
});

export type StateConfig = z.output<typeof stateConfig>;
