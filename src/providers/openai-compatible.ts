import type { ProviderDefinition } from './provider.ts';

/** Any other server that speaks OpenAI's API; `base_url` says where. */
export const openaiCompatible: ProviderDefinition = {
  name: 'openai-compatible',
  title: 'OpenAI-compatible server',
  dialects: [{ name: 'openai-chat', operations: ['chat', 'completion', 'embed'], streamUsage: true }],
  credential: 'bearer',
};
