import type { Config } from '../config/config.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';

export const QUERY_PATH = '/v1/query';

/** Answered by the model; policies/read/read-query.ts knows the form. Without `operation`: the body is no request of the dialect. */
export function createQueryRoute(call: Handler): Route {
  return { pattern: QUERY_PATH, methods: ['POST'], kind: 'model', access: 'key', dialect: 'openai-chat', handler: call };
}

/** Who answers when a request names no model: the first that is configured; else the first name that a provider takes whole. */
export function defaultModel({ models, providers }: Pick<Config, 'models' | 'providers'>): string | undefined {
  const [first] = Object.keys(models);
  if (first !== undefined) return first;
  for (const provider of Object.values(providers)) {
    const name = provider.models.find((pattern) => !pattern.includes('*'));
    if (name !== undefined) return name;
  }
  return undefined;
}
