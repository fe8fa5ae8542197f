import type { ProviderDefinition } from './provider.ts';

/** Source: platform.claude.com/docs/en/api/overview. `ANTHROPIC_BASE_URL` is by custom without the version path. */
export const anthropic: ProviderDefinition = {
  name: 'anthropic',
  title: 'Anthropic',
  dialects: [{ name: 'anthropic-messages', prefix: '/v1', operations: ['chat', 'count-tokens'], streamUsage: true }],
  baseUrl: 'https://api.anthropic.com/v1',
  keyVariable: 'ANTHROPIC_API_KEY',
  urlVariables: ['ANTHROPIC_BASE_URL'],
  families: ['claude-*'],
  credential: { header: 'x-api-key' },
};
