import type { ProviderDefinition } from './provider.ts';

/** Source: docs.vllm.ai, OpenAI-compatible server; it reranks as Jina does. The key is optional (`--api-key`). */
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
    { name: 'jina', operations: ['rerank'], streamUsage: false },
  ],
  baseUrl: 'http://127.0.0.1:8000/v1',
  keyVariable: 'VLLM_API_KEY',
  urlVariables: ['VLLM_URL'],
  healthPath: '/health',
  credential: 'bearer',
};
