import { z } from 'zod';
import { duration } from '../../base/units.ts';
import { DENSE_SHARE } from '../embedding/fusion.ts';
import { extractionConfig } from './extraction/extraction-config.ts';
import { mem0Config } from './mem0/mem0-config.ts';

const DAY_MS = 86_400_000;

export const memoryConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Remember users, where a request or its key asks for it.'),
  decay: z
    .enum(['off', 'mild', 'strong'])
    .default('mild')
    .describe('How much less old memories count: `off`; `mild` (never below four fifths); `strong` (never below three tenths).'),
  half_life: duration({ min: 3_600_000, max: 36_500 * DAY_MS })
    .optional()
    .describe('Age at which half of that is lost. Default: 30d with `mild`, 7d with `strong`. 1h to 36500d.'),
  limit: z.int().min(1).max(100).default(5).describe('Memories that a chat is given, where the request does not say how many. 1 to 100.'),
  budget_tokens: z.int().min(50).max(100_000).default(800).describe('All of them together, in tokens. 50 to 100,000.'),
  profile_tokens: z
    .int()
    .min(0)
    .max(10_000)
    .default(300)
    .describe('What is always told of the user (preferences, profile, instructions), in tokens. 0: nothing. 0 to 10,000.'),
  dense_share: z
    .number()
    .min(0)
    .max(1)
    .default(DENSE_SHARE)
    .describe('Weight of the embedding model’s judgement beside that of the words; 0 to 1.'),
  extraction: extractionConfig
    .optional()
    .describe('The model that notes facts from what users say, in the background. Without one, rules note what is said plainly.'),
  retention: duration({ min: DAY_MS, max: 36_500 * DAY_MS })
    .optional()
    .describe('Memories older than this are deleted. Default: none. 1d to 36500d.'),
  remote: mem0Config
    .optional()
    .describe(
      'A Mem0 that remembers in the place of this gateway. Profile, supersession, decay and turns word for word are not to be had there.',
    ),
});
export type MemoryConfig = z.output<typeof memoryConfig>;
