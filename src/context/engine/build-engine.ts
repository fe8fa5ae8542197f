/* The engines over their stores, in the thread that this runs in. */

import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import { isPostgres } from '../../stores/postgres/open-postgres.ts';
import { openRecords } from '../../stores/record/open-records.ts';
import type { ContextEngine } from '../context-engine.ts';
import type { ContextModels } from '../context-models.ts';
import { createKnowledgeEngine } from '../knowledge/knowledge-engine.ts';
import { createMemoryEngine } from '../memory/memory-engine.ts';
import { buildDense, buildReranker, RERANK_SHARE } from './build-dense.ts';
import type { EngineConfig } from './engine-config.ts';
import { withOutbox } from './late-memory.ts';

export interface BuildEngineDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** What failed in the background, for the log. */
  readonly onFault: (message: string) => void;
  /** Of the gateway. */
  readonly models: ContextModels;
}

/** What has expired is hidden at once; how often it is looked for to be deleted, in milliseconds. */
const SWEEP_EVERY_MS = 600_000;
/** How often turns are shown to the model that draws facts from them, in milliseconds. */
const EXTRACT_EVERY_MS = 5_000;

/** Throws when a store cannot be opened. */
export function buildEngine(config: EngineConfig, deps: BuildEngineDeps): ContextEngine {
  const { clock, onFault } = deps;
  const { context, state } = config;
  const closers = new AsyncDisposableStack();
  const records = closers.use(openRecords(state, deps));
  const pause = (): Promise<void> => setImmediate();
  const dense = buildDense(config, { ...deps, records, pause }, closers);
  const reranker = buildReranker(config, deps);
  const shared = { records, clock, pause, ...(dense === undefined ? {} : { dense }) };
  const memory = createMemoryEngine(
    { ...context.memory, indexBytesMax: context.index_bytes_max / 2 },
    { ...shared, ask: (request, signal) => deps.models.ask(request, signal) },
  );
  const knowledge = createKnowledgeEngine(
    {
      knowledge: context.knowledge,
      indexBytesMax: context.index_bytes_max / 2,
      ...(context.reranker === undefined
        ? {}
        : { reranker: { candidates: context.reranker.candidates, timeoutMs: context.deadline * RERANK_SHARE } }),
    },
    { ...shared, ...(reranker === undefined ? {} : { reranker }) },
  );
  closers.use(every(SWEEP_EVERY_MS, () => memory.sweep()));
  if (context.memory.extraction !== undefined) closers.use(every(EXTRACT_EVERY_MS, () => memory.extract()));
  return {
    memory: isPostgres(state.records) ? closers.use(withOutbox(memory, state, deps)) : memory,
    knowledge,
    status: async () => ({
      indexes: knowledge.indexes,
      indexBytes: knowledge.indexBytes,
      unextracted: memory.unextracted,
      ...(dense === undefined ? {} : { unembedded: dense.waiting }),
    }),
    [Symbol.asyncDispose]: () => closers.disposeAsync(),
  };

  function every(delayMs: number, run: () => Promise<unknown>): Disposable {
    let timer: Disposable;
    const next = (): void => {
      timer = clock.after(delayMs, () => {
        run()
          .catch((error: unknown) => onFault(String(error)))
          .finally(next);
      });
    };
    next();
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }
}
