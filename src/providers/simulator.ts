import { PASSED_OPERATIONS } from '../operations/operation.ts';
import type { ProviderDefinition } from './provider.ts';

/** Some vendors refuse whoever shows no key, simulated or not; any will do. */
const ANY_KEY = { authorization: 'Bearer simulated' };

/** `gatehouse simulate`: every dialect that the gateway speaks, and failures on demand. `base_url` says where. */
export const simulator: ProviderDefinition = {
  name: 'simulator',
  title: 'Simulated model server',
  dialects: [
    { name: 'openai-chat', prefix: '/v1', operations: ['chat', 'completion', 'embed', ...PASSED_OPERATIONS], streamUsage: true },
    { name: 'openai-responses', prefix: '/v1', operations: ['chat', 'count-tokens', 'compact'], streamUsage: true },
    { name: 'anthropic-messages', prefix: '/v1', operations: ['chat', 'count-tokens'], streamUsage: true },
    { name: 'gemini', prefix: '/v1beta', operations: ['chat', 'embed', 'count-tokens'], streamUsage: true, headers: ANY_KEY },
    { name: 'bedrock-converse', prefix: '', operations: ['chat'], streamUsage: true, headers: ANY_KEY },
    { name: 'ollama', prefix: '/api', operations: ['chat', 'completion', 'embed'], streamUsage: true },
    { name: 'cohere', prefix: '/v2', operations: ['chat', 'rerank', 'embed'], streamUsage: true, headers: ANY_KEY },
    { name: 'jina', prefix: '/jina/v1', operations: ['rerank', 'embed'], streamUsage: false, headers: ANY_KEY },
    { name: 'voyage', prefix: '/voyage/v1', operations: ['rerank', 'embed'], streamUsage: false, headers: ANY_KEY },
    { name: 'tei', prefix: '', operations: ['rerank', 'embed'], streamUsage: false },
  ],
  // Google's API refuses whoever shows none, simulated or not; any will do.
  credential: { header: 'x-goog-api-key' },
  keyDefault: 'simulated',
};
