import { PASSED_OPERATIONS } from '../operations/operation.ts';
import type { ProviderDefinition } from './provider.ts';

/** Any other server that speaks OpenAI's API; `base_url` says where. */
export const openaiCompatible: ProviderDefinition = {
  name: 'openai-compatible',
  title: 'OpenAI-compatible server',
  dialects: [
    { name: 'openai-chat', operations: ['chat', 'completion', 'embed', ...PASSED_OPERATIONS], streamUsage: true, lacks: ['custom-tools'] },
  ],
  credential: 'bearer',
};

/** Any server that speaks one or more of our dialects: `base_url` says where, `dialects` which. Without the latter it is one of the above. */
export const custom: ProviderDefinition = { ...openaiCompatible, name: 'custom', title: 'Any other server' };
