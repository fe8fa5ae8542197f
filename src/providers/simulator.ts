import { PASSED_OPERATIONS } from '../operations/operation.ts';
import type { ProviderDefinition } from './provider.ts';

/** `gatehouse simulate`: every dialect that the gateway speaks, and failures on demand. `base_url` says where. */
export const simulator: ProviderDefinition = {
  name: 'simulator',
  title: 'Simulated model server',
  dialects: [
    { name: 'openai-chat', prefix: '/v1', operations: ['chat', 'completion', 'embed', ...PASSED_OPERATIONS], streamUsage: true },
    { name: 'ollama', prefix: '/api', operations: ['chat', 'completion', 'embed'], streamUsage: true },
  ],
  credential: 'none',
};
