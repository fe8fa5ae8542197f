import { z } from 'zod';

/** Section `admin` of the configuration. */
export const adminConfig = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether the admin API is answered: reload, effective configuration, reset of breakers. All of it needs an admin key.'),
});

export type AdminConfig = z.infer<typeof adminConfig>;
