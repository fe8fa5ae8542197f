import type { ProviderDefinition } from './provider.ts';

/** Its streams hold comments while a model thinks, which pass as they come. Source: openrouter.ai/docs/api-reference/overview. */
export const openrouter: ProviderDefinition = {
  name: 'openrouter',
  title: 'OpenRouter',
  dialects: [
    { name: 'openai-chat', operations: ['chat', 'completion'], streamUsage: true, fieldNames: { max_completion_tokens: 'max_tokens' } },
  ],
  baseUrl: 'https://openrouter.ai/api/v1',
  keyVariable: 'OPENROUTER_API_KEY',
  credential: 'bearer',
};
