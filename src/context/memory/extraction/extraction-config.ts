import { z } from 'zod';
import { duration } from '../../../base/units.ts';

export const extractionConfig = z.strictObject({
  model: z
    .string()
    .min(1)
    .max(256)
    .describe('A model of this gateway that reads what users said and notes facts: a name from `models`, or `provider/model`.'),
  batch: z.int().min(1).max(50).default(10).describe('Turns of a user that it is given at once. 1 to 50.'),
  wait: duration({ min: 0, max: 86_400_000 })
    .default(60_000)
    .describe('How long turns wait for more of them, so that a conversation is read as one. 0s to 24h.'),
  calls_per_day: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe('How often it is asked about one user in a day (UTC); the rest waits. 1 to 100,000.'),
  tokens_per_day: z
    .int()
    .min(1_000)
    .max(1_000_000_000)
    .default(200_000)
    .describe(
      'Tokens that it is given and may answer with about one user in a day (UTC), estimated; the rest waits. 1,000 to 1,000,000,000.',
    ),
  timeout: duration({ min: 1_000, max: 600_000 }).default(60_000).describe('How long one answer may take. 1s to 10m.'),
});
export type ExtractionConfig = z.output<typeof extractionConfig>;
