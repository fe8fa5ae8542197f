import type { ProviderDefinition } from './provider.ts';

/** It tells usage in the last chunk unasked, and refuses fields that it does not know. Source: docs.mistral.ai/api. */
export const mistral: ProviderDefinition = {
  name: 'mistral',
  title: 'Mistral',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'embed', 'transcription', 'moderation'],
      streamUsage: false,
      lacks: [
        'custom-tools',
        'user',
        'logit-bias',
        'log-probabilities',
        'service-tier',
        'verbosity',
        'store',
        'prompt-cache-key',
        'min-p',
        'top-k',
        'message-names',
        'developer-role',
      ],
      fieldNames: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
    },
  ],
  baseUrl: 'https://api.mistral.ai/v1',
  keyVariable: 'MISTRAL_API_KEY',
  families: ['mistral-*', 'ministral-*', 'magistral-*', 'codestral-*', 'devstral-*', 'pixtral-*', 'open-mistral-*', 'open-mixtral-*'],
  credential: 'bearer',
};
