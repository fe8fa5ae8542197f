import type { ProviderDefinition } from './provider.ts';

/** Ollama's OpenAI side. Source: Ollama's docs/openai.md. It needs no key, and ignores one. */
export const ollama: ProviderDefinition = {
  name: 'ollama',
  title: 'Ollama',
  dialect: 'openai-chat',
  baseUrl: 'http://127.0.0.1:11434/v1',
  urlVariables: ['OLLAMA_HOST', 'OLLAMA_BACKEND'],
  healthPath: '/api/tags',
  operations: ['chat', 'completion', 'embed'],
  credential: 'none',
  streamUsage: true,
};
