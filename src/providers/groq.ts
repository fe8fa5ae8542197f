import type { ProviderDefinition } from './provider.ts';

/** Log probabilities, biases, names of speakers and several choices are a 400 there. Source: console.groq.com/docs/openai and …/docs/responses-api. */
export const groq: ProviderDefinition = {
  name: 'groq',
  title: 'Groq',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'speech', 'transcription', 'translation', 'files', 'batches'],
      streamUsage: true,
      lacks: ['logit-bias', 'log-probabilities', 'choices', 'message-names', 'custom-tools', 'tool-choice-allowed'],
    },
    { name: 'openai-responses', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'https://api.groq.com/openai/v1',
  keyVariable: 'GROQ_API_KEY',
  credential: 'bearer',
};
