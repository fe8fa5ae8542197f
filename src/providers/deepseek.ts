import type { ProviderDefinition } from './provider.ts';

/** Thoughts that are sent back to it are an error. Source: api-docs.deepseek.com. */
export const deepseek: ProviderDefinition = {
  name: 'deepseek',
  title: 'DeepSeek',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat'],
      streamUsage: true,
      lacks: ['custom-tools', 'schema-output', 'images', 'image-urls', 'seed', 'choices', 'logit-bias', 'reasoning-history'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'https://api.deepseek.com/v1',
  keyVariable: 'DEEPSEEK_API_KEY',
  families: ['deepseek-*'],
  credential: 'bearer',
};
