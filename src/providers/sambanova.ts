import type { ProviderDefinition } from './provider.ts';

/** Source: docs.sambanova.ai/cloud/api-reference. */
export const sambanova: ProviderDefinition = {
  name: 'sambanova',
  title: 'SambaNova',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'embed'],
      streamUsage: true,
      lacks: ['custom-tools', 'logit-bias', 'log-probabilities', 'choices', 'seed', 'frequency-penalty', 'presence-penalty'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'https://api.sambanova.ai/v1',
  keyVariable: 'SAMBANOVA_API_KEY',
  credential: 'bearer',
};
