import { z } from 'zod';
import { PROVIDERS } from '../providers/registry.ts';
import { upstreamOverrides } from '../upstream/upstream-config.ts';

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).transform((text) => text.replace(/\/+$/, ''));

const place = (description: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/, 'must be letters, digits, `.`, `_`, `:` and `-`')
    .max(128)
    .optional()
    .describe(description);

const providerConfig = z.strictObject({
  type: z
    .enum(PROVIDERS.map((definition) => definition.name))
    .optional()
    .describe('Kind of server. Default: the name of this entry when it is a known kind, else `openai-compatible`.'),
  base_url: z
    .union([url, z.array(url).min(1).max(100)])
    .optional()
    .describe(
      'Where it is, with the version path (`http://10.0.0.5:8000/v1`), which a kind that speaks several APIs can do without. Several are balanced. Default: the known address of the kind.',
    ),
  api_key: z.string().min(1).optional().describe('The credential sent to it.').meta({ secret: true }),
  region: place('Where it runs (`eu-central-1`, `global`), for kinds whose address or credential says so.'),
  project: place('The project at the vendor, for kinds whose address says so.'),
  account: place('The account at the vendor, for kinds whose address says so.'),
  resource: place("The name of one's own resource at the vendor, for kinds whose address says so."),
  aws: z
    .strictObject({
      access_key_id: z.string().min(1).describe('The id of the access key.'),
      secret_access_key: z.string().min(1).describe('Its secret.').meta({ secret: true }),
      session_token: z.string().min(1).optional().describe('Of a temporary key: its session token.').meta({ secret: true }),
    })
    .optional()
    .describe('A key of AWS to sign requests with, for kinds that want that.'),
  google: z
    .strictObject({
      credentials: z.string().min(1).optional().describe('JSON of a service account or an authorized user.').meta({ secret: true }),
      credentials_file: z.string().min(1).optional().describe('A file that holds it, read again for every token.'),
    })
    .optional()
    .describe('Credentials of Google Cloud to buy access tokens with, for kinds that want that.'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string())
    .default({})
    .describe('Further headers sent with every request to it.'),
  dialects: z
    .array(z.string().min(1))
    .min(1)
    .max(20)
    .optional()
    .describe(
      'The dialects to speak to it, as `GET /capabilities` names them, the preferred first. Default: all that its kind is known to speak.',
    ),
  stream_usage: z.boolean().optional().describe('Whether it accepts `stream_options.include_usage`. Default: what is known of the kind.'),
  models: z
    .array(z.string().min(1))
    .max(1_000)
    .default([])
    .describe('Model names, or globs such as `gpt-*`, that go to this provider without an entry in `models`; `*` is every name.'),
  ...upstreamOverrides,
});
export type ProviderConfig = z.output<typeof providerConfig>;

export const providersConfig = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'a provider name is lower case letters, digits, `.`, `_` and `-`'), providerConfig)
  .default({})
  .describe('Where models are served, by name.');
export type ProvidersConfig = z.output<typeof providersConfig>;
