/*
 * The routes that callers of models come in by: one file for each dialect beside this one, and what passes to a target of the caller's own dialect alone.
 */

import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import { createSpools } from '../context/spool/spool.ts';
import { DIALECTS_BY_NAME, FILES_DIALECT } from '../dialects/registry.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import { traceHeaders } from '../pipeline/trace-fact.ts';
import type { Router } from '../routing/router.ts';
import { createModelCall } from '../upstream/model-call.ts';
import type { ModelList } from '../upstream/model-list.ts';
import { createPassCall } from '../upstream/pass-call.ts';
import { createRealtimeCall } from '../upstream/realtime-call.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { createAnswerId } from './answer-id.ts';
import { createAnthropicRoutes } from './anthropic-routes.ts';
import { createBedrockRoutes } from './bedrock-routes.ts';
import { createChatRoutes } from './chat-routes.ts';
import { createCohereRoutes } from './cohere-routes.ts';
import type { ExampleModels } from './example-models.ts';
import { createGeminiRoutes } from './gemini-routes.ts';
import type { KeptFiles } from './kept-files.ts';
import { createMediaRoutes } from './media-routes.ts';
import { createModelDescriptions, createOutputLimits } from './model-description.ts';
import { createModelRoutes } from './model-routes.ts';
import { withLoading } from './ollama-elsewhere.ts';
import { createOllamaRoutes } from './ollama-routes.ts';
import { createRealtimeRoutes } from './realtime-routes.ts';
import { createResponsesRoutes } from './responses-routes.ts';
import type { Runtime } from './runtime.ts';
import { unlessServed } from './service-routes.ts';
import { createVendorRoutes } from './vendor-routes.ts';

export interface DialectRouteParts {
  readonly router: Router;
  readonly catalog: Catalog;
  readonly upstream: Upstream;
  readonly list: ModelList;
  /** The routes that lead to services: where one has a path of ours, it keeps it. */
  readonly services: readonly Route[];
  /** Models that the documentation may name. */
  readonly examples: ExampleModels;
  /** Files that are kept here; undefined where none are. */
  readonly kept: KeptFiles | undefined;
}

/** Largest whole reply of a model that is passed on: embeddings of a large batch are some tens of megabytes. */
const REPLY_BYTES_MAX = 256 * 1_048_576;

export function createDialectRoutes(config: Config, runtime: Runtime, parts: DialectRouteParts): Route[] {
  const { router, catalog, upstream, list, services, examples, kept } = parts;
  const { clock, watch, random } = runtime;
  const modelCall = createCall(config, runtime, parts);
  const describe = createModelDescriptions(catalog, router);
  const loadingCall = withLoading(modelCall, { router, clock });
  return [
    ...createModelRoutes({ call: modelCall, list, describe, examples }),
    ...createAnthropicRoutes({ router, call: modelCall, examples }),
    ...createBedrockRoutes(modelCall, examples),
    ...createResponsesRoutes(
      { ...config.responses, bodyBytesMax: config.server.body_bytes_max, timeoutMs: config.upstream.service_timeout },
      { call: modelCall, router, upstream, values: runtime.stores.values, clock, watch, createId: () => createAnswerId(random), examples },
    ),
    ...createGeminiRoutes({ router, list, describe, call: modelCall, examples }),
    ...createChatRoutes({ call: loadingCall, services, examples }),
    ...createOllamaRoutes(config.services, { router, upstream, clock, random, call: loadingCall, list, describe, examples }),
    ...unlessServed(createCohereRoutes({ call: modelCall, examples }), services),
    ...createPassedRoutes(config, runtime, { router, upstream, examples, kept }),
  ];
}

/** The innermost handler of model routes. */
export function createCall(
  config: Config,
  { clock, watch, random, log }: Runtime,
  { router, catalog, upstream }: Pick<DialectRouteParts, 'router' | 'catalog' | 'upstream'>,
): Handler {
  return createModelCall(
    { replyBytesMax: REPLY_BYTES_MAX, pingIntervalMs: config.upstream.ping_interval, translation: config.translation },
    {
      router,
      upstream,
      dialects: DIALECTS_BY_NAME,
      clock,
      random,
      watch,
      createId: () => createAnswerId(random),
      outputTokensMax: createOutputLimits(catalog, router),
      logger: log,
      traceHeaders,
    },
  );
}

/** What passes between a caller and a target of its own dialect, and is put into no other. */
function createPassedRoutes(config: Config, runtime: Runtime, { router, upstream, examples, kept }: PassedParts): Route[] {
  const { clock, random, watch, vendorObjects: store } = runtime;
  const shared = { router, upstream, clock, random, watch, traceHeaders };
  const whole = { replyBytesMax: REPLY_BYTES_MAX, pingIntervalMs: config.upstream.ping_interval };
  return [
    ...createMediaRoutes(createPassCall(whole, { ...shared, dialects: DIALECTS_BY_NAME }), examples),
    ...createRealtimeRoutes(createRealtimeCall(config.realtime, { ...shared, dialects: DIALECTS_BY_NAME })),
    ...createVendorRoutes(config.files, {
      ...shared,
      dialect: FILES_DIALECT,
      store,
      kept,
      spools: createSpools(config.media, () => createAnswerId(random)),
    }),
  ];
}

type PassedParts = Pick<DialectRouteParts, 'router' | 'upstream' | 'examples' | 'kept'>;
