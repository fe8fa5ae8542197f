/*
 * Google's Gemini API: a client of it that is pointed here works. The model stands in the path, and so does what is asked of it.
 *
 *   /v1beta/models/{model}:generateContent, :streamGenerateContent, :countTokens, :embedContent, :batchEmbedContents      also below /v1
 *   /v1/projects/{project}/locations/{location}/publishers/{publisher}/models/{model}:…                                   Vertex AI's, also below /v1beta1
 *   /v1/publishers/{publisher}/models/{model}:…                                                                           the same in express mode
 *   /v1beta/models, /v1beta/models/{model}                                                                                what there is
 */

import { GatewayError } from '../base/errors.ts';
import type { Route } from '../edge/route-table.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { Router } from '../routing/router.ts';
import type { ModelList } from '../upstream/model-list.ts';
import type { ExampleModels } from './example-models.ts';
import { geminiModel, geminiPage } from './gemini-models.ts';
import type { DescribeModel } from './model-description.ts';
import { visibleModels } from './model-routes.ts';
import { createTokenCount } from './token-count.ts';

export interface GeminiRoutesDeps {
  readonly router: Router;
  readonly list: ModelList;
  /** What the catalogue knows of a model. */
  readonly describe: DescribeModel;
  /** Answers the model routes. */
  readonly call: Handler;
  /** Models that the documentation may name. */
  readonly examples: ExampleModels;
}

export type GeminiMethod = 'generateContent' | 'streamGenerateContent' | 'countTokens' | 'embedContent' | 'batchEmbedContents';

interface MethodRow {
  readonly method: GeminiMethod;
  readonly operation: OperationKind;
  readonly form?: string;
  /** Vertex AI has it, too. */
  readonly vertex: boolean;
}

const METHODS: readonly MethodRow[] = [
  { method: 'generateContent', operation: 'chat', vertex: true },
  { method: 'streamGenerateContent', operation: 'chat', form: 'stream', vertex: true },
  { method: 'countTokens', operation: 'count-tokens', vertex: true },
  { method: 'embedContent', operation: 'embed', form: 'single', vertex: true },
  { method: 'batchEmbedContents', operation: 'embed', form: 'batch', vertex: false },
];

const MODEL_PATHS = ['/v1beta/models/{model...}', '/v1/models/{model...}'];
const VERTEX_PATHS = ['/v1', '/v1beta1'].flatMap((version) => [`${version}/projects/{path...}`, `${version}/publishers/{path...}`]);

// Google's clients put their key there, or into the header `x-goog-api-key`.
const SHARED = { access: 'key', dialect: 'gemini', keyParameter: 'key' } as const;

export function createGeminiRoutes({ router, list, describe, call, examples }: GeminiRoutesDeps): Route[] {
  const count = createTokenCount(router, call);
  const routes = METHODS.flatMap(({ method, operation, form, vertex }) =>
    [...MODEL_PATHS, ...(vertex ? VERTEX_PATHS : [])].map(
      (path): Route => ({
        ...SHARED,
        pattern: `${path}:${method}`,
        methods: ['POST'],
        kind: 'model',
        operation,
        ...(form === undefined ? {} : { form }),
        handler: operation === 'count-tokens' ? count : call,
        docs: async () => (await import('./gemini-docs.ts')).geminiMethodDocs(method, path, examples),
      }),
    ),
  );
  return [...routes, ...createListRoutes(list, describe, examples)];
}

function createListRoutes(list: ModelList, describe: DescribeModel, examples: ExampleModels): Route[] {
  return [
    {
      ...SHARED,
      pattern: '/v1beta/models',
      methods: ['GET'],
      kind: 'system',
      docs: async () => (await import('./gemini-docs.ts')).GEMINI_LIST_DOCS,
      handler: async ({ search }, exchange) => {
        const { page, next } = geminiPage(await visibleModels(list, exchange), search);
        return json({ models: page.map((model) => geminiModel(model, describe(model.id, exchange.clock.now()))), ...next });
      },
    },
    {
      ...SHARED,
      pattern: '/v1beta/models/{model...}',
      methods: ['GET'],
      kind: 'system',
      docs: async () => (await import('./gemini-docs.ts')).geminiModelDocs(examples),
      handler: async (request, exchange) => {
        const id = request.params?.['model'] ?? '';
        const model = (await visibleModels(list, exchange)).find((listing) => listing.id === id);
        if (model === undefined)
          throw new GatewayError('model_unknown', `models/${id.slice(0, 256)} does not exist here`, { param: 'model' });
        return json(geminiModel(model, describe(id, exchange.clock.now())));
      },
    },
  ];
}

function json(value: unknown): Reply {
  return { status: 200, headers: { 'content-type': 'application/json; charset=UTF-8' }, body: JSON.stringify(value) };
}
