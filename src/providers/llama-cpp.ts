import type { ProviderDefinition } from './provider.ts';

/** Source: github.com/ggml-org/llama.cpp, tools/server/README.md. */
export const llamaCpp: ProviderDefinition = {
  name: 'llama-cpp',
  title: 'llama.cpp',
  dialects: [
    { name: 'openai-chat', operations: ['chat', 'completion', 'embed'], streamUsage: true, lacks: ['custom-tools'] },
    { name: 'anthropic-messages', operations: ['chat', 'count-tokens'], streamUsage: true },
    // `llama-server --rerank`
    { name: 'jina', operations: ['rerank'], streamUsage: false },
  ],
  baseUrl: 'http://127.0.0.1:8080/v1',
  keyVariable: 'LLAMA_CPP_API_KEY',
  urlVariables: ['LLAMA_CPP_URL'],
  healthPath: '/health',
  credential: 'bearer',
};
