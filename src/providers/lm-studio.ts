import type { ProviderDefinition } from './provider.ts';

/** Source: lmstudio.ai/docs/developer/openai-compat. */
export const lmStudio: ProviderDefinition = {
  name: 'lm-studio',
  title: 'LM Studio',
  dialects: [{ name: 'openai-chat', operations: ['chat', 'completion', 'embed'], streamUsage: true, lacks: ['custom-tools'] }],
  baseUrl: 'http://127.0.0.1:1234/v1',
  urlVariables: ['LM_STUDIO_URL'],
  healthPath: '/v1/models',
  credential: 'bearer',
};
