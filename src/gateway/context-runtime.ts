/* Memory and knowledge, as they outlive a reload: their thread, what waits to be indexed, and the models that they ask. */

import { existsSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { ContextEngine } from '../context/context-engine.ts';
import { createContextThread } from '../context/engine/context-thread.ts';
import { CONTEXT_DIALECT } from '../dialects/registry.ts';
import { createRouter } from '../routing/router.ts';
import type { DocumentStore } from '../stores/document/document-store.ts';
import { sqlitePath } from '../stores/sqlite-thread.ts';
import type { Log } from '../telemetry/log.ts';
import type { Transport } from '../upstream/transport/transport.ts';
import { type CurrentContextModels, createCurrentContextModels, targetOf } from './context-models.ts';
import { IngestQueue } from './ingest-queue.ts';
import { KnowledgeDesk } from './knowledge-desk.ts';
import { withRemoteMemory } from './remote-memory.ts';

export interface ContextRuntimeDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  readonly transport: Transport;
  readonly documents: DocumentStore;
}

export interface ContextRuntime extends AsyncDisposable {
  readonly engine: ContextEngine;
  /** The documents among what it knows, as callers may use them. */
  readonly knowledge: KnowledgeDesk;
  readonly models: CurrentContextModels;
}

export function openContext(config: Config, { clock, log, random, transport, documents }: ContextRuntimeDeps): ContextRuntime {
  const models = createCurrentContextModels();
  const thread = createContextThread(
    { state: config.state, context: config.context, ...embeddingTargetOf(config) },
    { clock, models, onFault: (reason) => log.error('memory or knowledge failed', { reason }) },
  );
  const queue = new IngestQueue(
    { looksAtOnce: hasRecords(config.state.records) },
    { knowledge: thread.knowledge, documents, clock, logger: log },
  );
  const engine = withRemoteMemory(thread, config, { transport, clock, random });
  return {
    engine,
    knowledge: new KnowledgeDesk({ engine: thread.knowledge, documents, queue, clock }),
    models,
    async [Symbol.asyncDispose]() {
      queue[Symbol.dispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

/** Whether there may be work left over from before. What begins with an empty store need not look. */
function hasRecords(records: string): boolean {
  return records !== 'memory' && (!records.startsWith('sqlite:') || existsSync(sqlitePath(records)));
}

/** As the names of models are when it starts: vectors are of that model, whatever a name means later. */
function embeddingTargetOf(config: Config): { readonly embeddingTarget?: string } {
  const { embeddings } = config.context;
  return embeddings === undefined ? {} : { embeddingTarget: targetOf(createRouter(config), embeddings.model, CONTEXT_DIALECT) };
}
