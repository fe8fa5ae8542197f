/*
 * Cohere's API, and reranking as other clients ask for it.
 *
 *   /v2/chat, /v2/rerank, /v2/embed     Cohere's
 *   /v1/rerank                          Jina's, which vLLM, LiteLLM and Cohere's first version share; and Voyage's
 *   /rerank                             Text Embeddings Inference's
 */

import type { Route } from '../edge/route-table.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { ExampleModels } from './example-models.ts';

export type CoherePattern = '/v2/chat' | '/v2/rerank' | '/v2/embed' | '/v1/rerank' | '/rerank';

const ROUTES: readonly { readonly pattern: CoherePattern; readonly operation: OperationKind; readonly dialect: string }[] = [
  { pattern: '/v2/chat', operation: 'chat', dialect: 'cohere' },
  { pattern: '/v2/rerank', operation: 'rerank', dialect: 'cohere' },
  { pattern: '/v2/embed', operation: 'embed', dialect: 'cohere' },
  { pattern: '/v1/rerank', operation: 'rerank', dialect: 'rerank' },
  { pattern: '/rerank', operation: 'rerank', dialect: 'tei' },
];

export interface CohereRoutesDeps {
  /** Answers the model routes. */
  readonly call: Handler;
  /** Models that the documentation may name. */
  readonly examples: ExampleModels;
}

export function createCohereRoutes({ call, examples }: CohereRoutesDeps): Route[] {
  return ROUTES.map(
    ({ pattern, operation, dialect }): Route => ({
      pattern,
      methods: ['POST'],
      kind: 'model',
      access: 'key',
      dialect,
      operation,
      handler: call,
      docs: async () => (await import('./cohere-docs.ts')).cohereDocs(pattern, examples),
    }),
  );
}
