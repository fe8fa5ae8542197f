import type { ProviderDefinition } from './provider.ts';

/** The key is wanted where "Require Authentication" is on. Source: lmstudio.ai/docs/developer/openai-compat, …/anthropic-compat and …/rest-api. */
export const lmStudio: ProviderDefinition = {
  name: 'lm-studio',
  title: 'LM Studio',
  dialects: [
    { name: 'openai-chat', operations: ['chat', 'completion', 'embed'], streamUsage: true, lacks: ['custom-tools'] },
    { name: 'anthropic-messages', operations: ['chat'], streamUsage: true },
    { name: 'openai-responses', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'http://127.0.0.1:1234/v1',
  urlVariables: ['LM_STUDIO_URL'],
  healthPath: '/v1/models',
  credential: 'bearer',
};
