/** The configuration as it is in force, and reading it anew. */

import { z } from 'zod';
import { GatewayError } from '../base/errors.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import type { AdminConfig } from './admin-config.ts';
import { jsonReply } from './json-reply.ts';

/** `refused`: the old configuration goes on as before. */
export type ReloadResult =
  | { readonly kind: 'applied'; readonly changed: readonly string[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** One value and where it came from. Secrets are hidden already. */
export interface ConfigValue {
  readonly path: string;
  readonly value: unknown;
  readonly origin: string;
}

export interface ConfigurationDeps {
  readonly reload: () => Promise<ReloadResult>;
  readonly explain: () => readonly ConfigValue[];
}

export function createConfigurationRoutes(config: AdminConfig, deps: ConfigurationDeps): Route[] {
  if (!config.enabled) return [];
  const reload: Handler = async () => {
    const result = await deps.reload();
    if (result.kind === 'applied') return jsonReply(200, { status: 'applied', changed: result.changed });
    throw new GatewayError('config_invalid', 'The new configuration was refused; the one before stays in force', {
      detail: { problems: result.problems },
    });
  };
  const show: Handler = async () =>
    jsonReply(200, Object.fromEntries(deps.explain().map(({ path, value, origin }) => [path, { value, origin }])));
  return [
    {
      pattern: '/admin/reload',
      methods: ['POST'],
      kind: 'system',
      access: 'admin',
      dialect: 'service',
      handler: reload,
      docs: RELOAD_DOCS,
    },
    { pattern: '/admin/config', methods: ['GET'], kind: 'system', access: 'admin', dialect: 'service', handler: show, docs: SHOW_DOCS },
  ];
}

const RELOAD_DOCS: RouteDocs = {
  tag: 'Administration',
  summary: 'Read the configuration anew',
  description:
    'Reads the file and the variables again and swaps in what they mean, without dropping a request. What cannot be served is refused with all of its problems, and the old configuration stays.',
  replies: [
    {
      status: 200,
      description: 'It is in force.',
      content: jsonContent(
        z.looseObject({ status: z.literal('applied'), changed: z.array(z.string()).describe('Paths of the settings that changed.') }),
        {
          status: 'applied',
          changed: ['limits.default.per_minute'],
        },
      ),
    },
  ],
  errors: ['config_invalid'],
};

const SHOW_DOCS: RouteDocs = {
  tag: 'Administration',
  summary: 'The configuration in force',
  description:
    'Every setting with its value and where it came from: a default, a line of the file, a variable, a flag. Secrets are hidden.',
  replies: [
    {
      status: 200,
      description: 'Settings by path.',
      content: jsonContent(z.record(z.string(), z.looseObject({ value: z.unknown(), origin: z.string() })), {
        'server.port': { value: 8080, origin: 'default' },
      }),
    },
  ],
};
