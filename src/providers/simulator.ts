import type { ProviderDefinition } from './provider.ts';

/** `gatehouse simulate`: every dialect that the gateway speaks, and failures on demand. `base_url` says where. */
export const simulator: ProviderDefinition = {
  name: 'simulator',
  title: 'Simulated model server',
  dialects: [
    { name: 'openai-chat', prefix: '/v1', operations: ['chat', 'completion', 'embed'], streamUsage: true },
    { name: 'openai-responses', prefix: '/v1', operations: ['chat', 'count-tokens', 'compact'], streamUsage: true },
    { name: 'anthropic-messages', prefix: '/v1', operations: ['chat', 'count-tokens'], streamUsage: true },
    { name: 'gemini', prefix: '/v1beta', operations: ['chat', 'embed', 'count-tokens'], streamUsage: true },
    { name: 'ollama', prefix: '/api', operations: ['chat', 'completion', 'embed'], streamUsage: true },
  ],
  // Google's API refuses whoever shows none, simulated or not; any will do.
  credential: { header: 'x-goog-api-key' },
  keyDefault: 'simulated',
};
