import { z } from 'zod';
import { bytes, duration } from '../base/units.ts';

const MIB = 1_048_576;

const redisUrl = z.url({ protocol: /^rediss?$/, error: 'must be `memory` or a URL such as redis://localhost:6379/0' });
const sqliteFile = z.string().regex(/^sqlite:.+$/, 'must be `sqlite:` and the path of a file');
const postgresUrl = z.url({ protocol: /^postgres(?:ql)?$/, error: 'must be a URL such as postgres://user:password@host:5432/database' });
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
    .union([z.literal('memory'), sqliteFile, postgresUrl], {
      error: 'must be `memory`, `sqlite:` and the path of a file, or a URL such as postgres://user:password@host:5432/database',
    })
    .default('sqlite:./data/gatehouse.db')
    .describe(
      'Where documents and memories are kept: `sqlite:` and the path of a file, made when the first record comes, with its folder; a PostgreSQL that several gateways share (`postgres://`, encrypted with `?sslmode=verify-full`); or `memory`, until this process ends.',
    ),
  records_timeout: duration({ min: 10, max: 60_000 })
    .default(300)
    .describe('How long one read of PostgreSQL may take; a write may take ten times as long. 10ms to 60s.'),
  records_connections_max: z
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe('Connections to PostgreSQL at once, in each process: so many for uploads, for memories, and for vectors. 1 to 100.'),
  outbox: sqliteFile
    .default('sqlite:./data/outbox.db')
    .describe(
      'Where memories wait for a PostgreSQL that is away: `sqlite:` and the path of a file on this machine. Used only where `records` is a PostgreSQL.',
    ),
  outbox_bytes_max: bytes({ min: MIB, max: 1_048_576 * MIB })
    .default(256 * MIB)
    .describe('How much may wait there; then new memories are refused, and the log says so. 1MiB to 1TiB.'),
  vectors: z
    .union([z.literal('embedded'), postgresUrl, z.url({ protocol: /^https?$/ })], {
      error: 'must be `embedded`, or the URL of a PostgreSQL (postgres://…) or of a Qdrant (http://localhost:6333)',
    })
    .default('embedded')
    .describe(
      'Where the vectors of an embedding model (`context.embeddings`) are kept: `embedded`, beside the records; a PostgreSQL with pgvector; or a Qdrant (`http://localhost:6333`), whose health `/health` tells.',
    ),
  vectors_api_key: z.string().min(1).optional().describe('The key that Qdrant is sent.').meta({ secret: true }),
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
