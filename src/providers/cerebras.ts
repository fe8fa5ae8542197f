import type { ProviderDefinition } from './provider.ts';

/**
 * These fields are a 400 there, and the role `developer` is not known (we write `system`). Source:
 * inference-docs.cerebras.ai/resources/openai and inference-docs.cerebras.ai/api-reference/chat-completions.
 */
export const cerebras: ProviderDefinition = {
  name: 'cerebras',
  title: 'Cerebras',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion'],
      streamUsage: true,
      lacks: [
        'frequency-penalty',
        'presence-penalty',
        'logit-bias',
        'parallel-tool-calls',
        'service-tier',
        'choices',
        'images',
        'image-urls',
        'custom-tools',
        'tool-choice-allowed',
      ],
    },
  ],
  baseUrl: 'https://api.cerebras.ai/v1',
  keyVariable: 'CEREBRAS_API_KEY',
  credential: 'bearer',
};
