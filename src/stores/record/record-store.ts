/*
 * The port for what the context engines know: memories and chunks of documents, as records in partitions. Drivers: SQLite, PostgreSQL.
 * Every driver passes conformance.ts.
 *
 * A partition is one user's memories, or one collection of documents. It is a log: each change has the next number of its partition, so
 * whoever has read up to a number (an index in memory, in this process or another; the one who embeds) asks for what came later.
 *
 * What holds for every driver:
 *   - the changes of one `apply` are there together or not at all, whatever becomes of the process; they are there after a crash when it had
 *     resolved. A reader that has seen number n never meets a change with a number up to n afterwards;
 *   - a partition's calls meet nothing of another partition, by whatever id: tenant and name are part of every key;
 *   - of what was deleted the text is gone: from an embedded store's files at once (while another process reads, with the next deletion), from
 *     PostgreSQL's when it vacuums; a record without a body tells that it was there (`changes` needs that). To delete what is not there changes nothing;
 *   - after `erase` nothing of the partition is left, and the next `generation` is another one: indexes begin anew. Where there is no partition the
 *     generation is empty;
 *   - keys are compared byte by byte, and come back as they were: quotes, NUL and every other character included (record-limits.ts: how long they may be).
 *
 * Calls reject with a GatewayError: `storage_unavailable` when the store cannot be used, `request_invalid` for what record-limits.ts does not allow. They
 * are bounded in time and in number. A write that was given up in time may still have happened: writes have ids, so that they can be repeated.
 */

export const PARTITION_KINDS = ['memory', 'knowledge', 'collections'] as const;

export interface Partition {
  readonly tenant: string;
  /** `memory`: `name` is a user. `knowledge`: `name` is the id of a collection. `collections`: what the collections of a tenant are; `name` is empty. */
  readonly kind: (typeof PARTITION_KINDS)[number];
  readonly name: string;
}

export interface RecordChange {
  /** Unique in its partition; chosen by whoever writes, so that the same change written twice is one. */
  readonly id: string;
  /** What stands together and is deleted together: a session, a file. May be empty. */
  readonly group: string;
  /** What it is, in the engine's words: `turn`, `fact`, `chunk`, … */
  readonly kind: string;
  /** A JSON object, at most 1 MiB; null deletes the record. */
  readonly body: string | null;
}

export interface StoredRecord extends RecordChange {
  /** Grows with every change in the partition; at least 1. */
  readonly seq: number;
}

export interface ChangePage {
  /** Another one than before: everything read so far is void. */
  readonly generation: string;
  /** In the order of `seq`. Of a record that was changed several times, the latest alone. May be fewer than asked for: large records make short pages. */
  readonly records: readonly StoredRecord[];
  /** The partition's latest number; 0 when nothing was ever written. The page is the last one when its last record has this number. */
  readonly head: number;
}

export interface ApplyOptions {
  /** Only if the partition's latest number is this one: else nothing is written, and `applied` is false. For decisions that rest on what was read. */
  readonly expectedHead?: number;
  /** Records whose id is there already are left as they are, and not counted as changes: for writes that may come twice. */
  readonly onlyNew?: boolean;
}

export interface ApplyResult {
  readonly applied: boolean;
  readonly head: number;
}

export interface PartitionHead extends Partition {
  /** Its latest number. */
  readonly head: number;
}

export interface PartitionSummary extends PartitionHead {
  /** Records that are there. */
  readonly records: number;
}

export interface PartitionQuery {
  readonly tenant?: string;
  readonly after?: Partition;
  readonly limit: number;
}

export interface RecordStore extends AsyncDisposable {
  /** At most 10,000 changes, of 64 MiB; of several with one id the last counts, with `onlyNew` the first. */
  apply(partition: Partition, changes: readonly RecordChange[], options?: ApplyOptions): Promise<ApplyResult>;
  /** Those that are there, in no particular order; at most 10,000. */
  get(partition: Partition, ids: readonly string[]): Promise<StoredRecord[]>;
  /** What came after `after`; `limit` is 1 to 10,000. Deleted records come with a null body. */
  changes(partition: Partition, after: number, limit: number): Promise<ChangePage>;
  /** Deletes what is in the group. Resolves with how many there were. */
  deleteGroup(partition: Partition, group: string): Promise<number>;
  /** Resolves with how many records there were. */
  erase(partition: Partition): Promise<number>;
  /** The partitions of a tenant, or of all; in the order of tenant, kind and name; after `after`. */
  partitions(query: PartitionQuery): Promise<PartitionSummary[]>;
  /** The same without a count, for which all records are gone through: for whoever looks at all partitions from time to time. */
  heads(query: PartitionQuery): Promise<PartitionHead[]>;
  /**
   * A small note of an engine on a partition, such as how far it has come; gone with `erase`. A name that begins with `vectors` tells what a store of
   * vectors holds, and is left behind when records move to another store, where vectors are made anew.
   */
  note(partition: Partition, name: string): Promise<string | undefined>;
  /** On a partition in which nothing was written, or which was erased meanwhile, nothing is noted: its name would come back with the note. */
  setNote(partition: Partition, name: string, value: string): Promise<void>;
}
