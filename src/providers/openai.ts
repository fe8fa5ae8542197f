import { PASSED_OPERATIONS } from '../operations/operation.ts';
import type { ProviderDefinition } from './provider.ts';

/** Source: platform.openai.com/docs/api-reference. */
export const openai: ProviderDefinition = {
  name: 'openai',
  title: 'OpenAI',
  // Below the same path, so neither needs a prefix.
  dialects: [
    { name: 'openai-chat', operations: ['chat', 'completion', 'embed', ...PASSED_OPERATIONS], streamUsage: true },
    { name: 'openai-responses', operations: ['chat', 'count-tokens', 'compact'], streamUsage: true },
  ],
  baseUrl: 'https://api.openai.com/v1',
  keyVariable: 'OPENAI_API_KEY',
  urlVariables: ['OPENAI_BASE_URL'],
  families: ['gpt-*', 'chatgpt-*', 'o1*', 'o3*', 'o4*', 'text-embedding-*', 'dall-e-*', 'whisper-*', 'tts-*', '*-moderation-*'],
  credential: 'bearer',
};
