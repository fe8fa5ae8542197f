import type { ProviderDefinition } from './provider.ts';

/**
 * Amazon Bedrock's models of all vendors, by Converse. Requests are signed with a key pair of AWS (`aws`), or bear a key of Bedrock's own.
 * Source: docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html and api-keys.html.
 */
export const awsBedrock: ProviderDefinition = {
  name: 'aws-bedrock',
  title: 'Amazon Bedrock',
  dialects: [{ name: 'bedrock-converse', operations: ['chat'], streamUsage: true }],
  baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
  keyVariable: 'AWS_BEARER_TOKEN_BEDROCK',
  variables: { region: 'AWS_REGION' },
  families: ['*.anthropic.claude-*', 'anthropic.claude-*', '*amazon.nova-*', 'arn:aws*:bedrock:*'],
  credential: { signing: 'aws-sigv4' },
};
