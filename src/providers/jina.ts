import type { ProviderDefinition } from './provider.ts';

/** Source: api.jina.ai/redoc. */
export const jina: ProviderDefinition = {
  name: 'jina',
  title: 'Jina AI',
  dialects: [{ name: 'jina', operations: ['rerank', 'embed'], streamUsage: false }],
  baseUrl: 'https://api.jina.ai/v1',
  keyVariable: 'JINA_API_KEY',
  families: ['jina-*'],
  credential: 'bearer',
};
