import type { ProviderDefinition } from './provider.ts';

/**
 * Its Responses API serves a few models alone, so it is not used unless `dialects` says so. Source:
 * developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility.
 */
export const cloudflare: ProviderDefinition = {
  name: 'cloudflare',
  title: 'Cloudflare Workers AI',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'embed'],
      streamUsage: true,
      lacks: ['custom-tools', 'choices', 'logit-bias', 'log-probabilities'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1',
  keyVariable: 'CLOUDFLARE_API_TOKEN',
  variables: { account: 'CLOUDFLARE_ACCOUNT_ID' },
  families: ['@cf/*'],
  credential: 'bearer',
};
