import type { ProviderDefinition } from './provider.ts';

/**
 * The v1 API: no `api-version`, and a deployment goes by its name as the model. Source: learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle and
 * learn.microsoft.com/azure/ai-foundry/openai/how-to/responses.
 */
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
    { name: 'openai-responses', operations: ['chat'], streamUsage: true },
  ],
  baseUrl: 'https://{resource}.openai.azure.com/openai/v1',
  keyVariable: 'AZURE_OPENAI_API_KEY',
  urlVariables: ['AZURE_OPENAI_ENDPOINT'],
  variables: { resource: 'AZURE_OPENAI_RESOURCE' },
  priceList: 'azure',
  credential: { header: 'api-key' },
};
