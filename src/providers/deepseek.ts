import type { ProviderDefinition } from './provider.ts';

/**
 * While tools are being called it wants the thoughts back, and drops those before the last question, which is how they are sent. Its switch for thinking has a
 * field of its own, `thinking`; `reasoning_effort` knows no `none`. Source: api-docs.deepseek.com/guides/thinking_mode, …/guides/anthropic_api and
 * …/api/create-chat-completion.
 */
export const deepseek: ProviderDefinition = {
  name: 'deepseek',
  title: 'DeepSeek',
  dialects: [
    {
      name: 'openai-chat',
      prefix: '/v1',
      operations: ['chat'],
      streamUsage: true,
      lacks: [
        'schema-output',
        'seed',
        'choices',
        'logit-bias',
        'reasoning-switch',
        'reasoning-signatures',
        'custom-tools',
        'tool-choice-allowed',
      ],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
    { name: 'anthropic-messages', prefix: '/anthropic/v1', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'https://api.deepseek.com/v1',
  keyVariable: 'DEEPSEEK_API_KEY',
  families: ['deepseek-*'],
  credential: 'bearer',
};
