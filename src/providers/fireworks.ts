import type { ProviderDefinition } from './provider.ts';

/** Source: docs.fireworks.ai/api-reference/introduction. */
export const fireworks: ProviderDefinition = {
  name: 'fireworks',
  title: 'Fireworks AI',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion', 'embed'],
      streamUsage: true,
      lacks: ['custom-tools'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  keyVariable: 'FIREWORKS_API_KEY',
  families: ['accounts/fireworks/*'],
  credential: 'bearer',
};
