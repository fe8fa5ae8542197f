import type { ProviderDefinition } from './provider.ts';

/**
 * Ollama, on all of its sides: OpenAI's two and Anthropic's below `/v1` (the latter two since 0.13.3 and 0.14), its own below `/api`. It needs no key;
 * ollama.com, and a proxy before it, may. Source: docs.ollama.com/api/openai-compatibility, …/api/anthropic-compatibility and …/api.
 */
export const ollama: ProviderDefinition = {
  name: 'ollama',
  title: 'Ollama',
  dialects: [
    { name: 'openai-chat', prefix: '/v1', operations: ['chat', 'completion', 'embed'], streamUsage: true, lacks: ['custom-tools'] },
    { name: 'ollama', prefix: '/api', operations: ['chat', 'completion', 'embed'], streamUsage: true },
    { name: 'anthropic-messages', prefix: '/v1', operations: ['chat'], streamUsage: true },
    { name: 'openai-responses', prefix: '/v1', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'http://127.0.0.1:11434/v1',
  urlVariables: ['OLLAMA_HOST', 'OLLAMA_BACKEND'],
  healthPath: '/api/tags',
  credential: 'bearer',
};
