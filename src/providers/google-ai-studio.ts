import type { ProviderDefinition } from './provider.ts';

/** Source: ai.google.dev/api; ai.google.dev/gemini-api/docs/openai. */
export const googleAiStudio: ProviderDefinition = {
  name: 'google-ai-studio',
  title: 'Google AI Studio (Gemini API)',
  dialects: [
    { name: 'gemini', prefix: '/v1beta', operations: ['chat', 'embed', 'count-tokens'], streamUsage: true },
    {
      name: 'openai-chat',
      prefix: '/v1beta/openai',
      operations: ['chat', 'embed'],
      streamUsage: true,
      lacks: ['custom-tools', 'logit-bias', 'log-probabilities'],
    },
  ],
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  keyVariable: 'GEMINI_API_KEY',
  // Google's own clients prefer it where both are there.
  otherKeyVariables: ['GOOGLE_API_KEY'],
  families: ['gemini-*', 'gemma-*'],
  credential: { header: 'x-goog-api-key' },
};
