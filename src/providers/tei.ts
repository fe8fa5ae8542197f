import type { ProviderDefinition } from './provider.ts';

/** One server has one model, which is asked for vectors or to rerank. The key is optional (`--api-key`). Source: huggingface.github.io/text-embeddings-inference. */
export const tei: ProviderDefinition = {
  name: 'tei',
  title: 'Text Embeddings Inference',
  dialects: [
    { name: 'tei', prefix: '', operations: ['rerank', 'embed'], streamUsage: false },
    { name: 'openai-chat', prefix: '/v1', operations: ['embed'], streamUsage: false },
  ],
  baseUrl: 'http://127.0.0.1:3000',
  keyVariable: 'TEI_API_KEY',
  urlVariables: ['TEI_URL'],
  healthPath: '/health',
  credential: 'bearer',
};
