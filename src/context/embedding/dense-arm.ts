/* Search by meaning in one partition: the embedding model and the store of vectors, as the engines see them. */

import type { Partition, StoredRecord } from '../../stores/record/record-store.ts';
import type { VectorHit } from '../../stores/vector/vector-store.ts';

export interface DenseAnswer {
  /** Best first. */
  readonly hits: readonly VectorHit[];
  /** Why there are fewer than there should be: `embeddings` (the model was not there in time), `vectors` (their store was not, or has none where some were made). */
  readonly leftOut: readonly ('embeddings' | 'vectors')[];
}

/** The text of a record that is compared by its meaning, with what it is about; undefined for a record that is not. */
export type TextOf = (record: StoredRecord) => string | undefined;

export interface DenseArm {
  /** Never rejects, and takes no longer than its own deadline. `limit`: 1 to 1,000. */
  search(partition: Partition, query: string, limit: number): Promise<DenseAnswer>;
  /** The partition has new records: those without a vector get one in the background; those that were deleted lose theirs. */
  changed(partition: Partition): void;
  /** Everything of the partition. Resolves when it is gone. */
  erase(partition: Partition): Promise<void>;
  /** Records that are known to wait for their vectors. */
  readonly waiting: number;
}
