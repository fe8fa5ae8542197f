import { z } from 'zod';
import { duration } from '../../../base/units.ts';

/** A Mem0 that remembers instead of the gateway's own store. */
export const mem0Config = z.strictObject({
  kind: z
    .enum(['server', 'platform'])
    .default('server')
    .describe('`server`: the one that one runs oneself. `platform`: Mem0’s own, whose API has other paths.'),
  url: z.url({ protocol: /^https?$/ }).describe('Its address, such as `http://mem0:8000` or `https://api.mem0.ai`.'),
  key: z
    .string()
    .min(1)
    .max(4_096)
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without spaces')
    .optional()
    .describe('Its API key. Use `${VARIABLE}` or `${file:PATH}`.'),
  timeout: duration({ min: 50, max: 60_000 })
    .default(5_000)
    .describe('How long reading may take; chats wait no longer than `context.deadline`. 50ms to 60s.'),
  write_timeout: duration({ min: 50, max: 600_000 })
    .default(60_000)
    .describe('How long writing may take, in which a model draws facts from what was said. 50ms to 10m.'),
});
export type Mem0Config = z.output<typeof mem0Config>;
