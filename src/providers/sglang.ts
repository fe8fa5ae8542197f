import type { ProviderDefinition } from './provider.ts';

/** Source: docs.sglang.io/docs/basic_usage/openai_api and …/anthropic_api. */
export const sglang: ProviderDefinition = {
  name: 'sglang',
  title: 'SGLang',
  dialects: [
    { name: 'openai-chat', operations: ['chat', 'completion', 'embed'], streamUsage: true, lacks: ['custom-tools'] },
    { name: 'anthropic-messages', operations: ['chat', 'count-tokens'], streamUsage: true },
  ],
  baseUrl: 'http://127.0.0.1:30000/v1',
  keyVariable: 'SGLANG_API_KEY',
  urlVariables: ['SGLANG_URL'],
  healthPath: '/health',
  credential: 'bearer',
};
