import type { ProviderDefinition } from './provider.ts';

/** The key is optional (`--api-key`); it reranks as Jina does. Source: docs.vllm.ai/en/stable/serving/online_serving. */
export const vllm: ProviderDefinition = {
  name: 'vllm',
  title: 'vLLM',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion', 'embed', 'transcription', 'translation'],
      streamUsage: true,
      lacks: ['custom-tools'],
    },
    { name: 'anthropic-messages', operations: ['chat'], streamUsage: true },
    { name: 'openai-responses', operations: ['chat'], streamUsage: true },
    { name: 'jina', operations: ['rerank'], streamUsage: false },
  ],
  baseUrl: 'http://127.0.0.1:8000/v1',
  keyVariable: 'VLLM_API_KEY',
  urlVariables: ['VLLM_URL'],
  healthPath: '/health',
  credential: 'bearer',
};
