import type { ProviderDefinition } from './provider.ts';

/** The resource is the workspace's host (`dbc-….cloud.databricks.com`). Source: docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference. */
export const databricks: ProviderDefinition = {
  name: 'databricks',
  title: 'Databricks',
  dialects: [
    {
      name: 'openai-chat',
      operations: ['chat', 'completion', 'embed'],
      streamUsage: true,
      lacks: ['custom-tools'],
      fieldNames: { max_completion_tokens: 'max_tokens' },
    },
  ],
  baseUrl: 'https://{resource}/serving-endpoints',
  keyVariable: 'DATABRICKS_TOKEN',
  variables: { resource: 'DATABRICKS_HOST' },
  families: ['databricks-*'],
  credential: 'bearer',
};
