/* What the engines compare texts by meaning with, where a model for it is configured. */

import type { Clock } from '../../base/clock.ts';
import { isPostgres } from '../../stores/postgres/open-postgres.ts';
import { PostgresConnection } from '../../stores/postgres/postgres-connection.ts';
import type { Partition, RecordStore } from '../../stores/record/record-store.ts';
import { IN_MEMORY, sqlitePath } from '../../stores/sqlite-thread.ts';
import { openVectors } from '../../stores/vector/open-vectors.ts';
import type { ContextModels } from '../context-models.ts';
import { createDenseArm } from '../embedding/create-dense-arm.ts';
import { createReranker, embeddingSpec } from '../embedding/create-embedder.ts';
import type { DenseArm, TextOf } from '../embedding/dense-arm.ts';
import type { Reranker } from '../embedding/embedder.ts';
import { chunkTextOf } from '../knowledge/knowledge-records.ts';
import { memoryTextOf } from '../memory/memory-embedding.ts';
import type { EngineConfig } from './engine-config.ts';

export interface BuildDenseDeps {
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

/** Undefined where no model embeds. Throws the system's or SQLite's error when a file cannot be opened. */
export function buildDense(config: EngineConfig, deps: BuildDenseDeps, closers: AsyncDisposableStack): DenseArm | undefined {
  const { context, state, embeddingTarget } = config;
  const { embeddings } = context;
  if (embeddings === undefined) return undefined;
  const { clock, random, pause, onFault } = deps;
  const postgres = (url: string): PostgresConnection =>
    closers.use(
      new PostgresConnection(
        { url, readTimeoutMs: TIMEOUT_MS, writeTimeoutMs: TIMEOUT_MS, connectionsMax: state.records_connections_max },
        { clock, random, onFault },
      ),
    );
  const { vectors: where, records } = state;
  const isBeside = where === 'embedded';
  const vectors = closers.use(
    openVectors(
      {
        vectors: isBeside && isPostgres(records) ? records : where,
        path: isPostgres(records) ? IN_MEMORY : sqlitePath(records),
        bytesMax: context.index_bytes_max / 2,
        ...(state.vectors_api_key === undefined ? {} : { qdrantApiKey: state.vectors_api_key }),
      },
      { clock, fetch, pause, postgres },
    ),
  );
  return closers.use(
    createDenseArm(
      {
        batch: embeddings.batch,
        parallel: embeddings.parallel,
        timeout: embeddings.timeout,
        searchTimeoutMs: context.deadline * DEADLINE_SHARE,
        spec: embeddingSpec(embeddings, embeddingTarget ?? embeddings.model),
        place: placeOf(isBeside ? 'embedded' : where),
      },
      {
        ...deps,
        vectors,
        textOf,
        holder: crypto.randomUUID(),
        onFault: (message) => onFault(`vectors are not made: ${message}`),
        onRecovery: () => onFault('vectors are made again'),
      },
    ),
  );
}

export function buildReranker({ context }: EngineConfig, deps: Pick<BuildDenseDeps, 'models'>): Reranker | undefined {
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
