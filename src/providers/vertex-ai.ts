import type { ProviderDefinition } from './provider.ts';

/**
 * Embeddings have a form of their own there (`:predict`), and lists of models another place. Sources: cloud.google.com/vertex-ai/generative-ai/docs/
 * model-reference/inference; /docs/start/openai.
 */
export const vertexAi: ProviderDefinition = {
  name: 'vertex-ai',
  title: 'Google Vertex AI',
  dialects: [
    { name: 'gemini', prefix: '/publishers/google', operations: ['chat', 'count-tokens'], streamUsage: true },
    {
      name: 'openai-chat',
      prefix: '/endpoints/openapi',
      modelPrefix: 'google/',
      operations: ['chat'],
      streamUsage: true,
      lacks: ['custom-tools', 'logit-bias'],
    },
  ],
  baseUrl: 'https://{region-}aiplatform.googleapis.com/v1/projects/{project}/locations/{region}',
  variables: { project: 'GOOGLE_CLOUD_PROJECT', region: 'GOOGLE_CLOUD_LOCATION' },
  credential: { signing: 'google-oauth' },
};
