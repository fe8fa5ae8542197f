/** The configuration as it is in force, and reading it anew. */

import { GatewayError } from '../base/errors.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
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
      docs: async () => (await import('./configuration-docs.ts')).RELOAD_DOCS,
    },
    {
      pattern: '/admin/config',
      methods: ['GET'],
      kind: 'system',
      access: 'admin',
      dialect: 'service',
      handler: show,
      docs: async () => (await import('./configuration-docs.ts')).SHOW_DOCS,
    },
  ];
}
