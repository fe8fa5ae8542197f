/*
 * Anthropic's messages API: a client of Anthropic that is pointed here works, Claude Code among them.
 *
 *   messages         a model route, like those of any dialect
 *   count_tokens     asked of a target that counts; else estimated here, so that it answers for every model
 *
 *   rawPredict       the same with the body and the path of Vertex AI, as Claude Code in its Vertex form
 *
 * The list of models shares its path with OpenAI's (model-routes.ts).
 */

import { VERTEX_STREAM_FORM } from '../dialects/vertex-raw-predict/vertex-raw-predict.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Router } from '../routing/router.ts';
import type { ExampleModels } from './example-models.ts';
import { createTokenCount } from './token-count.ts';

export interface AnthropicRoutesDeps {
  readonly router: Router;
  /** Answers the model routes. */
  readonly call: Handler;
  /** Models that the documentation may name. */
  readonly examples: ExampleModels;
}

const DIALECT = 'anthropic-messages';

export function createAnthropicRoutes({ router, call, examples }: AnthropicRoutesDeps): Route[] {
  const shared = { methods: ['POST'], kind: 'model', access: 'key', dialect: DIALECT } as const;
  return [
    {
      ...shared,
      pattern: '/v1/messages',
      operation: 'chat',
      handler: call,
      docs: async () => (await import('./anthropic-docs.ts')).messagesDocs(examples),
    },
    {
      ...shared,
      pattern: '/v1/messages/count_tokens',
      operation: 'count-tokens',
      handler: createTokenCount(router, call),
      docs: async () => (await import('./anthropic-docs.ts')).countTokensDocs(examples),
    },
    ...createVertexRoutes({ router, call, examples }),
  ];
}

const VERTEX = '/v1/projects/{path...}';

function createVertexRoutes({ router, call, examples }: AnthropicRoutesDeps): Route[] {
  const shared = { methods: ['POST'], kind: 'model', access: 'key', dialect: 'vertex-raw-predict' } as const;
  return [
    {
      ...shared,
      pattern: `${VERTEX}/publishers/anthropic/models/count-tokens:rawPredict`,
      operation: 'count-tokens',
      handler: createTokenCount(router, call),
      docs: async () => (await import('./anthropic-docs.ts')).vertexCountDocs(examples),
    },
    {
      ...shared,
      pattern: `${VERTEX}:rawPredict`,
      operation: 'chat',
      handler: call,
      docs: async () => (await import('./anthropic-docs.ts')).vertexDocs(examples, false),
    },
    {
      ...shared,
      pattern: `${VERTEX}:streamRawPredict`,
      operation: 'chat',
      form: VERTEX_STREAM_FORM,
      handler: call,
      docs: async () => (await import('./anthropic-docs.ts')).vertexDocs(examples, true),
    },
  ];
}
