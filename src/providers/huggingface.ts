import type { ProviderDefinition } from './provider.ts';

/** Source: huggingface.co/docs/inference-providers. */
export const huggingface: ProviderDefinition = {
  name: 'huggingface',
  title: 'Hugging Face',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat'],
      streamUsage: true,
      lacks: ['custom-tools'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'https://router.huggingface.co/v1',
  keyVariable: 'HF_TOKEN',
  credential: 'bearer',
};
