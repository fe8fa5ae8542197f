import { z } from 'zod';

/** Section `docs` of the configuration. */
export const docsConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether `/openapi.json`, `/docs` (Swagger UI) and `/redoc` are served.'),
  access: z
    .enum(['public', 'key', 'admin'])
    .optional()
    .describe(
      'Who may read `/openapi.json`, which names the routes and services there are. The pages themselves tell nothing: they ask for a key where one is needed. Default: `key` in production, `public` elsewhere.',
    ),
});

export type DocsConfig = z.infer<typeof docsConfig>;
