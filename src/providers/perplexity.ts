import type { ProviderDefinition } from './provider.ts';

/** It has no `/v1`, no tools, and tells usage in every chunk. Source: docs.perplexity.ai/api-reference. */
export const perplexity: ProviderDefinition = {
  name: 'perplexity',
  title: 'Perplexity',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat'],
      streamUsage: false,
      lacks: ['tools', 'custom-tools', 'seed', 'logit-bias', 'log-probabilities', 'choices', 'stop', 'user', 'parallel-tool-calls'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'https://api.perplexity.ai',
  keyVariable: 'PERPLEXITY_API_KEY',
  families: ['sonar*'],
  credential: 'bearer',
};
