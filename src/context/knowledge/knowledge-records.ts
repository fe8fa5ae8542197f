/*
 * How knowledge lies in the log of records.
 *
 *   collections, ''             what the collections of a tenant are: one record each
 *   collections, <collection>   what its files are: one record each, and one per batch; small, and read as a whole
 *   knowledge, <collection>     the chunks of its files: large
 *
 * A file's chunks stand in a group of their own each time that it is indexed: a version. The file's record names the version that is found. So a
 * file appears, and is replaced, with the writing of one record; chunks of a version that no record names are left over from work that ended before
 * its time, never found, and deleted when somebody comes across them.
 */

import type { Partition, StoredRecord } from '../../stores/record/record-store.ts';
import type { Attributes, Chunk, Collection, CollectionFile, FileErrorCode, FileStatus } from './knowledge.ts';

export function collectionsOf(tenant: string): Partition {
  return { tenant, kind: 'collections', name: '' };
}

export function filesOf(tenant: string, collection: string): Partition {
  return { tenant, kind: 'collections', name: collection };
}

export function chunksOf(tenant: string, collection: string): Partition {
  return { tenant, kind: 'knowledge', name: collection };
}

export interface StoredCollection extends Collection {
  /** Its content was deleted because its time was over. */
  readonly expired?: boolean;
}

export interface StoredFile {
  readonly filename: string;
  readonly createdMs: number;
  readonly status: FileStatus;
  readonly error?: { readonly code: FileErrorCode; readonly message: string };
  readonly bytes: number;
  readonly chunks: number;
  readonly attributes: Attributes;
  readonly tokensMax: number;
  readonly overlap: number;
  readonly owner: string;
  readonly batch?: string;
  /** What a search finds. */
  readonly version?: string;
  /** What is being written. */
  readonly pending?: string;
  /** When somebody last told that they work on it. */
  readonly workedMs?: number;
}

export interface StoredBatch {
  readonly createdMs: number;
  readonly cancelled: boolean;
  readonly files: readonly string[];
}

/** Short names, for there are many: index, start, end, headings, header, page, text. */
export interface StoredChunk {
  readonly i: number;
  readonly s: number;
  readonly e: number;
  readonly h?: readonly string[];
  readonly c?: string;
  readonly p?: number;
  readonly t: string;
  /** The file's name: chunks are read without their file's record where they get their vectors. */
  readonly f: string;
}

export const fileRecordId = (file: string): string => `file:${file}`;
export const batchRecordId = (batch: string): string => `batch:${batch}`;
export const versionGroup = (file: string, version: string): string => `${file}:${version}`;
export const chunkRecordId = (group: string, index: number): string => `${group}:${index}`;

/** Of a record that is there: an object. Throws for what is none. */
export function parseBody({ body }: Pick<StoredRecord, 'body'>): unknown {
  const value: unknown = JSON.parse(body ?? 'null');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('the record is no object');
  return value;
}

/** Throws for what is none. */
export function parseChunk(record: Pick<StoredRecord, 'body'>): StoredChunk {
  const chunk = parseBody(record) as StoredChunk;
  if (typeof chunk.t !== 'string' || !Number.isSafeInteger(chunk.i)) throw new TypeError('the record is no chunk');
  return chunk;
}

/** Undefined where that throws. */
export function readableChunk(record: Pick<StoredRecord, 'body'>): StoredChunk | undefined {
  try {
    return parseChunk(record);
  } catch {
    return undefined;
  }
}

export function fileJson(id: string, stored: StoredFile): CollectionFile {
  const { filename, createdMs, status, error, bytes, chunks, attributes, tokensMax, overlap, owner } = stored;
  return {
    id,
    filename,
    createdMs,
    status,
    ...(error === undefined ? {} : { error }),
    bytes,
    chunks,
    attributes,
    chunking: { tokensMax, overlap },
    owner,
  };
}

export interface ChunkPlace {
  readonly id: string;
  readonly collection: string;
  readonly file: string;
  readonly stored: StoredFile;
}

export function chunkJson({ id, collection, file, stored }: ChunkPlace, { i, s, e, h, c, p, t }: StoredChunk): Chunk {
  return {
    id,
    collection,
    file,
    filename: stored.filename,
    index: i,
    text: t,
    start: s,
    end: e,
    headings: h ?? [],
    ...(c === undefined ? {} : { header: c }),
    ...(p === undefined ? {} : { page: p }),
    attributes: stored.attributes,
  };
}

/** More words by which a chunk may be looked for: its file, the titles above it, the columns of its table. */
export function aboutChunk({ f, h = [], c }: StoredChunk): string {
  return [f, ...h, ...(c === undefined ? [] : [c])].join('\n');
}

/** What the embedding model is given of a chunk; undefined for other records. */
export function chunkTextOf(record: StoredRecord): string | undefined {
  if (record.kind !== 'chunk' || record.body === null) return undefined;
  const chunk = parseChunk(record);
  return `${aboutChunk(chunk)}\n\n${chunk.t}`;
}
