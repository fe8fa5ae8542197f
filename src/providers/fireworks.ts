import type { ProviderDefinition } from './provider.ts';

/** Source: docs.fireworks.ai/tools-sdks/openai-compatibility, …/anthropic-compatibility and docs.fireworks.ai/nexus/apis-and-sdks (all three on one model id). */
export const fireworks: ProviderDefinition = {
  name: 'fireworks',
  title: 'Fireworks AI',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion', 'embed'],
      streamUsage: true,
      lacks: ['custom-tools'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
    { name: 'anthropic-messages', operations: ['chat'], streamUsage: true },
    { name: 'openai-responses', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  keyVariable: 'FIREWORKS_API_KEY',
  families: ['accounts/fireworks/*'],
  credential: 'bearer',
};
