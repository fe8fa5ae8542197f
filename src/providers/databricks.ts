import type { ProviderDefinition } from './provider.ts';

/**
 * The resource is the workspace's host (`dbc-….cloud.databricks.com`). Anthropic's messages below `/serving-endpoints/anthropic` are for the Claude models
 * alone: whoever has those only gives them a provider of their own, with `base_url` and `dialects`. Source:
 * docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference and docs.databricks.com/…/model-serving/query-anthropic-messages.
 */
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
