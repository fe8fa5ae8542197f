import type { ProviderDefinition } from './provider.ts';

/** Source: docs.voyageai.com/reference. */
export const voyage: ProviderDefinition = {
  name: 'voyage',
  title: 'Voyage AI',
  dialects: [{ name: 'voyage', operations: ['rerank', 'embed'], streamUsage: false }],
  baseUrl: 'https://api.voyageai.com/v1',
  keyVariable: 'VOYAGE_API_KEY',
  families: ['voyage-*', 'rerank-2*'],
  credential: 'bearer',
};
