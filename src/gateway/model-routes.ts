/* The model routes: which path asks what, in which dialect; and the list of models. */

import { GatewayError } from '../base/errors.ts';
import { createGlob } from '../base/glob.ts';
import type { Route } from '../edge/route-table.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { ModelList, ModelListing } from '../upstream/model-list.ts';
import { anthropicModel, anthropicPage, asksAnthropic } from './anthropic-models.ts';
import type { ExampleModels } from './example-models.ts';
import type { DescribeModel, ModelDescription } from './model-description.ts';

const MODEL_ROUTES: readonly { readonly pattern: string; readonly operation: Extract<OperationKind, 'chat' | 'completion' | 'embed'> }[] = [
  { pattern: '/v1/chat/completions', operation: 'chat' },
  { pattern: '/v1/completions', operation: 'completion' },
  { pattern: '/v1/embeddings', operation: 'embed' },
];

export interface ModelRouteParts {
  readonly call: Handler;
  readonly list: ModelList;
  /** What the catalogue knows of a model. */
  readonly describe: DescribeModel;
  /** Models that the documentation may name. */
  readonly examples: ExampleModels;
}

export function createModelRoutes({ call, list, describe, examples }: ModelRouteParts): Route[] {
  return [
    ...MODEL_ROUTES.map(
      ({ pattern, operation }): Route => ({
        pattern,
        operation,
        methods: ['POST'],
        kind: 'model',
        access: 'key',
        dialect: 'openai-chat',
        handler: call,
        docs: async () => (await import('./model-docs.ts')).modelRouteDocs(operation, examples),
      }),
    ),
    ...createModelListRoutes({ list, describe, examples }),
  ];
}

function createModelListRoutes({ list, describe, examples }: Omit<ModelRouteParts, 'call'>): Route[] {
  const tell = (model: ModelListing, exchange: Exchange): ModelListing & ModelDescription => ({
    ...model,
    ...describe(model.id, exchange.clock.now()),
  });
  const dialectOf = (headers: Headers) => (asksAnthropic(headers) ? 'anthropic-messages' : undefined);
  const shared = { methods: ['GET'], kind: 'system', access: 'key', dialect: 'openai-chat', dialectOf } as const;
  return [
    {
      ...shared,
      pattern: '/v1/models',
      docs: async () => (await import('./model-docs.ts')).MODEL_LIST_DOCS,
      handler: async ({ headers, search }, exchange) => {
        const data = await visibleModels(list, exchange);
        if (asksAnthropic(headers)) return json(anthropicPage(data, search));
        return json({ object: 'list', data: data.map((model) => tell(model, exchange)) });
      },
    },
    {
      ...shared,
      pattern: '/v1/models/{id...}',
      docs: async () => (await import('./model-docs.ts')).modelDocs(examples),
      handler: async (request, exchange) => {
        const id = request.params?.['id'] ?? '';
        const model = (await visibleModels(list, exchange)).find((listing) => listing.id === id);
        if (model === undefined)
          throw new GatewayError('model_unknown', `The model '${id.slice(0, 256)}' does not exist here`, { param: 'model' });
        return json(asksAnthropic(request.headers) ? anthropicModel(model) : tell(model, exchange));
      },
    },
  ];
}

/** The models that this caller may use: others are none of its business. */
export async function visibleModels(list: ModelList, exchange: Exchange): Promise<readonly ModelListing[]> {
  const models = await list.list(exchange.signal);
  const allowed = exchange.get(principalFact).models?.map((pattern) => createGlob(pattern));
  return allowed === undefined ? models : models.filter(({ id }) => allowed.some((matches) => matches(id)));
}

function json(value: unknown): Reply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
