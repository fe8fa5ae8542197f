import type { ProviderDefinition } from './provider.ts';

/** Source: docs.x.ai/docs/api-reference. */
export const xai: ProviderDefinition = {
  name: 'xai',
  title: 'xAI',
  dialects: [{ name: 'openai-chat', operations: ['chat'], streamUsage: true, lacks: ['custom-tools', 'logit-bias'] }],
  baseUrl: 'https://api.x.ai/v1',
  keyVariable: 'XAI_API_KEY',
  families: ['grok-*'],
  priceList: 'x-ai',
  credential: 'bearer',
};
