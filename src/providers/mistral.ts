import type { ProviderDefinition } from './provider.ts';

/**
 * It tells usage in the last chunk unasked, and refuses every field that it does not know with a 422, `stream_options`, `user`, a message's `name` and
 * `reasoning_content` among them. Ids of calls have nine letters and digits. Its efforts are `high` and `none` alone. Source: docs.mistral.ai/api (ChatCompletionStreamRequest), and
 * github.com/BerriAI/litellm/issues/30835 for thoughts.
 */
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
        'verbosity',
        'store',
        'message-names',
        'custom-tools',
        'tool-choice-allowed',
        'reasoning-effort',
        'reasoning-budget',
        'reasoning-history',
        'reasoning-signatures',
      ],
      fieldNames: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
      callIdChars: 9,
    },
  ],
  baseUrl: 'https://api.mistral.ai/v1',
  keyVariable: 'MISTRAL_API_KEY',
  families: ['mistral-*', 'ministral-*', 'magistral-*', 'codestral-*', 'devstral-*', 'pixtral-*', 'open-mistral-*', 'open-mixtral-*'],
  credential: 'bearer',
};
