/* Memory and knowledge, as they outlive a reload and follow it: their thread, what waits to be indexed, and the models that they ask. */

import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { ContextEngine } from '../context/context-engine.ts';
import { createContextThread } from '../context/engine/context-thread.ts';
import type { EngineConfig } from '../context/engine/engine-config.ts';
import { CONTEXT_DIALECT } from '../dialects/registry.ts';
import { createRouter } from '../routing/router.ts';
import type { DocumentStore } from '../stores/document/document-store.ts';
import { mayHaveRecords } from '../stores/record/may-have-records.ts';
import type { Log } from '../telemetry/log.ts';
import type { Transport } from '../upstream/transport/transport.ts';
import { type CurrentContextModels, createCurrentContextModels, targetOf } from './context-models.ts';
import { ContextWarmUp } from './context-warm-up.ts';
import { IngestQueue } from './ingest-queue.ts';
import { KnowledgeDesk } from './knowledge-desk.ts';
import { CurrentMemory } from './remote-memory.ts';

export interface ContextRuntimeDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  readonly transport: Transport;
  readonly documents: DocumentStore;
  /** Exchanges under way. */
  readonly running: () => number;
}

export interface ContextRuntime extends AsyncDisposable {
  readonly engine: ContextEngine;
  /** The documents among what it knows, as callers may use them. */
  readonly knowledge: KnowledgeDesk;
  readonly models: CurrentContextModels;
  /** What was there at the start is ready to be asked for. */
  readonly isWarm: boolean;
  /** Gets ready, soon and in the background, what chats will ask for. */
  warmUp(): void;
  /** Makes ready for another configuration; what it returns puts that in force, and cannot fail. Throws a TypeError, and has changed nothing. */
  prepare(config: Config): () => void;
}

export function openContext(initial: Config, deps: ContextRuntimeDeps): ContextRuntime {
  const { clock, log, documents, running } = deps;
  const { state } = initial;
  let config = initial;
  let engineConfig = engineConfigOf(initial, state);
  const models = createCurrentContextModels();
  const thread = createContextThread(engineConfig, {
    clock,
    models,
    onFault: (reason) => log.error('memory or knowledge failed', { reason }),
  });
  const queue = new IngestQueue({ knowledge: thread.knowledge, documents, clock, logger: log });
  const memory = new CurrentMemory(thread.memory, initial, deps);
  const warmUp = new ContextWarmUp({
    clock,
    logger: log,
    running,
    isWorthIt: () => isUsed(config) && mayHaveRecords(state.records),
    warm() {
      // There may be files left over from before.
      if (config.context.knowledge.enabled) queue.look();
      return thread.warm();
    },
  });
  return {
    engine: { ...thread, memory: memory.engine },
    knowledge: new KnowledgeDesk({ engine: thread.knowledge, documents, queue, clock }),
    models,
    get isWarm() {
      return warmUp.isWarm;
    },
    warmUp: () => warmUp.begin(),
    prepare(next) {
      const nextEngine = engineConfigOf(next, state);
      const useMemory = memory.prepare(next);
      return () => {
        useMemory();
        if (!Bun.deepEquals(nextEngine, engineConfig)) thread.configure(nextEngine);
        const isMore = usedOf(next).some((part) => !usedOf(config).includes(part));
        engineConfig = nextEngine;
        config = next;
        if (isMore) warmUp.begin();
      };
    },
    async [Symbol.asyncDispose]() {
      warmUp[Symbol.dispose]();
      queue[Symbol.dispose]();
      memory[Symbol.dispose]();
      await thread[Symbol.asyncDispose]();
    },
  };
}

/** What the thread has to do with. */
function usedOf({ context: { memory, knowledge } }: Config): readonly ('memory' | 'knowledge')[] {
  return [
    ...(memory.enabled && memory.remote === undefined ? (['memory'] as const) : []),
    ...(knowledge.enabled ? (['knowledge'] as const) : []),
  ];
}

function isUsed(config: Config): boolean {
  return usedOf(config).length > 0;
}

/** `state` is that of the start: stores are opened once. */
function engineConfigOf(config: Config, state: Config['state']): EngineConfig {
  const { context } = config;
  const { embeddings } = context;
  if (embeddings === undefined) return { state, context };
  // As the names of models are now: vectors are of that model, until a reload says otherwise.
  return { state, context, embeddingTarget: targetOf(createRouter(config), embeddings.model, CONTEXT_DIALECT) };
}
