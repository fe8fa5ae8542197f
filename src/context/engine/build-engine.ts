/* The engines over their stores, in the thread that this runs in. */

import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import { isPostgres } from '../../stores/postgres/open-postgres.ts';
import { openRecords } from '../../stores/record/open-records.ts';
import type { RecordStore } from '../../stores/record/record-store.ts';
import type { ContextEngine } from '../context-engine.ts';
import type { ContextModels } from '../context-models.ts';
import { createKnowledgeEngine, type KnowledgeEngineConfig } from '../knowledge/knowledge-engine.ts';
import { createMemoryEngine } from '../memory/memory-engine.ts';
import { buildReranker, Dense, RERANK_SHARE } from './build-dense.ts';
import type { EngineConfig } from './engine-config.ts';
import { withOutbox } from './late-memory.ts';
import { type WarmedUp, WarmUp } from './warm-up.ts';

export interface BuildEngineDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** What failed in the background, for the log. */
  readonly onFault: (message: string) => void;
  /** Of the gateway. */
  readonly models: ContextModels;
  /** Calls under way that somebody waits for. */
  readonly isBusy: () => boolean;
}

export interface BuiltEngine extends ContextEngine {
  /**
   * Takes on another configuration, but for its `state` and the memory for indexes: the stores stay open, with the views that were made of them, and
   * calls under way end as they began. In the order of the calls. Rejects when something cannot be opened; then the one before goes on.
   */
  configure(config: EngineConfig): Promise<void>;
  /** Makes what chats will ask for before they do. Who calls meanwhile waits for the same. */
  warm(): Promise<WarmedUp>;
}

/** What has expired is hidden at once; how often it is looked for to be deleted, in milliseconds. */
const SWEEP_EVERY_MS = 600_000;
/** How often turns are shown to the model that draws facts from them, in milliseconds. */
const EXTRACT_EVERY_MS = 5_000;

/** Throws when a store cannot be opened. */
export function buildEngine(config: EngineConfig, deps: BuildEngineDeps): BuiltEngine {
  const { clock, onFault, models } = deps;
  const { state } = config;
  const closers = new AsyncDisposableStack();
  const pause = (): Promise<void> => setImmediate();
  const opened = closers.use(openRecords(state, deps));
  const dense: Dense = closers.use(new Dense(config, { ...deps, records: opened, pause }));
  const records = erasingVectors(opened, dense);
  dense.open(config);
  const indexBytesMax = config.context.index_bytes_max / 2;
  const memory = createMemoryEngine(
    { ...config.context.memory, indexBytesMax },
    { records, clock, pause, ask: (request, signal) => models.ask(request, signal), ...denseOf(dense) },
  );
  const knowledge = createKnowledgeEngine(
    { ...knowledgeOf(config), indexBytesMax },
    { records, clock, pause, ...denseOf(dense), ...rerankerOf(config, deps) },
  );
  const warmUp = new WarmUp({ records, memory, knowledge, dense, clock, pause, isBusy: deps.isBusy });
  closers.use(every(SWEEP_EVERY_MS, () => memory.sweep()));
  let extracting = extractingOf(config);
  closers.defer(() => extracting?.[Symbol.dispose]());
  let current = config;
  let configuring = Promise.resolve();
  return {
    memory: isPostgres(state.records) ? closers.use(withOutbox(memory, state, deps)) : memory,
    knowledge,
    status: async () => ({
      indexes: knowledge.indexes,
      indexBytes: knowledge.indexBytes,
      unextracted: memory.unextracted,
      ...(dense.arm === undefined ? {} : { unembedded: dense.arm.waiting }),
    }),
    configure(next) {
      const configured = configuring.then(() => configure(next));
      configuring = configured.catch(() => undefined);
      return configured;
    },
    warm: () => warmUp.run(current.context),
    async [Symbol.asyncDispose]() {
      await configuring;
      warmUp[Symbol.dispose]();
      await closers[Symbol.asyncDispose]();
    },
  };

  async function configure(next: EngineConfig): Promise<void> {
    await dense.configure(next);
    memory.configure(next.context.memory, denseOf(dense));
    knowledge.configure(knowledgeOf(next), { ...denseOf(dense), ...rerankerOf(next, deps) });
    extracting?.[Symbol.dispose]();
    extracting = extractingOf(next);
    current = next;
  }

  function extractingOf({ context }: EngineConfig): Disposable | undefined {
    return context.memory.extraction === undefined ? undefined : every(EXTRACT_EVERY_MS, () => memory.extract());
  }

  function every(delayMs: number, run: () => Promise<unknown>): Disposable {
    let timer: Disposable | undefined;
    let isOver = false;
    const next = (): void => {
      if (isOver) return;
      timer = clock.after(delayMs, () => {
        run()
          .catch((error: unknown) => onFault(String(error)))
          .finally(next);
      });
    };
    next();
    return {
      [Symbol.dispose]() {
        isOver = true;
        timer?.[Symbol.dispose]();
      },
    };
  }
}

function knowledgeOf({ context }: EngineConfig): Omit<KnowledgeEngineConfig, 'indexBytesMax'> {
  const { knowledge, reranker, deadline } = context;
  return {
    knowledge,
    ...(reranker === undefined ? {} : { reranker: { candidates: reranker.candidates, timeoutMs: deadline * RERANK_SHARE } }),
  };
}

function denseOf({ arm }: Dense): { dense?: NonNullable<Dense['arm']> } {
  return arm === undefined ? {} : { dense: arm };
}

function rerankerOf(
  config: EngineConfig,
  deps: Pick<BuildEngineDeps, 'models'>,
): { reranker?: NonNullable<ReturnType<typeof buildReranker>> } {
  const reranker = buildReranker(config, deps);
  return reranker === undefined ? {} : { reranker };
}

/** A partition that is erased leaves no vectors either, though no model is configured any more. */
function erasingVectors(records: RecordStore, dense: Dense): RecordStore {
  return {
    apply: (...given) => records.apply(...given),
    get: (...given) => records.get(...given),
    changes: (...given) => records.changes(...given),
    deleteGroup: (...given) => records.deleteGroup(...given),
    partitions: (...given) => records.partitions(...given),
    heads: (...given) => records.heads(...given),
    note: (...given) => records.note(...given),
    setNote: (...given) => records.setNote(...given),
    async erase(partition) {
      const count = await records.erase(partition);
      await dense.erase(partition);
      return count;
    },
    [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
  };
}
