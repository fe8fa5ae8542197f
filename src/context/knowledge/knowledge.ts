/* Collections of documents, cut into chunks, that a tenant's keys may search. */

import type { Viewer } from './access.ts';

export interface Collection {
  /** `vs_…`, unique in the tenant. */
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdMs: number;
  readonly lastActiveMs: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly description?: string;
  /** Emptied when it was not used for so long, in milliseconds. */
  readonly expiresAfterMs?: number;
  /** Whose it is; undefined: the whole tenant's. Another user's collection is not to be found. */
  readonly user?: string;
}

export const FILE_STATUSES = ['in_progress', 'completed', 'failed', 'cancelled'] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** As OpenAI's vector stores name them. */
export type FileErrorCode = 'server_error' | 'unsupported_file' | 'invalid_file';

export interface CollectionFile {
  /** `doc_…` or `file-…`: the document's. */
  readonly id: string;
  readonly filename: string;
  /** When it came into the collection. Milliseconds since the Unix epoch. */
  readonly createdMs: number;
  readonly status: FileStatus;
  /** Why it failed, in words for the caller. */
  readonly error?: { readonly code: FileErrorCode; readonly message: string };
  /** UTF-8 bytes of its text. */
  readonly bytes: number;
  readonly chunks: number;
  /** For filters: at most 16 members, texts, numbers and truth values. */
  readonly attributes: Attributes;
  readonly chunking: ChunkingStrategy;
  /** Whose document it is, where the collection is not that user's: an empty text is the tenant's own. */
  readonly owner: string;
}

export interface ChunkingStrategy {
  /** 100 to 4,096. */
  readonly tokensMax: number;
  /** At most half of `tokensMax`. */
  readonly overlap: number;
}

/** A document that is to be in a collection, before its text is there. */
export interface AnnouncedFile {
  readonly id: string;
  readonly filename: string;
  readonly attributes: Attributes;
  /** Whose document it is; empty: the tenant's own. */
  readonly owner: string;
  /** Default: as configured. */
  readonly chunking?: ChunkingStrategy;
}

export interface DocumentToIndex extends AnnouncedFile {
  readonly mediaType: string;
  /** A text, or the UTF-8 of one. */
  readonly text: string | Uint8Array;
  /** Whether it was announced, and is to be written only while it is still in progress. */
  readonly announced?: boolean;
  /** Where in the text each page begins, in UTF-16 units, where it has pages. */
  readonly pages?: readonly number[];
}

/** How many files there are, by what became of them. */
export type FileCounts = Readonly<Record<FileStatus, number>>;

/** A collection and what is in it. */
export interface CollectionOverview extends Collection {
  readonly files: FileCounts;
  /** UTF-8 bytes of the texts of its files. */
  readonly bytes: number;
  /** Its time is over, and what was in it is gone. */
  readonly expired: boolean;
}

export interface ListQuery {
  /** At least 1. */
  readonly limit: number;
  readonly order?: 'newest' | 'oldest';
  /** Those behind, or before, the one with this id in that order. One that is not there is no place: the list is empty. */
  readonly after?: string;
  readonly before?: string;
}

export interface FileQuery extends ListQuery {
  readonly status?: FileStatus;
  /** Those of this batch alone. */
  readonly batch?: string;
}

export interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly hasMore: boolean;
}

/** Files that were given together. */
export interface FileBatch {
  /** `vsfb_…` */
  readonly id: string;
  readonly createdMs: number;
  readonly cancelled: boolean;
  readonly files: FileCounts;
}

/** A file that nobody works on any more though it is not ready: the process that did so ended. */
export interface UnfinishedFile {
  readonly tenant: string;
  readonly collection: string;
  readonly file: CollectionFile;
}

export interface Chunk {
  readonly id: string;
  readonly collection: string;
  readonly file: string;
  readonly filename: string;
  /** Its place among the file's chunks, from 0. */
  readonly index: number;
  readonly text: string;
  /** Where it stands in the file's text: UTF-16 units, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Titles above it, outermost first; in JSON the members that it is in, in source code the definitions. */
  readonly headings: readonly string[];
  /** The first row of the table that it is a part of, where that is not in it. */
  readonly header?: string;
  /** From 1, where the file has pages. */
  readonly page?: number;
  readonly attributes: Attributes;
}

/** As OpenAI's vector stores have them. */
export type AttributeFilter =
  | { readonly type: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; readonly key: string; readonly value: string | number | boolean }
  | { readonly type: 'in' | 'nin'; readonly key: string; readonly value: readonly (string | number)[] }
  | { readonly type: 'and' | 'or'; readonly filters: readonly AttributeFilter[] };

export interface KnowledgeQuery {
  /** One question, or several ways to put it. */
  readonly queries: readonly string[];
  /** Ids of collections; at least one. */
  readonly collections: readonly string[];
  /** 1 to 1,000. */
  readonly limit: number;
  readonly filter?: AttributeFilter;
  /** 0 to 1. */
  readonly scoreMin?: number;
  /** Whether the configured reranker has the last word; default: as configured. */
  readonly rerank?: boolean;
  /** Share of the dense arm in the fusion, 0 to 1; default: as configured. */
  readonly denseShare?: number;
}

export interface FoundChunk {
  readonly chunk: Chunk;
  /** 0 to 1, comparable within one answer. */
  readonly score: number;
  readonly parts: Readonly<Record<string, number>>;
}

export interface KnowledgeAnswer {
  readonly chunks: readonly FoundChunk[];
  /** What should have had a part in it and could not: `embeddings`, `vectors`, `reranker`. */
  readonly leftOut: readonly string[];
}

/** `collections`: by id or name; undefined: the default one of the tenant and of the user. */
export type SeenQuery = Omit<KnowledgeQuery, 'collections'> & { readonly collections?: readonly string[] | undefined };

/**
 * Rejects with `storage_unavailable` when its store cannot be used, and with `resource_unknown` for what is written to a collection that is not
 * there. Access is its caller's business, but for `searchFor`: `tenant` and ids are taken as given.
 */
export interface KnowledgeEngine {
  /** What has this id already stays as it is; whether it was made. */
  createCollection(tenant: string, collection: Collection): Promise<boolean>;
  collection(tenant: string, id: string): Promise<CollectionOverview | undefined>;
  /** Newest first. Without what is in them: see `overviews`. */
  collections(tenant: string): Promise<readonly Collection[]>;
  /** Those of them that there are, in this order. */
  overviews(tenant: string, ids: readonly string[]): Promise<readonly CollectionOverview[]>;
  updateCollection(tenant: string, collection: Collection): Promise<void>;
  /** With all that is in it; whether there was one. */
  deleteCollection(tenant: string, id: string): Promise<boolean>;
  /** Writes down, in one step, which files are to come: `in_progress`. With `batch`: as files that belong together. */
  announce(
    tenant: string,
    collection: string,
    given: { readonly files: readonly AnnouncedFile[]; readonly batch?: string },
  ): Promise<readonly CollectionFile[]>;
  /**
   * Cuts and indexes a document; one with the same id is replaced. Resolves when it is written: a search finds it from then on. One that was
   * cancelled, or removed, meanwhile is not written.
   */
  index(tenant: string, collection: string, document: DocumentToIndex): Promise<CollectionFile>;
  /** The text of an announced file could not be had. */
  fail(
    tenant: string,
    collection: string,
    failed: { readonly file: string; readonly error: NonNullable<CollectionFile['error']> },
  ): Promise<void>;
  /** Files that are in progress and that nobody works on; they are the caller's from then on. */
  takeUnfinished(limit: number): Promise<readonly UnfinishedFile[]>;
  file(tenant: string, collection: string, id: string): Promise<CollectionFile | undefined>;
  /** Those of them that are there, in no particular order. */
  findFiles(tenant: string, collection: string, ids: readonly string[]): Promise<readonly CollectionFile[]>;
  files(tenant: string, collection: string, query: FileQuery): Promise<ListPage<CollectionFile>>;
  batch(tenant: string, collection: string, id: string): Promise<FileBatch | undefined>;
  /** What of it is in progress is done no more. */
  cancelBatch(tenant: string, collection: string, id: string): Promise<FileBatch | undefined>;
  /** Changes what filters look at. */
  setAttributes(
    tenant: string,
    collection: string,
    change: { readonly file: string; readonly attributes: Attributes },
  ): Promise<CollectionFile | undefined>;
  /** In their order, from the one with this index; at most 1,000. */
  chunks(
    tenant: string,
    collection: string,
    asked: { readonly file: string; readonly from: number; readonly limit: number },
  ): Promise<readonly Chunk[]>;
  removeFile(tenant: string, collection: string, id: string): Promise<boolean>;
  /** From every collection of the tenant. Resolves with how many it was in. */
  removeDocument(tenant: string, id: string): Promise<number>;
  /** A collection that is not there is an empty one. */
  search(tenant: string, query: KnowledgeQuery): Promise<KnowledgeAnswer>;
  /** In collections that the viewer may see. Undefined: there is none to look into. Rejects with `resource_unknown` for a named one that is not there, or not for this viewer. */
  searchFor(viewer: Viewer, query: SeenQuery): Promise<KnowledgeAnswer | undefined>;
}
