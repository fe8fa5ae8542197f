/*
 * Amazon Bedrock's Converse: a client of AWS that is pointed here works. The model is in the path, escaped where it is an ARN; whether a stream is wanted is
 * in the path as well.
 */

import { STREAM_FORM } from '../dialects/bedrock-converse/request.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { ExampleModels } from './example-models.ts';

/** `call` answers the model routes; `examples`: models that the documentation may name. */
export function createBedrockRoutes(call: Handler, examples: ExampleModels): Route[] {
  const shared = {
    methods: ['POST'],
    kind: 'model',
    access: 'key',
    signatures: true,
    dialect: 'bedrock-converse',
    operation: 'chat',
    handler: call,
  } as const;
  return [
    {
      ...shared,
      pattern: '/model/{model...}/converse',
      docs: async () => (await import('./bedrock-docs.ts')).converseDocs(examples),
    },
    {
      ...shared,
      pattern: '/model/{model...}/converse-stream',
      form: STREAM_FORM,
      docs: async () => (await import('./bedrock-docs.ts')).converseStreamDocs(examples),
    },
  ];
}
