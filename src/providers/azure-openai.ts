import type { ProviderDefinition } from './provider.ts';

/** Source: learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle (the v1 API: no api-version, deployments go by their name as the model). */
export const azureOpenai: ProviderDefinition = {
  name: 'azure-openai',
  title: 'Azure OpenAI',
  dialects: [
    {
      name: 'openai-chat',
      operations: [
        'chat',
        'completion',
        'embed',
        'image',
        'image-edit',
        'speech',
        'transcription',
        'translation',
        'realtime',
        'files',
        'batches',
      ],
      streamUsage: true,
    },
  ],
  baseUrl: 'https://{resource}.openai.azure.com/openai/v1',
  keyVariable: 'AZURE_OPENAI_API_KEY',
  urlVariables: ['AZURE_OPENAI_ENDPOINT'],
  variables: { resource: 'AZURE_OPENAI_RESOURCE' },
  priceList: 'azure',
  credential: { header: 'api-key' },
};
