import type { ProviderDefinition } from './provider.ts';

/** Ollama, on both of its sides. Source: Ollama's docs/openai.md and docs/api.md. It needs no key; ollama.com, and a proxy before it, may. */
export const ollama: ProviderDefinition = {
  name: 'ollama',
  title: 'Ollama',
  dialects: [
    { name: 'openai-chat', prefix: '/v1', operations: ['chat', 'completion', 'embed'], streamUsage: true, lacks: ['custom-tools'] },
    { name: 'ollama', prefix: '/api', operations: ['chat', 'completion', 'embed'], streamUsage: true },
  ],
  baseUrl: 'http://127.0.0.1:11434/v1',
  urlVariables: ['OLLAMA_HOST', 'OLLAMA_BACKEND'],
  healthPath: '/api/tags',
  credential: 'bearer',
};
