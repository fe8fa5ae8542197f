/* The engines over their stores, in the thread that this runs in. */

import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import { isPostgres } from '../../stores/postgres/open-postgres.ts';
import { openRecords } from '../../stores/record/open-records.ts';
import type { RecordStore } from '../../stores/record/record-store.ts';
import type { ContextEngine, ContextStatus } from '../context-engine.ts';
import type { ContextModels } from '../context-models.ts';
import { createKnowledgeEngine, type KnowledgeEngineConfig, type LocalKnowledgeEngine } from '../knowledge/knowledge-engine.ts';
import type { MemoryEngine } from '../memory/memory.ts';
import { createMemoryEngine, type LocalMemoryEngine } from '../memory/memory-engine.ts';
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
  return new Engines(config, deps);
}

class Engines implements BuiltEngine {
  readonly memory: MemoryEngine;
  readonly knowledge: LocalKnowledgeEngine;
  readonly #deps: BuildEngineDeps;
  readonly #local: LocalMemoryEngine;
  readonly #dense: Dense;
  readonly #warmUp: WarmUp;
  readonly #closers = new AsyncDisposableStack();
  #config: EngineConfig;
  #extracting: Disposable | undefined;
  #configuring = Promise.resolve();

  constructor(config: EngineConfig, deps: BuildEngineDeps) {
    const { clock, models, isBusy } = deps;
    const { state } = config;
    this.#deps = deps;
    this.#config = config;
    const pause = (): Promise<void> => setImmediate();
    const opened = this.#closers.use(openRecords(state, deps));
    const dense = this.#closers.use(new Dense(config, { ...deps, records: opened, pause }));
    const records = erasingVectors(opened, dense);
    dense.open(config);
    const shared = { records, clock, pause };
    const indexBytesMax = config.context.index_bytes_max / 2;
    this.#dense = dense;
    this.#local = this.#closers.use(
      createMemoryEngine(
        { ...config.context.memory, indexBytesMax },
        { ...shared, ...denseOf(dense), ask: (request, signal) => models.ask(request, signal) },
      ),
    );
    this.knowledge = createKnowledgeEngine(
      { ...knowledgeOf(config), indexBytesMax },
      { ...shared, ...denseOf(dense), ...rerankerOf(config, deps) },
    );
    this.#warmUp = this.#closers.use(new WarmUp({ ...shared, memory: this.#local, knowledge: this.knowledge, dense, isBusy }));
    this.#closers.use(every(SWEEP_EVERY_MS, () => this.#local.sweep(), deps));
    this.#closers.defer(() => this.#extracting?.[Symbol.dispose]());
    this.#extract();
    this.memory = isPostgres(state.records) ? this.#closers.use(withOutbox(this.#local, state, deps)) : this.#local;
  }

  async status(): Promise<ContextStatus> {
    const { arm } = this.#dense;
    return {
      indexes: this.knowledge.indexes,
      indexBytes: this.knowledge.indexBytes,
      unextracted: this.#local.unextracted,
      ...(arm === undefined ? {} : { unembedded: arm.waiting }),
    };
  }

  configure(next: EngineConfig): Promise<void> {
    const configured = this.#configure(next, this.#configuring);
    this.#configuring = configured.catch(() => undefined);
    return configured;
  }

  warm(): Promise<WarmedUp> {
    return this.#warmUp.run(this.#config.context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#configuring;
    await this.#closers[Symbol.asyncDispose]();
  }

  async #configure(next: EngineConfig, before: Promise<void>): Promise<void> {
    await before;
    await this.#dense.configure(next);
    const dense = denseOf(this.#dense);
    this.#local.configure(next.context.memory, dense);
    this.knowledge.configure(knowledgeOf(next), { ...dense, ...rerankerOf(next, this.#deps) });
    this.#config = next;
    this.#extract();
  }

  #extract(): void {
    this.#extracting?.[Symbol.dispose]();
    const isOn = this.#config.context.memory.extraction !== undefined;
    this.#extracting = isOn ? every(EXTRACT_EVERY_MS, () => this.#local.extract(), this.#deps) : undefined;
  }
}

function every(delayMs: number, run: () => Promise<unknown>, { clock, onFault }: Pick<BuildEngineDeps, 'clock' | 'onFault'>): Disposable {
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
