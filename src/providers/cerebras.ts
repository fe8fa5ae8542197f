import type { ProviderDefinition } from './provider.ts';

/** Penalties are a 400 there. Source: inference-docs.cerebras.ai/api-reference. */
export const cerebras: ProviderDefinition = {
  name: 'cerebras',
  title: 'Cerebras',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion'],
      streamUsage: true,
      lacks: ['custom-tools', 'frequency-penalty', 'presence-penalty', 'logit-bias', 'choices', 'images', 'image-urls'],
    },
  ],
  baseUrl: 'https://api.cerebras.ai/v1',
  keyVariable: 'CEREBRAS_API_KEY',
  credential: 'bearer',
};
