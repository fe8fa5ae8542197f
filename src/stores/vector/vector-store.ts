/*
 * The port for vectors of records. Drivers: embedded (SQLite, plain scan), PostgreSQL with pgvector, Qdrant. Every driver passes conformance.ts.
 *
 * Vectors are derived: they can be made anew from the records, so a driver may lose some in a crash, but never gives one to another
 * partition. What one model has made is a space; two spaces are never compared, and several may be there while a change of model goes on.
 *
 * Calls reject with a GatewayError `storage_unavailable` when the store cannot be used; they are bounded in time and in number.
 */

import type { Partition } from '../record/record-store.ts';

export interface VectorSpace {
  /** The model and what else the vectors depend on (prefixes), as a name that is safe in files and columns: `[a-z0-9_-]{1,63}`. */
  readonly name: string;
  /** 1 to 4,096. */
  readonly dimensions: number;
}

export interface VectorEntry {
  /** The record's. */
  readonly id: string;
  /** The record's group: a file or session is deleted at once. */
  readonly group: string;
  /** Of length 1, all finite. */
  readonly vector: Float32Array;
}

export interface VectorHit {
  readonly id: string;
  /** Cosine, -1 to 1. */
  readonly score: number;
}

export interface VectorSearch {
  readonly partition: Partition;
  readonly space: VectorSpace;
  readonly vector: Float32Array;
  /** 1 to 1,000. */
  readonly limit: number;
}

export interface VectorStore extends AsyncDisposable {
  /** At most 1,000. Replaces what has the same id. */
  put(partition: Partition, space: VectorSpace, entries: readonly VectorEntry[]): Promise<void>;
  /** Best first; exact, or as near as the engine's index is. */
  search(query: VectorSearch, signal?: AbortSignal): Promise<VectorHit[]>;
  delete(partition: Partition, ids: readonly string[]): Promise<void>;
  deleteGroup(partition: Partition, group: string): Promise<void>;
  /** In all spaces. */
  erase(partition: Partition): Promise<void>;
  /** Those of the partition, with how many vectors each has. */
  spaces(partition: Partition): Promise<{ readonly name: string; readonly vectors: number }[]>;
  /** What a model made that is in use no more. */
  dropSpace(partition: Partition, name: string): Promise<void>;
}
