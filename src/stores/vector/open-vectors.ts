/* The store of vectors that the configuration names. */

import type { Clock } from '../../base/clock.ts';
import { isPostgres } from '../postgres/open-postgres.ts';
import type { PostgresConnection } from '../postgres/postgres-connection.ts';
import { createPostgresVectors } from './postgres-vectors.ts';
import { createQdrantVectors } from './qdrant-vectors.ts';
import { openSqliteVectors } from './sqlite-vectors.ts';
import type { VectorStore } from './vector-store.ts';

export interface OpenVectorsConfig {
  /** `embedded`, or the URL of a PostgreSQL or a Qdrant. */
  readonly vectors: string;
  readonly qdrantApiKey?: string;
  /** Where embedded ones are: a file, or `:memory:`. */
  readonly path: string;
  /** Memory for embedded ones. */
  readonly bytesMax: number;
}

export interface OpenVectorsDeps {
  readonly clock: Clock;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Lets others go on. */
  readonly pause: () => Promise<void>;
  /** The connection to the PostgreSQL of a URL; its owner closes it. */
  readonly postgres: (url: string) => PostgresConnection;
}

/** Collections of Qdrant are also for other programs. */
const QDRANT_PREFIX = 'gatehouse-';
const QDRANT_TIMEOUT_MS = 10_000;

/** What is remote is not dialled yet. Throws the system's or SQLite's error when a file cannot be opened. */
export function openVectors(config: OpenVectorsConfig, deps: OpenVectorsDeps): VectorStore {
  const { vectors, qdrantApiKey, path, bytesMax } = config;
  const { clock, fetch, pause, postgres } = deps;
  if (vectors === EMBEDDED) return openSqliteVectors({ path, bytesMax }, { now: () => clock.monotonic(), pause });
  if (isPostgres(vectors)) return createPostgresVectors(postgres(vectors));
  return createQdrantVectors(
    {
      url: vectors.replace(/\/+$/, ''),
      prefix: QDRANT_PREFIX,
      timeoutMs: QDRANT_TIMEOUT_MS,
      ...(qdrantApiKey === undefined ? {} : { apiKey: qdrantApiKey }),
    },
    { clock, fetch },
  );
}

const EMBEDDED = 'embedded';

/** Whether vectors are kept in a Qdrant. */
export function isQdrant(vectors: string): boolean {
  return /^https?:/.test(vectors);
}
