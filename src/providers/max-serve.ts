import type { ProviderDefinition } from './provider.ts';

/** Source: docs.modular.com/max, `max serve`, which answers OpenAI's API on port 8000. */
export const maxServe: ProviderDefinition = {
  name: 'max-serve',
  title: 'MAX Serve',
  dialects: [{ name: 'openai-chat', operations: ['chat', 'completion', 'embed'], streamUsage: true, lacks: ['custom-tools'] }],
  baseUrl: 'http://127.0.0.1:8000/v1',
  keyVariable: 'MAX_SERVE_API_KEY',
  urlVariables: ['MAX_SERVE_URL'],
  healthPath: '/v1/health',
  credential: 'bearer',
};
