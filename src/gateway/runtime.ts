/*
 * What outlives a reload: the log, the counters of metrics and limits, connections and breakers, the exchanges under way. It is made
 * once, from the configuration of the start; a reload hands its parts the new one where they take it.
 */

import { createDependencyChecks, type Dependency, type DependencyChecks } from '../admin/dependency-checks.ts';
import { createUpstreamEvents } from '../admin/upstream-view.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { ContextEngine } from '../context/context-engine.ts';
import { type Admission, createAdmission } from '../policies/admit/admit.ts';
import { createKeySets, type KeySets } from '../policies/identify/key-set.ts';
import { shareBroadcast } from '../stores/broadcast/shared.ts';
import type { DocumentStore } from '../stores/document/document-store.ts';
import type { PostgresWatch } from '../stores/postgres/postgres-watch.ts';
import { createRewrite, type Rewrite } from '../stores/rewrite/sqlite-rewrite.ts';
import { sqlitePath } from '../stores/sqlite-thread.ts';
import { openStores, type Stores } from '../stores/stores.ts';
import { isQdrant } from '../stores/vector/open-vectors.ts';
import type { VendorObjectStore } from '../stores/vendor-object/vendor-object-store.ts';
import type { Log } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import type { MetricsReport } from '../telemetry/metrics-report.ts';
import { readProcess } from '../telemetry/process-reading.ts';
import { createSpanExporter, type SpanExporter } from '../telemetry/span-exporter.ts';
import { createTraceIds, type TraceIds } from '../telemetry/trace.ts';
import { type BreakerNewsDesk, createBreakerNews } from '../upstream/breaker-news.ts';
import { createEndpointRegistry, type EndpointRegistry } from '../upstream/registry.ts';
import { createStreamWatch, type StreamWatch } from '../upstream/stream-watch.ts';
import { createFetchText, type FetchText } from '../upstream/transport/fetch-text.ts';
import { resolveHost } from '../upstream/transport/resolver.ts';
import { createTransport } from '../upstream/transport/transport.ts';
import type { UpstreamEvents } from '../upstream/upstream-events.ts';
import type { CurrentContextModels } from './context-models.ts';
import { openContext } from './context-runtime.ts';
import { createEraseNews } from './erase-news.ts';
import { watchIdleMemory } from './idle-memory.ts';
import type { KnowledgeDesk } from './knowledge-desk.ts';
import { openRecordStores } from './record-stores.ts';

export interface RuntimeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** In [0, 1). */
  readonly random: () => number;
  readonly seed: Uint32Array;
  /** Tells this process from others of the same service, in traces. */
  readonly instanceId: string;
  /** What the other workers of this gateway counted. Never rejects; nothing where there is one process. */
  readonly otherWorkers?: () => Promise<readonly MetricsReport[]>;
}

export interface Runtime extends AsyncDisposable {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly otherWorkers: () => Promise<readonly MetricsReport[]>;
  readonly traceIds: TraceIds;
  readonly spans: SpanExporter | undefined;
  readonly stores: Stores;
  readonly documents: DocumentStore;
  readonly vendorObjects: VendorObjectStore;
  /** Memories of users, and documents to be searched. */
  readonly context: ContextEngine;
  /** The documents among that, as callers may use them. */
  readonly knowledge: KnowledgeDesk;
  /** Where records are kept in one. */
  readonly postgres: PostgresWatch | undefined;
  readonly registry: EndpointRegistry;
  readonly dependencies: DependencyChecks;
  readonly breakerNews: BreakerNewsDesk;
  /** Has the database written anew, so that nothing deleted is left in its file. */
  readonly rewrite: Rewrite;
  /** Tells the processes that share a Redis to forget what they keep under a scope. */
  readonly eraseNews: (scope: string) => void;
  readonly events: UpstreamEvents;
  readonly watch: StreamWatch;
  readonly admission: Admission;
  /** Gets small documents of others. */
  readonly fetchText: FetchText;
  readonly keySets: KeySets;
  /** What the context engines ask; as the configuration that is in force has them. */
  readonly contextModels: CurrentContextModels;
  /** Makes memory and knowledge ready for another configuration; what it returns puts that in force. Throws a TypeError, and has changed nothing. */
  prepareContext(config: Config): () => void;
  /** Gets ready, soon and in the background, what the first requests will need. */
  warmUp(): void;
}

/** Longest wait for the last spans and log lines when the process ends. */
const LAST_WORDS_MS = 2_000;

export function createRuntime(config: Config, deps: RuntimeDeps): Runtime {
  const { clock, log, random, version } = deps;
  const metrics = createMetrics(config.telemetry.metrics, { clock, version, droppedLogLines: () => log.dropped, readProcess });
  const spans = openSpans(config, deps, metrics);
  const stores = openStores(config.state, {
    clock,
    random,
    replicas: () => config.server.workers,
    onFault: (store, fault) => metrics.storeFault(store, fault),
    onChange: (isUp, reason) => (isUp ? log.info('Redis is connected', { reason }) : log.warn('Redis is not connected', { reason })),
  });
  const records = openRecordStores(config.state, deps);
  const broadcast = shareBroadcast(stores.broadcast);
  const breakerNews = createBreakerNews({ broadcast, clock, logger: log });
  const eraseNews = createEraseNews({ broadcast, values: stores.values, logger: log });
  const events = breakerNews.watch(createUpstreamEvents({ metrics, logger: log }));
  const transport = createTransport({ clock, resolve: resolveHost, events });
  const fetchText = createFetchText(transport, config.upstream.proxy);
  const registry = createEndpointRegistry({ transport, clock, random, events });
  breakerNews.join(registry);
  const dependencies = createDependencyChecks(dependenciesOf(config), config.upstream, { transport, clock, random, logger: log });
  const admission = createAdmission(config.admission, { clock });
  const context = openContext(config, { clock, log, random, transport, documents: records.documents, running: () => admission.running });
  const idleMemory = watchIdleMemory({ clock, work: admission, collect: collectMemory });
  metrics.contextWarm(() => context.isWarm);
  metrics.breakers(() => registry.breakers().map(({ name, snapshot }) => ({ name, state: snapshot.state })));
  return {
    clock,
    log,
    version,
    random,
    metrics,
    otherWorkers: deps.otherWorkers ?? (async () => []),
    traceIds: createTraceIds(deps.seed),
    spans,
    stores,
    documents: records.documents,
    vendorObjects: records.vendorObjects,
    context: context.engine,
    knowledge: context.knowledge,
    postgres: records.postgres,
    registry,
    dependencies,
    breakerNews,
    eraseNews,
    rewrite: openRewrite(config, deps),
    events,
    watch: createStreamWatch(clock),
    admission,
    fetchText,
    keySets: createKeySets({ clock, logger: log, fetchText }),
    contextModels: context.models,
    prepareContext: (next) => context.prepare(next),
    warmUp: () => context.warmUp(),
    async [Symbol.asyncDispose]() {
      idleMemory[Symbol.dispose]();
      registry[Symbol.dispose]();
      dependencies[Symbol.dispose]();
      metrics[Symbol.dispose]();
      await stores[Symbol.asyncDispose]();
      await context[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
      await spans?.close(LAST_WORDS_MS);
      await log.flush(LAST_WORDS_MS);
    },
  };
}

/** Where traces are sent somewhere. */
function openSpans({ telemetry }: Config, { clock, log, version, instanceId }: RuntimeDeps, metrics: Metrics): SpanExporter | undefined {
  const spans = createSpanExporter(telemetry.traces, {
    clock,
    logger: log,
    fetch,
    resource: { serviceName: telemetry.service_name, version, instanceId },
  });
  if (spans !== undefined) metrics.spans(() => spans.counts);
  return spans;
}

/** A full collection: pages that it frees go back to the system. */
function collectMemory(): void {
  Bun.gc(true);
}

/** The file of the embedded store; undefined where it is in memory, or a server. */
function databaseFile({ state: { records } }: Config): string | undefined {
  return records.startsWith('sqlite:') ? sqlitePath(records) : undefined;
}

/** Qdrant's own word for whether it serves: qdrant.tech/documentation/guides/monitoring. */
function dependenciesOf({ state }: Config): Dependency[] {
  return isQdrant(state.vectors) ? [{ name: 'qdrant', url: state.vectors, healthPath: '/readyz' }] : [];
}

/** What is deleted for good is gone from the file of the records, too. */
function openRewrite(config: Config, { clock, log }: RuntimeDeps): Rewrite {
  return createRewrite(databaseFile(config), {
    clock,
    onFault: (reason) => log.error('the database could not be written anew', { reason }),
  });
}
