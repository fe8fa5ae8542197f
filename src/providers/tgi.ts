import type { ProviderDefinition } from './provider.ts';

/** Source: huggingface.co/docs/text-generation-inference/messages_api. */
export const tgi: ProviderDefinition = {
  name: 'tgi',
  title: 'Text Generation Inference',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion'],
      streamUsage: true,
      lacks: ['custom-tools', 'choices', 'parallel-tool-calls'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'http://127.0.0.1:3000/v1',
  keyVariable: 'TGI_API_KEY',
  urlVariables: ['TGI_URL'],
  healthPath: '/health',
  credential: 'bearer',
};
