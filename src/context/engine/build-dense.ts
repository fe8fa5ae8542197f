/* What the engines compare texts by meaning with, where a model for it is configured. */

import type { Clock } from '../../base/clock.ts';
import { isPostgres } from '../../stores/postgres/open-postgres.ts';
import { PostgresConnection } from '../../stores/postgres/postgres-connection.ts';
import type { Partition, RecordStore } from '../../stores/record/record-store.ts';
import { IN_MEMORY, sqlitePath } from '../../stores/sqlite-thread.ts';
import { openVectors } from '../../stores/vector/open-vectors.ts';
import type { VectorStore } from '../../stores/vector/vector-store.ts';
import type { ContextModels } from '../context-models.ts';
import { createDenseArm, type DenseArmConfig, type WarmableArm } from '../embedding/create-dense-arm.ts';
import { createReranker, embeddingSpec } from '../embedding/create-embedder.ts';
import type { DenseArm, TextOf } from '../embedding/dense-arm.ts';
import type { Reranker } from '../embedding/embedder.ts';
import { chunkTextOf } from '../knowledge/knowledge-records.ts';
import { memoryTextOf } from '../memory/memory-embedding.ts';
import type { EngineConfig } from './engine-config.ts';

export interface DenseDeps {
  readonly records: RecordStore;
  readonly models: ContextModels;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly pause: () => Promise<void>;
  /** What failed in the background, for the log. */
  readonly onFault: (message: string) => void;
}

/** Part of the chat's deadline that meanings and the reranker may take: what the words have found must still get there in time. */
const DEADLINE_SHARE = 0.5;
export const RERANK_SHARE = 0.35;
/** A vector is looked for in a database that is busy with many; it is given up on by whoever asks for it. */
const TIMEOUT_MS = 10_000;

/**
 * The model that texts are compared by, and its vectors. A change of the model changes the arm alone: the store stays open, with what it has in
 * memory, and the new arm finds by itself what is to be done.
 */
export class Dense implements AsyncDisposable {
  readonly #state: EngineConfig['state'];
  readonly #deps: DenseDeps;
  readonly #bytesMax: number;
  readonly #closers = new AsyncDisposableStack();
  /** One for all arms: what one has begun, the next may go on with. */
  readonly #holder = crypto.randomUUID();
  #vectors: VectorStore | undefined;
  #config: DenseArmConfig | undefined;
  #arm: WarmableArm | undefined;

  constructor({ state, context }: EngineConfig, deps: DenseDeps) {
    this.#state = state;
    this.#deps = deps;
    this.#bytesMax = context.index_bytes_max / 2;
  }

  /** Undefined where no model embeds. One that was put out of its place still searches, for who holds it. */
  get arm(): DenseArm | undefined {
    return this.#arm;
  }

  /** Throws the system's or SQLite's error when a file cannot be opened; then nothing has changed. */
  open(config: EngineConfig): void {
    const wanted = this.#configOf(config);
    this.#arm = wanted === undefined ? undefined : this.#create(wanted);
    this.#config = wanted;
  }

  /** Whether there is another arm now. Rejects as `open` throws. */
  async configure(config: EngineConfig): Promise<boolean> {
    const wanted = this.#configOf(config);
    if (Bun.deepEquals(wanted, this.#config)) return false;
    if (wanted !== undefined) this.#store();
    // Two must not make vectors at once. It still answers, and what is written meanwhile the next one finds.
    await this.#arm?.[Symbol.asyncDispose]();
    this.open(config);
    return true;
  }

  /** Reads vectors into memory, where they are to be scanned there, while there is room. */
  async warm(partitions: readonly Partition[]): Promise<void> {
    if (this.#arm === undefined || !this.#isInMemory) return;
    let bytesLeft = this.#bytesMax;
    for (const partition of partitions) {
      bytesLeft -= await this.#arm.warm(partition, bytesLeft);
      if (bytesLeft <= 0) return;
    }
  }

  /** What a model that is configured no more has left of the partition: the arm of one that is deletes its own. */
  async erase(partition: Partition): Promise<void> {
    if (this.#arm === undefined) await this.#vectors?.erase(partition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#arm?.[Symbol.asyncDispose]();
    await this.#closers[Symbol.asyncDispose]();
  }

  get #isInMemory(): boolean {
    return this.#state.vectors === EMBEDDED && !isPostgres(this.#state.records);
  }

  #create(config: DenseArmConfig): WarmableArm {
    const { onFault } = this.#deps;
    return createDenseArm(config, {
      ...this.#deps,
      vectors: this.#store(),
      textOf,
      holder: this.#holder,
      onFault: (message) => onFault(`vectors are not made: ${message}`),
      onRecovery: () => onFault('vectors are made again'),
    });
  }

  #store(): VectorStore {
    if (this.#vectors !== undefined) return this.#vectors;
    const { records, vectors, vectors_api_key: qdrantApiKey, records_connections_max: connectionsMax } = this.#state;
    const { clock, random, pause, onFault } = this.#deps;
    const postgres = (url: string): PostgresConnection =>
      this.#closers.use(
        new PostgresConnection({ url, readTimeoutMs: TIMEOUT_MS, writeTimeoutMs: TIMEOUT_MS, connectionsMax }, { clock, random, onFault }),
      );
    const opened = openVectors(
      {
        vectors: vectors === EMBEDDED && isPostgres(records) ? records : vectors,
        path: isPostgres(records) ? IN_MEMORY : sqlitePath(records),
        bytesMax: this.#bytesMax,
        ...(qdrantApiKey === undefined ? {} : { qdrantApiKey }),
      },
      { clock, fetch, pause, postgres },
    );
    return (this.#vectors = this.#closers.use(opened));
  }

  #configOf({ context, embeddingTarget }: EngineConfig): DenseArmConfig | undefined {
    const { embeddings, deadline } = context;
    if (embeddings === undefined) return undefined;
    return {
      batch: embeddings.batch,
      parallel: embeddings.parallel,
      timeout: embeddings.timeout,
      searchTimeoutMs: deadline * DEADLINE_SHARE,
      spec: embeddingSpec(embeddings, embeddingTarget ?? embeddings.model),
      place: placeOf(this.#state.vectors),
    };
  }
}

const EMBEDDED = 'embedded';

export function buildReranker({ context }: EngineConfig, deps: Pick<DenseDeps, 'models'>): Reranker | undefined {
  return context.reranker === undefined ? undefined : createReranker(context.reranker, deps);
}

function textOf({ kind }: Partition): TextOf | undefined {
  switch (kind) {
    case 'memory':
      return memoryTextOf;
    case 'knowledge':
      return chunkTextOf;
    case 'collections':
      return undefined;
  }
}

/** Tells one store from another, and holds no secret: what one has the other lacks. */
function placeOf(where: string): string {
  if (!URL.canParse(where)) return where;
  const { protocol, host, pathname } = new URL(where);
  return `${protocol}//${host}${pathname}`;
}
