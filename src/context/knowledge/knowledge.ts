/* Collections of documents, cut into chunks, that a tenant's keys may search. */

export interface Collection {
  /** `vs_…`, unique in the tenant. */
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdMs: number;
  readonly lastActiveMs: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Deleted when it was not used for so long, in milliseconds. */
  readonly expiresAfterMs?: number;
  /** Whose it is; undefined: the whole tenant's. Another user's collection is not to be found. */
  readonly user?: string;
}

export type FileStatus = 'in_progress' | 'completed' | 'failed' | 'cancelled';

export interface CollectionFile {
  /** `doc_…` or `file-…`: the document's. */
  readonly id: string;
  readonly filename: string;
  readonly createdMs: number;
  readonly status: FileStatus;
  /** Why it failed, in words for the caller. */
  readonly error?: string;
  /** UTF-8 bytes of its text. */
  readonly bytes: number;
  readonly chunks: number;
  /** For filters: at most 16 members, texts, numbers and truth values. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly chunking: ChunkingStrategy;
}

export interface ChunkingStrategy {
  /** 100 to 4,096. */
  readonly tokensMax: number;
  /** At most half of `tokensMax`. */
  readonly overlap: number;
}

export interface DocumentToIndex {
  readonly id: string;
  readonly filename: string;
  readonly mediaType: string;
  readonly text: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly chunking?: ChunkingStrategy;
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
  /** Titles above it, outermost first. */
  readonly headings: readonly string[];
  /** From 1, where the file has pages. */
  readonly page?: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
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

/** Rejects with `storage_unavailable` when its store cannot be used. Access is its caller's business: `tenant` and ids are taken as given. */
export interface KnowledgeEngine {
  createCollection(tenant: string, collection: Collection): Promise<void>;
  collection(tenant: string, id: string): Promise<Collection | undefined>;
  /** Newest first. */
  collections(tenant: string): Promise<readonly Collection[]>;
  updateCollection(tenant: string, collection: Collection): Promise<void>;
  /** With all that is in it; whether there was one. */
  deleteCollection(tenant: string, id: string): Promise<boolean>;
  /** Cuts and indexes a document; one with the same id is replaced. Resolves when it is written: a search finds it from then on. */
  index(tenant: string, collection: string, document: DocumentToIndex): Promise<CollectionFile>;
  file(tenant: string, collection: string, id: string): Promise<CollectionFile | undefined>;
  /** Newest first. */
  files(tenant: string, collection: string): Promise<readonly CollectionFile[]>;
  /** Changes what filters look at. */
  setAttributes(
    tenant: string,
    collection: string,
    change: { readonly file: string; readonly attributes: CollectionFile['attributes'] },
  ): Promise<CollectionFile | undefined>;
  /** In their order. */
  chunks(tenant: string, collection: string, file: string): Promise<readonly Chunk[]>;
  removeFile(tenant: string, collection: string, id: string): Promise<boolean>;
  search(tenant: string, query: KnowledgeQuery): Promise<KnowledgeAnswer>;
}
