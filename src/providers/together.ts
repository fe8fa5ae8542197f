import type { ProviderDefinition } from './provider.ts';

/** Source: docs.together.ai/docs/openai-api-compatibility, and its reference of `/rerank`. */
export const together: ProviderDefinition = {
  name: 'together',
  title: 'Together AI',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion', 'embed', 'image', 'speech', 'transcription', 'translation'],
      streamUsage: true,
      lacks: ['custom-tools'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
    { name: 'jina', operations: ['rerank'], streamUsage: false },
  ],
  baseUrl: 'https://api.together.xyz/v1',
  keyVariable: 'TOGETHER_API_KEY',
  credential: 'bearer',
};
