import { z } from 'zod';

const rate = z.int().min(1).max(1_000_000_000);

/** One set of limits. A window that is not named has no limit. */
const ratesConfig = z.strictObject({
  per_second: rate.optional().describe('Requests per second; a burst of as many is allowed. 1 to 1,000,000,000.'),
  per_minute: rate.optional().describe('Requests per minute.'),
  per_hour: rate.optional().describe('Requests per hour.'),
});
export type RatesConfig = z.output<typeof ratesConfig>;

const routeLimitConfig = ratesConfig.extend({
  match: z
    .string()
    .regex(/^\/[^\s]*$/, 'must be a path such as /api/chat or /api/*')
    .describe('Path it applies to; a trailing `*` matches all below. Counted beside the general limits.'),
  tier: z.string().optional().describe('Applies to principals of this tier alone.'),
  by: z
    .enum(['key', 'user', 'ip'])
    .default('key')
    .describe('Whose requests are counted together: those of one key or token, of one end user, or of one IP address.'),
});
export type RouteLimitConfig = z.output<typeof routeLimitConfig>;

/** How many requests one principal may start. Token buckets: a limit of 60 per minute lets 60 through at once, then one a second. */
export const limitsConfig = z.strictObject({
  mode: z
    .enum(['enforce', 'shadow', 'off'])
    .default('enforce')
    .describe('`shadow` counts and reports in headers and metrics, but lets every request pass; `off` does not count.'),
  default: ratesConfig.prefault({ per_minute: 60, per_hour: 1_000 }).describe('Limits of every principal whose tier has none of its own.'),
  tiers: z
    .record(z.string().min(1), ratesConfig)
    .default({
      developer: { per_minute: 600, per_hour: 20_000 },
      admin: { per_minute: 1_200, per_hour: 40_000 },
    })
    .describe('Limits by tier; a tier named here does not have the default ones.'),
  routes: z.array(routeLimitConfig).max(1_000).default([]).describe('Further limits for some paths.'),
});
export type LimitsConfig = z.output<typeof limitsConfig>;
