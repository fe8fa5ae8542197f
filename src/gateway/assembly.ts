/*
 * What a configuration means: its routes, each with its policies and the handler behind them. Pure but for what it hands the runtime
 * at the end; a reload makes a new one and swaps it in.
 */

import { createAboutRoute } from '../admin/about.ts';
import { createBreakerRoutes } from '../admin/breakers.ts';
import { createCapabilitiesRoute } from '../admin/capabilities.ts';
import { type ConfigurationDeps, createConfigurationRoutes } from '../admin/configuration.ts';
import { assetPath, createDocsRoutes } from '../admin/docs/docs.ts';
import { createHealthRoutes } from '../admin/health.ts';
import { createMetricsRoutes } from '../admin/metrics.ts';
import { createPostgresHealth, createStoreHealth, createUpstreamHealth } from '../admin/upstream-view.ts';
import { type Catalog, createCatalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import { createSpools } from '../context/spool/spool.ts';
import { CALLER_DIALECTS_BY_NAME, CONTEXT_DIALECT, DIALECTS, DIALECTS_BY_NAME } from '../dialects/registry.ts';
import type { Route } from '../edge/route-table.ts';
import type { ErrorEncoder } from '../pipeline/error-reply.ts';
import { compose, type Policy } from '../pipeline/policy.ts';
import { traceHeaders } from '../pipeline/trace-fact.ts';
import { createAnswerForm } from '../policies/answer-form/answer-form.ts';
import { createCache } from '../policies/cache/cache.ts';
import { createContext } from '../policies/context/context.ts';
import { createIdentify } from '../policies/identify/identify.ts';
import { createModelAccess } from '../policies/model-access/model-access.ts';
import { createObserver, type Observer } from '../policies/observe/observe.ts';
import { createRateLimit } from '../policies/rate-limit/rate-limit.ts';
import { createRead } from '../policies/read/read.ts';
import { createRescue } from '../policies/rescue/rescue.ts';
import { createScreen } from '../policies/screen/screen.ts';
import { createRouter, openGroup, type Router } from '../routing/router.ts';
import { createUpstream } from '../upstream/call.ts';
import { createSigners } from '../upstream/credentials/signer.ts';
import { groupConfigs } from '../upstream/group-configs.ts';
import { createModelList, type ModelList } from '../upstream/model-list.ts';
import type { FindGroup } from '../upstream/registry.ts';
import { lossMode } from '../upstream/translation-config.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { createAnswerId } from './answer-id.ts';
import { contextEvents } from './context-events.ts';
import { createContextModels } from './context-models.ts';
import { createDefaultModel } from './default-model.ts';
import { createCall, createDialectRoutes } from './dialect-routes.ts';
import { exampleModels } from './example-models.ts';
import { createKnowledgeRoutes } from './knowledge-routes.ts';
import { createMemoryRoutes } from './memory-routes.ts';
import { createModelCosts } from './model-costs.ts';
import type { Runtime } from './runtime.ts';
import { createServiceRoutes, unlessServed } from './service-routes.ts';

/** What the admin routes may do to the gateway as a whole. */
export interface Controls extends ConfigurationDeps {
  readonly isDraining: () => boolean;
}

export interface Assembly {
  /** Ready for the edge: every handler is wrapped in its policies. */
  readonly routes: readonly Route[];
  readonly observer: Observer;
  /** Its API as an OpenAPI document. */
  openApi(): Promise<object>;
  /** Makes the runtime's long-lived parts follow this configuration. Throws, and has changed nothing, when an address is bad. */
  activate(): void;
}

/** Builds everything that follows from a configuration. Throws a RoutingConfigError or StackError, and then nothing has changed. */
export function assemble(config: Config, runtime: Runtime, controls: Controls): Assembly {
  const router = createRouter(config);
  const catalog = createCatalog(config.catalog);
  const observer = createObserver({
    log: runtime.log,
    metrics: runtime.metrics,
    traceIds: runtime.traceIds,
    sampleRatio: config.telemetry.traces.sample_ratio,
    spans: runtime.spans,
    costOf: createModelCosts(catalog, router),
  });
  // A request that began under this configuration finds its endpoints, though a reload may have taken them out of the registry.
  let findGroup: FindGroup = () => undefined;
  const { clock, random, events } = runtime;
  const signers = createSigners(router.providers, { clock, fetchText: runtime.fetchText });
  const upstream = createUpstream({ registry: { group: (name) => findGroup(name) }, clock, random, events, signers });
  const list = createModelList({ router, upstream, clock });
  const routes = createRoutes(config, runtime, { router, catalog, controls, upstream, list });
  const policies = createPolicies(config, runtime, { observer, router, list });
  const contextModels = createContextModels({
    router,
    call: createCall(config, runtime, { router, catalog, upstream }),
    observe: observer.policy,
    dialect: CONTEXT_DIALECT,
    clock,
    createId: () => `context-${createAnswerId(random)}`,
  });
  return {
    routes: routes.map((route) => ({ ...route, handler: compose(policies, route, route.handler) })),
    observer,
    openApi: () => documentOf(config, routes, runtime.version),
    activate() {
      const useContext = runtime.prepareContext(config);
      findGroup = runtime.registry.update(groupConfigs(router, config.services, config.upstream));
      runtime.admission.configure(config.admission);
      runtime.contextModels.use(contextModels);
      useContext();
      runtime.metrics.allowNames({
        models: router.names,
        targets: [...router.groups.map(({ group }) => group), ...Object.keys(config.services)],
      });
    },
  };
}

interface PolicyParts {
  readonly observer: Observer;
  readonly router: Router;
  readonly list: ModelList;
}

/** In the order of a request; the stages (pipeline/policy.ts) say it again, and are what counts. */
function createPolicies(config: Config, runtime: Runtime, { observer, router, list }: PolicyParts): Policy[] {
  const { log, metrics, clock, stores, random } = runtime;
  const encoders = new Map<string, ErrorEncoder>([...CALLER_DIALECTS_BY_NAME].map(([name, dialect]) => [name, dialect.encodeError]));
  return [
    observer.policy, // opens the trace; counts and logs what became of the exchange
    createRescue({ logger: log, encoders }), // errors become replies in the caller's dialect
    runtime.admission.policy, // a place, or a wait, or 503
    createIdentify(config.auth, {
      clock,
      keySets: runtime.keySets,
      environment: config.server.environment,
      metricsAccess: config.telemetry.metrics.access,
      bodyBytesMax: config.server.body_bytes_max,
    }), // a principal, or 401
    createRead(
      { bodyBytesMax: config.server.body_bytes_max, formBytesMax: config.media.form_bytes_max },
      {
        dialects: CALLER_DIALECTS_BY_NAME,
        defaultModel: createDefaultModel(config.chat, { router, list, clock }),
        models: new Set(router.names),
        spools: createSpools(config.media, () => createAnswerId(random)),
      },
    ), // an operation, or 400
    createModelAccess(), // 403 for a model that is not theirs
    createRateLimit(config.limits, { counters: stores.counters, onLimited: (scope) => metrics.rateLimited(scope) }), // 429
    createScreen(config.screening, {
      serviceBodyBytesMax: config.server.service_body_bytes_max,
      onFinding: (check, action) => metrics.screened(check, action),
    }), // 400 for what looks like an attack
    createAnswerForm({ createId: () => createAnswerId(random) }), // the answer as the older gateways' chats told it
    createContext(config.context, {
      engine: runtime.context,
      dialects: DIALECTS_BY_NAME,
      models: new Set(router.names),
      clock,
      logger: log,
      events: contextEvents(metrics),
    }), // memories and documents beside the caller's words; what was said, remembered
    createCache(config.cache, { values: stores.values, clock, logger: log, passedHeaders }), // an answer that was given before
  ];
}

function passedHeaders(dialect: string): readonly string[] {
  return DIALECTS_BY_NAME.get(dialect)?.passedHeaders ?? [];
}

interface RouteParts {
  readonly router: Router;
  readonly controls: Controls;
  readonly upstream: Upstream;
  readonly list: ModelList;
  readonly catalog: Catalog;
}

function createRoutes(config: Config, runtime: Runtime, { router, catalog, controls, upstream, list }: RouteParts): Route[] {
  const { clock, watch, metrics, registry, breakerNews, version } = runtime;
  const serviceName = config.telemetry.service_name;
  const services = createServiceRoutes(
    { services: config.services, timeoutMs: config.upstream.service_timeout, bodyBytesMax: config.server.service_body_bytes_max },
    { upstream, clock, watch, traceHeaders },
  );
  const examples = exampleModels(literalNames(router));
  const knowledge = createKnowledgeRoutes(config, runtime);
  const routes: Route[] = [
    ...createDialectRoutes(config, runtime, { router, catalog, upstream, list, services, examples, kept: knowledge.kept }),
    ...services,
    ...unlessServed(knowledge.routes, services),
    ...unlessServed(createMemories(config, runtime), services),
    ...createHealthRoutes({
      clock,
      sources: [
        createUpstreamHealth(registry, spareGroups(router)),
        createStoreHealth(runtime.stores),
        createPostgresHealth(runtime.postgres),
        runtime.dependencies.source,
      ],
      serviceName,
      version,
      environment: config.server.environment,
      isDraining: controls.isDraining,
      onAnswer: (durationMs) => metrics.healthAnswered(durationMs),
    }),
    ...createMetricsRoutes(config.telemetry.metrics, { metrics, others: runtime.otherWorkers }),
    ...createBreakerRoutes({
      adminEnabled: config.admin.enabled,
      board: {
        breakers: () => registry.breakers().map(({ name, snapshot }) => ({ name, ...snapshot })),
        resetBreaker: (name) => breakerNews.reset(name),
      },
      example: router.groups[0]?.group ?? Object.keys(config.services)[0],
    }),
    createCapabilitiesRoute({ dialects: DIALECTS, lossMode: (feature) => lossMode(config.translation, feature) }),
    ...createConfigurationRoutes(config.admin, controls),
    ...createDocsRoutes(config.docs, {
      environment: config.server.environment,
      document: () => documentOf(config, routes, version),
    }),
    createAboutRoute({
      serviceName,
      version,
      links: config.docs.enabled ? { ...ABOUT_LINKS, ...DOCS_LINKS } : ABOUT_LINKS,
      isPage: (path) => routes.some(({ pattern, methods }) => pattern === path && methods.includes('GET')),
      ...(config.docs.enabled ? { assetPath } : {}),
    }),
  ];
  return routes;
}

/** What is remembered of users, and how they are forgotten. */
function createMemories({ context: { memory } }: Config, runtime: Runtime): Route[] {
  const { context, documents, vendorObjects, stores, rewrite, eraseNews: tellOthers, clock, random, log: logger } = runtime;
  const deps = {
    context,
    documents,
    vendorObjects,
    values: stores.values,
    rewrite,
    tellOthers,
    clock,
    logger,
    createId: () => createAnswerId(random),
  };
  return createMemoryRoutes({ enabled: memory.enabled }, deps);
}

/** Names of models that can be asked for as they are: entries, aliases, and what providers list without a `*`. */
function literalNames(router: Router): readonly string[] {
  const listed = [...router.providers.values()].flatMap(({ config }) => config.models);
  return [...router.names, ...listed.filter((name) => !name.includes('*'))];
}

/** Loaded when it is first asked for: a start need not wait for it. */
async function documentOf(config: Config, routes: readonly Route[], version: string): Promise<object> {
  return (await import('./documentation.ts')).documentOf(config, routes, version);
}

/** A provider whose models are named is asked for others by `provider/model` alone. */
function spareGroups(router: Router): ReadonlySet<string> {
  const named = new Set(router.groups.flatMap(({ group, provider }) => (group === openGroup(provider) ? [] : [provider])));
  return new Set([...named].filter(({ config }) => config.models.length === 0).map(openGroup));
}

const ABOUT_LINKS = {
  models: '/v1/models',
  chat: '/v1/chat/completions',
  health: '/health',
  metrics: '/metrics',
  circuit_breakers: '/circuit-breakers',
};

const DOCS_LINKS = { docs: '/docs', redoc: '/redoc', openapi: '/openapi.json' };
