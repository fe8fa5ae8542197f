import type { ProviderDefinition } from './provider.ts';

/** Of the fields that it does not support it refuses some with a 400. Source: console.groq.com/docs/openai. */
export const groq: ProviderDefinition = {
  name: 'groq',
  title: 'Groq',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'speech', 'transcription', 'translation', 'files', 'batches'],
      streamUsage: true,
      lacks: ['custom-tools', 'logit-bias', 'log-probabilities', 'choices', 'message-names'],
    },
  ],
  baseUrl: 'https://api.groq.com/openai/v1',
  keyVariable: 'GROQ_API_KEY',
  credential: 'bearer',
};
