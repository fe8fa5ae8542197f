import type { ProviderDefinition } from './provider.ts';

/** Source: docs.cohere.com/reference. */
export const cohere: ProviderDefinition = {
  name: 'cohere',
  title: 'Cohere',
  dialects: [{ name: 'cohere', prefix: '/v2', operations: ['chat', 'rerank', 'embed'], streamUsage: true }],
  baseUrl: 'https://api.cohere.com/v2',
  keyVariable: 'COHERE_API_KEY',
  // The vendor's own clients read these two.
  otherKeyVariables: ['CO_API_KEY'],
  urlVariables: ['CO_API_URL'],
  families: [
    'command-*',
    'c4ai-aya-*',
    'rerank-v*',
    'rerank-english-*',
    'rerank-multilingual-*',
    'embed-v*',
    'embed-english-*',
    'embed-multilingual-*',
  ],
  credential: 'bearer',
};
