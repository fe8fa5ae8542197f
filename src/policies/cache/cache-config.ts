import { z } from 'zod';
import { bytes, duration } from '../../base/units.ts';

const cacheRouteConfig = z.strictObject({
  match: z
    .string()
    .regex(/^\/[^\s]*$/, 'must be a path such as /v1/chat/completions or /api/*')
    .describe('Path it applies to; a trailing `*` matches all below. The first entry that matches counts.'),
  ttl: duration({ min: 1_000, max: 30 * 86_400_000 })
    .default(300_000)
    .describe('How long an answer may be used again. 1s to 30d.'),
  any: z
    .boolean()
    .default(false)
    .describe(
      'Model routes: also cache what was not asked for deterministically (temperature 0 or a seed). The same question then gets the same answer.',
    ),
  coalesce: z
    .boolean()
    .default(false)
    .describe('Identical deterministic requests under way at once share one call upstream. Whole answers alone, never streams.'),
  models_only: z.boolean().default(false).describe('Applies to answers of models alone: where a service has the path, nothing is cached.'),
});
export type CacheRouteConfig = z.output<typeof cacheRouteConfig>;

/** The exact cache: the same request of the same tenant gets the same bytes. */
export const cacheConfig = z.strictObject({
  routes: z
    .array(cacheRouteConfig)
    .max(1_000)
    .default([{ match: '/api/chat', ttl: 300_000, any: false, coalesce: true, models_only: true }])
    .describe('What is cached. Nothing is, unless it is named here; a list of your own replaces the one that is there.'),
  entry_bytes_max: bytes({ min: 1_024, max: 1_073_741_824 }).default(1_048_576).describe('Largest answer that is kept. 1KiB to 1GiB.'),
});
export type CacheConfig = z.output<typeof cacheConfig>;
