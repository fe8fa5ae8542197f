import type { ProviderDefinition } from './provider.ts';

/**
 * Its streams hold comments while a model thinks, which pass as they come. `HTTP-Referer` and `X-Title` name one's application in its rankings; they are
 * optional, and `headers` sets them. Source: openrouter.ai/docs/api-reference/overview, …/docs/api/api-reference/anthropic-messages,
 * …/docs/api/reference/responses/overview and …/docs/app-attribution.
 */
export const openrouter: ProviderDefinition = {
  name: 'openrouter',
  title: 'OpenRouter',
  dialects: [
    { name: 'openai-chat', operations: ['chat', 'completion'], streamUsage: true, fieldNames: { max_completion_tokens: 'max_tokens' } },
    { name: 'anthropic-messages', operations: ['chat'], streamUsage: true },
    { name: 'openai-responses', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'https://openrouter.ai/api/v1',
  keyVariable: 'OPENROUTER_API_KEY',
  credential: 'bearer',
};
