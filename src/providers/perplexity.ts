import type { ProviderDefinition } from './provider.ts';

/**
 * The Agent API, which is OpenAI's Responses with fewer fields; the chat completions of Sonar ended in September 2026. Models are `vendor/name`
 * (`perplexity/sonar`). Source: docs.perplexity.ai/docs/agent-api/migrate-from-sonar/how-to and github.com/perplexityai/perplexity-py,
 * types/response_create_params.py; the day is from github.com/vercel/ai, the releases of @ai-sdk/perplexity.
 */
export const perplexity: ProviderDefinition = {
  name: 'perplexity',
  title: 'Perplexity',
  dialects: [
    {
      name: 'openai-responses',
      operations: ['chat'],
      streamUsage: true,
      lacks: [
        'custom-tools',
        'tool-choice-none',
        'tool-choice-required',
        'tool-choice-named',
        'tool-choice-allowed',
        'parallel-tool-calls',
        'json-output',
        'schema-output',
        'temperature',
        'top-p',
        'log-probabilities',
        'user',
        'metadata',
        'service-tier',
        'verbosity',
        'prompt-cache-key',
      ],
    },
  ],
  baseUrl: 'https://api.perplexity.ai/v1',
  keyVariable: 'PERPLEXITY_API_KEY',
  families: ['sonar*'],
  credential: 'bearer',
};
