import type { ProviderDefinition } from './provider.ts';

/** The key is optional (`--api-key`). Source: docs.vllm.ai/en/latest/serving/openai_compatible_server (its list of APIs). */
export const vllm: ProviderDefinition = {
  name: 'vllm',
  title: 'vLLM',
  dialects: [
    { name: 'openai-chat', operations: ['chat', 'completion', 'embed'], streamUsage: true },
    { name: 'anthropic-messages', operations: ['chat'], streamUsage: true },
    { name: 'openai-responses', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'http://127.0.0.1:8000/v1',
  keyVariable: 'VLLM_API_KEY',
  urlVariables: ['VLLM_URL'],
  healthPath: '/health',
  credential: 'bearer',
};
