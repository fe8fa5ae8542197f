/*
 * Amazon Bedrock's Converse, and its InvokeModel with Anthropic's body: a client of AWS that is pointed here works, and Claude Code in its Bedrock form. The
 * model is in the path, escaped where it is an ARN; whether a stream is wanted is in the path as well.
 */

import { INVOKE_STREAM_FORM } from '../dialects/bedrock-converse/invoke.ts';
import { STREAM_FORM } from '../dialects/bedrock-converse/request.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { ExampleModels } from './example-models.ts';

const CONVERSE = 'bedrock-converse';
const INVOKE = 'bedrock-invoke';

/** `call` answers the model routes; `examples`: models that the documentation may name. */
export function createBedrockRoutes(call: Handler, examples: ExampleModels): Route[] {
  const shared = {
    methods: ['POST'],
    kind: 'model',
    access: 'key',
    signatures: true,
    operation: 'chat',
    handler: call,
  } as const;
  return [
    {
      ...shared,
      dialect: CONVERSE,
      pattern: '/model/{model...}/converse',
      docs: async () => (await import('./bedrock-docs.ts')).converseDocs(examples),
    },
    {
      ...shared,
      dialect: CONVERSE,
      pattern: '/model/{model...}/converse-stream',
      form: STREAM_FORM,
      docs: async () => (await import('./bedrock-docs.ts')).converseStreamDocs(examples),
    },
    {
      ...shared,
      dialect: INVOKE,
      pattern: '/model/{model...}/invoke',
      docs: async () => (await import('./bedrock-docs.ts')).invokeDocs(examples),
    },
    {
      ...shared,
      dialect: INVOKE,
      pattern: `/model/{model...}/${INVOKE_STREAM_FORM}`,
      form: INVOKE_STREAM_FORM,
      docs: async () => (await import('./bedrock-docs.ts')).invokeStreamDocs(examples),
    },
  ];
}
