import type { ProviderDefinition } from './provider.ts';

/**
 * Its models that reason, which is all of them since Grok 4, answer penalties and `stop` with a 400. Its Anthropic side is deprecated. Source:
 * docs.x.ai/docs/api-reference and docs.x.ai/docs/guides/reasoning.
 */
export const xai: ProviderDefinition = {
  name: 'xai',
  title: 'xAI',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat'],
      streamUsage: true,
      lacks: ['logit-bias', 'frequency-penalty', 'presence-penalty', 'stop', 'custom-tools', 'tool-choice-allowed'],
    },
    { name: 'openai-responses', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'https://api.x.ai/v1',
  keyVariable: 'XAI_API_KEY',
  families: ['grok-*'],
  priceList: 'x-ai',
  credential: 'bearer',
};
