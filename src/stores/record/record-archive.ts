/* What moving records from one store to another needs besides the port: both drivers have it, and `gatehouse migrate` uses it. */

import type { Partition, RecordStore, StoredRecord } from './record-store.ts';

/** The name of a note that says what a partition was moved from, and how far. */
export const MOVED_NOTE = 'moved';

export interface RecordLoad {
  /** With the numbers that they have where they come from. */
  readonly records: readonly StoredRecord[];
  /** The partition's latest number from now on: no smaller than any of theirs. */
  readonly head: number;
  /** Written with them. */
  readonly notes: Readonly<Record<string, string>>;
}

export interface RecordArchive extends RecordStore {
  /** All notes on a partition, by name. */
  notes(partition: Partition): Promise<Readonly<Record<string, string>>>;
  /** Puts records in as they are elsewhere, numbers included; the latest of two with one id stays. All of it or nothing. */
  load(partition: Partition, given: RecordLoad): Promise<void>;
}
