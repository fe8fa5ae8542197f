import { z } from 'zod';
import { duration } from '../../base/units.ts';
import { contextDefaultSchema } from '../../operations/context-wish.ts';

/** What a key or token may be called by in logs and the ledger: never secret, one line. */
const label = z.string().min(1).max(128);

const keyConfig = z.strictObject({
  name: label.describe('Name of the key, unique: its label in logs, limits and the ledger.'),
  key: z
    .string()
    .min(8)
    .max(512)
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without spaces')
    .describe('The secret that callers send. Use `${VARIABLE}` or `${file:PATH}`.'),
  tier: label.default('standard').describe('Tier whose limits apply: standard, admin, developer, or one that `limits.tiers` names.'),
  tenant: label.default('default').describe('Tenant: caches, memory and coalescing are parted by it.'),
  user: label.optional().describe('The end user this key is bound to; then no request can name another.'),
  models: z.array(z.string().min(1)).min(1).optional().describe('Models that may be called, with `*` as wildcard. Default: all.'),
  collections: z
    .array(z.string().min(1).max(256))
    .min(1)
    .max(1_000)
    .optional()
    .describe('Collections of documents that may be used, by name or id, with `*` as wildcard. Default: all of the tenant.'),
  admin: z.boolean().default(false).describe('May call the admin routes.'),
  context: contextDefaultSchema
    .optional()
    .describe('Memory and documents for this key’s chats, where a request does not say. Default: as `context.default` says.'),
});

const ALGORITHMS = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'] as const;

const claimsConfig = z.strictObject({
  user: z.string().min(1).default('sub').describe('Claim with the user.'),
  tier: z.string().min(1).default('tier').describe('Claim with the tier.'),
  tenant: z.string().min(1).default('tenant').describe('Claim with the tenant.'),
  models: z.string().min(1).default('models').describe('Claim with the models that may be called: an array, or text with spaces between.'),
  collections: z
    .string()
    .min(1)
    .default('collections')
    .describe('Claim with the collections of documents that may be used: an array, or text with spaces between.'),
  admin: z.string().min(1).default('admin').describe('Claim that is `true` for administrators.'),
});

const jwtConfig = z
  .strictObject({
    secret: z.string().min(16).optional().describe('Shared secret of HS256, HS384 or HS512; 16 characters or more.'),
    public_key_file: z.string().min(1).optional().describe('Path of the public key, PEM (SPKI) or a certificate.'),
    jwks_url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Where the identity provider publishes its keys.'),
    issuer: z.string().min(1).optional().describe('Value that `iss` must have.'),
    audience: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe('Value, or values one of which, `aud` must have.'),
    algorithms: z
      .array(z.enum(ALGORITHMS))
      .min(1)
      .optional()
      .describe('Accepted algorithms. Default: HS256 with a secret, else RS256, ES256 and EdDSA.'),
    leeway: duration({ min: 0, max: 300_000 }).default(30_000).describe('How far clocks may differ when `exp` and `nbf` are checked.'),
    lifetime_max: duration({ min: 1_000, max: 366 * 86_400_000 })
      .optional()
      .describe('Longest time from `iat` to `exp`. Default: not checked.'),
    tenant: label.default('default').describe('Tenant of tokens without that claim.'),
    tier: label.default('standard').describe('Tier of tokens without that claim.'),
    claims: claimsConfig.prefault({}).describe('Names of the claims we read; `a.b` looks inside an object.'),
    jwks_timeout: duration({ min: 50, max: 30_000 }).default(2_000).describe('How long fetching the keys may take.'),
    jwks_max_age: duration({ min: 1_000, max: 86_400_000 })
      .default(600_000)
      .describe('Age at which the keys are fetched again, in the background.'),
    jwks_stale_max: duration({ min: 0, max: 86_400_000 })
      .default(900_000)
      .describe('How much longer known keys stay valid while they cannot be fetched.'),
  })
  .refine((config) => [config.secret, config.public_key_file, config.jwks_url].filter((source) => source !== undefined).length === 1, {
    message: 'needs exactly one of secret, public_key_file and jwks_url',
  })
  // Accepting both kinds would let a public key, which anyone has, be taken for a shared secret.
  .refine((config) => config.algorithms?.every((name) => name.startsWith('HS') === (config.secret !== undefined)) ?? true, {
    message: 'HS* algorithms go with a secret, all others with public keys',
    path: ['algorithms'],
  });

/** Who may call. */
export const authConfig = z.strictObject({
  required: z
    .boolean()
    .optional()
    .describe('Refuse callers without a valid key or token. Default: true, except in development or test with neither keys nor jwt.'),
  keys: z
    .array(keyConfig)
    .default([])
    .refine((keys) => new Set(keys.map((entry) => entry.name)).size === keys.length, 'names must be unique')
    .refine((keys) => new Set(keys.map((entry) => entry.key)).size === keys.length, 'keys must be unique')
    .describe('API keys, sent as `Authorization: Bearer`, `x-api-key`, `api-key` or `x-goog-api-key`.'),
  jwt: jwtConfig.optional().describe('JSON Web Tokens, sent as `Authorization: Bearer`.'),
});

export type AuthConfig = z.output<typeof authConfig>;
export type KeyConfig = z.output<typeof keyConfig>;
export type JwtConfig = z.output<typeof jwtConfig>;
