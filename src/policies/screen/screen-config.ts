import { z } from 'zod';
import { bytes } from '../../base/units.ts';

const KIB = 1_024;

const mode = z.enum(['off', 'report', 'block']);
export type ScreenMode = z.output<typeof mode>;

const ruleConfig = z.strictObject({
  match: z
    .string()
    .regex(/^\/[^\s]*$/, 'must be a path such as /api/search or /api/*')
    .describe('Path it applies to, on routes of any kind; a trailing `*` matches all below. The first entry that matches counts.'),
  sql_injection: mode.optional().describe("As the section's `sql_injection`, here."),
  xss: mode.optional().describe("As the section's `xss`, here."),
  structure: mode.optional().describe("As the section's `structure`, here."),
  content_types: z
    .array(z.string().regex(/^[\w.+-]+\/(?:[\w.+-]+|\*)$/, 'must be a media type such as application/json or image/*'))
    .min(1)
    .optional()
    .describe('Media types that bodies may have here; `structure` says what becomes of others. Default: any.'),
  unscreened: z
    .enum(['refuse', 'pass'])
    .default('refuse')
    .describe(
      'Where a check blocks: what becomes of a body that cannot be screened, because it is longer than `body_bytes_max` or compressed.',
    ),
});

/** What requests to services are looked through for. */
export const screeningConfig = z.strictObject({
  sql_injection: mode
    .default('off')
    .describe('SQL injection in path, query, headers and body: `report` counts and logs it, `block` refuses with 400. On service routes.'),
  xss: mode.default('off').describe('Script that a page would run, in the same places. On service routes.'),
  structure: mode
    .default('off')
    .describe(
      'Bodies that are not what their content type says: JSON that is broken, too deep or too large, malformed forms. On service routes.',
    ),
  rules: z.array(ruleConfig).max(1_000).default([]).describe('What is otherwise for some paths, those of models among them.'),
  body_bytes_max: bytes({ min: KIB, max: 16 * KIB * KIB })
    .default(64 * KIB)
    .describe(
      'How much of a body is screened. What is beyond passes and counts as `unscreened`, or is refused where a check blocks. 1KiB to 16MiB.',
    ),
  json_depth_max: z.int().min(1).max(1_024).default(64).describe('Levels of nesting in a JSON body. 1 to 1,024.'),
  json_values_max: z.int().min(1).max(10_000_000).default(200_000).describe('Values of all kinds in a JSON body. 1 to 10,000,000.'),
  headers: z
    .array(z.string().regex(/^[a-z0-9-]+$/, 'must be a header name in small letters'))
    .max(64)
    .default(['user-agent', 'referer', 'x-forwarded-host', 'x-user-id', 'x-session-id', 'x-tenant-id', 'accept-language'])
    .describe('Headers that are screened. Cookies and credentials never are.'),
});
export type ScreeningConfig = z.output<typeof screeningConfig>;
