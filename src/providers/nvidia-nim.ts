import type { ProviderDefinition } from './provider.ts';

/** NVIDIA's own cloud, or a container of one's own (`NIM_URL`). Source: docs.api.nvidia.com/nim/reference and docs.nvidia.com/nim. */
export const nvidiaNim: ProviderDefinition = {
  name: 'nvidia-nim',
  title: 'NVIDIA NIM',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion', 'embed'],
      streamUsage: true,
      lacks: ['custom-tools'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'https://integrate.api.nvidia.com/v1',
  keyVariable: 'NVIDIA_API_KEY',
  urlVariables: ['NIM_URL'],
  credential: 'bearer',
};
