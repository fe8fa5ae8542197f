/* What is made in memory of the log: the collections of a tenant, the files of a collection, and the index of its chunks. */

import type { StoredRecord } from '../../stores/record/record-store.ts';
import type { LexicalIndex } from '../lexical/lexical-index.ts';
import type { PartitionView } from '../views/partition-views.ts';
import type { FileCounts } from './knowledge.ts';
import {
  aboutChunk,
  parseBody,
  parseChunk,
  type StoredBatch,
  type StoredCollection,
  type StoredFile,
  versionGroup,
} from './knowledge-records.ts';

const ENTRY_BYTES = 600;

export class CollectionsView implements PartitionView {
  readonly all = new Map<string, StoredCollection>();

  get bytes(): number {
    return this.all.size * ENTRY_BYTES;
  }

  apply(record: StoredRecord): void {
    if (record.body === null) this.all.delete(record.id);
    else this.all.set(record.id, parseBody(record) as StoredCollection);
  }
}

export interface SeenFile {
  readonly id: string;
  readonly stored: StoredFile;
  /** When it came, in the order of the log: of files of one millisecond, too. */
  readonly order: number;
}

export class FilesView implements PartitionView {
  readonly files = new Map<string, SeenFile>();
  readonly batches = new Map<string, StoredBatch>();
  /** The files that a search finds, by the group of their chunks. */
  readonly found = new Map<string, SeenFile>();
  /** Grows with each change. */
  revision = 0;
  #ordered: readonly SeenFile[] | undefined;

  get bytes(): number {
    return (this.files.size + this.batches.size) * ENTRY_BYTES;
  }

  apply(record: StoredRecord): void {
    this.revision += 1;
    this.#ordered = undefined;
    const at = record.id.indexOf(':');
    const id = record.id.slice(at + 1);
    if (record.kind === 'batch') {
      if (record.body === null) this.batches.delete(id);
      else this.batches.set(id, parseBody(record) as StoredBatch);
      return;
    }
    const before = this.files.get(id);
    if (before?.stored.version !== undefined) this.found.delete(versionGroup(id, before.stored.version));
    if (record.body === null) {
      this.files.delete(id);
      return;
    }
    const stored = parseBody(record) as StoredFile;
    const isSame = before?.stored.createdMs === stored.createdMs;
    const seen: SeenFile = { id, stored, order: isSame ? before.order : record.seq };
    this.files.set(id, seen);
    if (stored.version !== undefined) this.found.set(versionGroup(id, stored.version), seen);
  }

  /** Oldest first. */
  get ordered(): readonly SeenFile[] {
    this.#ordered ??= [...this.files.values()].sort((a, b) => a.stored.createdMs - b.stored.createdMs || a.order - b.order);
    return this.#ordered;
  }
}

export function countFiles(files: Iterable<SeenFile>): FileCounts {
  const counts = { in_progress: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const { stored } of files) counts[stored.status] += 1;
  return counts;
}

export interface SeenChunk {
  readonly group: string;
  readonly index: number;
}

export class ChunksView implements PartitionView {
  readonly index: LexicalIndex;
  readonly chunks = new Map<string, SeenChunk>();
  /** Groups, and how many chunks each has. */
  readonly groups = new Map<string, number>();
  revision = 0;

  constructor(index: LexicalIndex) {
    this.index = index;
  }

  get bytes(): number {
    return this.index.bytes + this.chunks.size * 200;
  }

  apply(record: StoredRecord): void {
    if (record.kind !== 'chunk') return;
    // First: what cannot be read changes nothing.
    const chunk = record.body === null ? undefined : parseChunk(record);
    const before = this.chunks.get(record.id);
    if (before !== undefined) this.#count(before.group, -1);
    if (chunk === undefined) {
      if (before === undefined) return;
      this.chunks.delete(record.id);
      this.index.remove(record.id);
      return;
    }
    this.chunks.set(record.id, { group: record.group, index: chunk.i });
    this.#count(record.group, 1);
    this.index.put({ id: record.id, group: record.group, position: chunk.i, text: chunk.t, about: aboutChunk(chunk) });
  }

  #count(group: string, by: number): void {
    const count = (this.groups.get(group) ?? 0) + by;
    if (count > 0) this.groups.set(group, count);
    else this.groups.delete(group);
    this.revision += 1;
  }
}
