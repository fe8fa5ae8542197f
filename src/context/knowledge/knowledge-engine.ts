/*
 * Collections of documents over the log of records: see knowledge-records.ts for how they lie there. What is asked of them is answered from views in
 * memory, which follow the log.
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Partition, RecordStore } from '../../stores/record/record-store.ts';
import type { DenseArm } from '../embedding/dense-arm.ts';
import type { Reranker } from '../embedding/embedder.ts';
import { createLexicalIndex } from '../lexical/create-index.ts';
import { PartitionViews } from '../views/partition-views.ts';
import type { Viewer } from './access.ts';
import { changeRecord } from './change-record.ts';
import { CollectionFiles } from './collection-files.ts';
import { fileChange, Ingestion } from './ingestion.ts';
import type {
  AnnouncedFile,
  Chunk,
  ChunkingStrategy,
  Collection,
  CollectionFile,
  CollectionOverview,
  DocumentToIndex,
  FileBatch,
  FileQuery,
  KnowledgeAnswer,
  KnowledgeEngine,
  KnowledgeQuery,
  ListPage,
  SeenQuery,
  UnfinishedFile,
} from './knowledge.ts';
import type { KnowledgeConfig } from './knowledge-config.ts';
import { chunksOf, collectionsOf, filesOf, type StoredCollection } from './knowledge-records.ts';
import { ChunksView, CollectionsView, countFiles, FilesView } from './knowledge-views.ts';
import { rehearse } from './rehearsal.ts';
import { Search, type SearchedCollection } from './search.ts';
import { newestFirst, visibleCollections } from './visible-collections.ts';

export interface KnowledgeEngineConfig {
  readonly knowledge: Pick<KnowledgeConfig, 'chunk_tokens' | 'chunk_overlap' | 'dense_share'>;
  /** Indexes in memory hold about so many bytes at most. */
  readonly indexBytesMax: number;
  readonly reranker?: {
    /** How many of the best it is shown. */
    readonly candidates: number;
    /** How long it may take, in milliseconds. */
    readonly timeoutMs: number;
  };
}

export interface KnowledgeEngineDeps {
  readonly records: RecordStore;
  readonly dense?: DenseArm;
  readonly reranker?: Reranker;
  readonly clock: Clock;
  /** Lets others go on; whatever takes long does so by slices. */
  readonly pause: () => Promise<void>;
}

/** The engine where it runs. */
export interface LocalKnowledgeEngine extends KnowledgeEngine {
  /** Collections whose index is in memory, and the bytes that they hold. */
  readonly indexes: number;
  readonly indexBytes: number;
  /** Takes on another configuration, and what goes with it. Calls under way end as they began; the memory for indexes stays as it was. */
  configure(config: Omit<KnowledgeEngineConfig, 'indexBytesMax'>, parts: Pick<KnowledgeEngineDeps, 'dense' | 'reranker'>): void;
  /**
   * Makes indexes of collections before they are asked for, those that were used last first, while there is room. `partitions`: those of their
   * chunks. Resolves with their order.
   */
  warm(partitions: readonly Partition[], giveWay: () => Promise<void>): Promise<readonly Partition[]>;
}

export function createKnowledgeEngine(config: KnowledgeEngineConfig, deps: KnowledgeEngineDeps): LocalKnowledgeEngine {
  return new Engine(config, deps);
}

const LISTS_BYTES_MAX = 64 * 1_048_576;
/** The last use of a collection is written down so exactly. */
const ACTIVE_EVERY_MS = 60_000;

class Engine implements LocalKnowledgeEngine {
  readonly #deps: Omit<KnowledgeEngineDeps, 'dense' | 'reranker'>;
  #config: Omit<KnowledgeEngineConfig, 'indexBytesMax'>;
  #dense: DenseArm | undefined;
  #search: Search;
  readonly #ingestion: Ingestion;
  readonly #fileBook: CollectionFiles;
  readonly #collections: PartitionViews<CollectionsView>;
  readonly #files: PartitionViews<FilesView>;
  readonly #chunks: PartitionViews<ChunksView>;
  /** Views that were looked through for what is left over. */
  readonly #tidied = new WeakSet<ChunksView>();

  constructor(config: KnowledgeEngineConfig, { dense, reranker, ...deps }: KnowledgeEngineDeps) {
    this.#config = config;
    this.#dense = dense;
    this.#deps = deps;
    const { records, pause, clock } = deps;
    const views = { records, pause, now: () => clock.monotonic() };
    this.#collections = new PartitionViews({ bytesMax: LISTS_BYTES_MAX }, { ...views, create: () => new CollectionsView() });
    this.#files = new PartitionViews({ bytesMax: LISTS_BYTES_MAX }, { ...views, create: () => new FilesView() });
    this.#chunks = new PartitionViews(
      { bytesMax: config.indexBytesMax, mayMiss: true },
      { ...views, create: () => new ChunksView(createLexicalIndex()) },
    );
    this.#ingestion = new Ingestion({
      ...deps,
      changed: (partition) => this.#dense?.changed(partition),
      follow: ({ tenant, collection }) => this.#follow(tenant, collection),
    });
    this.#fileBook = new CollectionFiles({ records, clock, views: this.#files, ingestion: this.#ingestion });
    this.#search = searchOf(config, { ...deps, dense, reranker });
  }

  configure(config: Omit<KnowledgeEngineConfig, 'indexBytesMax'>, parts: Pick<KnowledgeEngineDeps, 'dense' | 'reranker'>): void {
    this.#config = config;
    this.#dense = parts.dense;
    this.#search = searchOf(config, { ...this.#deps, ...parts });
  }

  async warm(partitions: readonly Partition[], giveWay: () => Promise<void>): Promise<readonly Partition[]> {
    const used = new Map<Partition, number>();
    for (const partition of partitions) {
      // What is left over of a deleted collection, or of one whose time is over, is nothing to search.
      const stored = await this.#stored(partition.tenant, partition.name);
      if (stored !== undefined && stored.expired !== true) used.set(partition, stored.lastActiveMs);
    }
    const latest = [...used].toSorted(([, a], [, b]) => b - a).map(([partition]) => partition);
    for (const partition of latest) {
      const { tenant, name } = partition;
      const isRoom = (await this.#files.warm(filesOf(tenant, name), giveWay)) && (await this.#chunks.warm(partition, giveWay));
      if (!isRoom) break;
    }
    const [first] = latest;
    if (first !== undefined && this.#chunks.holds(first)) {
      const { tenant, name: id } = first;
      const searched = { id, tenant, files: await this.#files.at(filesOf(tenant, id)), chunks: await this.#chunks.at(first) };
      await rehearse(searched, { search: this.#search, records: this.#deps.records, giveWay });
    }
    return latest;
  }

  get indexes(): number {
    return this.#chunks.size;
  }

  get indexBytes(): number {
    return this.#chunks.bytes + this.#files.bytes + this.#collections.bytes;
  }

  async createCollection(tenant: string, collection: Collection): Promise<boolean> {
    const { id } = collection;
    const made = await changeRecord<StoredCollection>(this.#deps.records, collectionsOf(tenant), {
      id,
      kind: 'collection',
      change: (now) => (now === undefined ? collection : undefined),
    });
    return made !== undefined;
  }

  async collection(tenant: string, id: string): Promise<CollectionOverview | undefined> {
    const [found] = await this.overviews(tenant, [id]);
    return found;
  }

  async collections(tenant: string): Promise<readonly Collection[]> {
    return newestFirst((await this.#collections.at(collectionsOf(tenant))).all);
  }

  async overviews(tenant: string, ids: readonly string[]): Promise<readonly CollectionOverview[]> {
    const found: CollectionOverview[] = [];
    for (const id of ids) {
      const stored = await this.#stored(tenant, id);
      if (stored === undefined) continue;
      const { files } = await this.#files.at(filesOf(tenant, id));
      let bytes = 0;
      for (const { stored: file } of files.values()) if (file.status === 'completed') bytes += file.bytes;
      found.push({ ...stored, files: countFiles(files.values()), bytes, expired: stored.expired === true });
    }
    return found;
  }

  async updateCollection(tenant: string, collection: Collection): Promise<void> {
    // A change of its use in the meantime stays.
    const changed = await this.#change(tenant, collection.id, (now) => ({ ...collection, lastActiveMs: now.lastActiveMs }));
    if (changed === undefined) throw unknownCollection();
  }

  async deleteCollection(tenant: string, id: string): Promise<boolean> {
    const { all } = await this.#collections.at(collectionsOf(tenant));
    const wasThere = all.has(id);
    // First what it is, so that nobody begins to write to it.
    if (wasThere) await this.#collections.apply(collectionsOf(tenant), [{ id, group: '', kind: 'collection', body: null }]);
    await this.#erase(tenant, id);
    return wasThere;
  }

  async announce(
    tenant: string,
    collection: string,
    { files, ...more }: { readonly files: readonly AnnouncedFile[]; readonly batch?: string },
  ): Promise<readonly CollectionFile[]> {
    await this.#writable(tenant, collection);
    const sized = files.map((file) => ({ ...file, chunking: this.#size(file.chunking) }));
    const announced = await this.#fileBook.announce(tenant, collection, { ...more, files: sized });
    await this.#endWrite(tenant, collection);
    return announced;
  }

  async index(tenant: string, collection: string, document: DocumentToIndex): Promise<CollectionFile> {
    await this.#writable(tenant, collection);
    // The index of a new collection grows with it.
    const { found } = await this.#files.at(filesOf(tenant, collection));
    if (found.size === 0) await this.#chunks.at(chunksOf(tenant, collection));
    const place = { tenant, collection, file: document.id };
    const indexed = await this.#ingestion.run(place, document, this.#size(document.chunking));
    await this.#endWrite(tenant, collection);
    return indexed;
  }

  fail(...given: Parameters<KnowledgeEngine['fail']>): Promise<void> {
    return this.#fileBook.fail(...given);
  }

  takeUnfinished(limit: number): Promise<readonly UnfinishedFile[]> {
    return this.#fileBook.takeUnfinished(limit);
  }

  file(tenant: string, collection: string, id: string): Promise<CollectionFile | undefined> {
    return this.#fileBook.file(tenant, collection, id);
  }

  findFiles(tenant: string, collection: string, ids: readonly string[]): Promise<readonly CollectionFile[]> {
    return this.#fileBook.findFiles(tenant, collection, ids);
  }

  files(tenant: string, collection: string, query: FileQuery): Promise<ListPage<CollectionFile>> {
    return this.#fileBook.files(tenant, collection, query);
  }

  batch(tenant: string, collection: string, id: string): Promise<FileBatch | undefined> {
    return this.#fileBook.batch(tenant, collection, id);
  }

  cancelBatch(tenant: string, collection: string, id: string): Promise<FileBatch | undefined> {
    return this.#fileBook.cancelBatch(tenant, collection, id);
  }

  setAttributes(...given: Parameters<KnowledgeEngine['setAttributes']>): Promise<CollectionFile | undefined> {
    return this.#fileBook.setAttributes(...given);
  }

  chunks(...given: Parameters<KnowledgeEngine['chunks']>): Promise<readonly Chunk[]> {
    return this.#fileBook.chunks(...given);
  }

  async removeFile(tenant: string, collection: string, id: string): Promise<boolean> {
    const place = { tenant, collection, file: id };
    const stored = await this.#ingestion.read(place);
    if (stored === undefined) return false;
    await this.#files.apply(filesOf(tenant, collection), [fileChange(id, null)]);
    for (const version of [stored.version, stored.pending]) if (version !== undefined) await this.#ingestion.deleteVersion(place, version);
    return true;
  }

  async removeDocument(tenant: string, id: string): Promise<number> {
    let count = 0;
    for (const collection of (await this.#collections.at(collectionsOf(tenant))).all.keys()) {
      if (await this.removeFile(tenant, collection, id)) count += 1;
    }
    return count;
  }

  async search(tenant: string, query: KnowledgeQuery): Promise<KnowledgeAnswer> {
    const searched: SearchedCollection[] = [];
    for (const id of new Set(query.collections)) {
      const stored = await this.#stored(tenant, id);
      if (stored === undefined || stored.expired === true) continue;
      // In this order: what a file's record names was written before it.
      const files = await this.#files.at(filesOf(tenant, id));
      const chunks = await this.#chunks.at(chunksOf(tenant, id));
      searched.push({ id, tenant, files, chunks });
    }
    const isWhole = searched.every(({ id }) => this.#chunks.isWhole(chunksOf(tenant, id)));
    const { chunks, leftOut } = await this.#search.run(searched, query);
    for (const collection of searched) {
      await this.#tidy(collection);
      await this.#touch(tenant, collection.id);
    }
    return { chunks, leftOut: isWhole || leftOut.includes('storage') ? leftOut : [...leftOut, 'storage'] };
  }

  async searchFor(viewer: Viewer, { collections: named, ...query }: SeenQuery): Promise<KnowledgeAnswer | undefined> {
    const collections = visibleCollections(viewer, named, (await this.#collections.at(collectionsOf(viewer.tenant))).all);
    return collections.length === 0 ? undefined : this.search(viewer.tenant, { ...query, collections });
  }

  /** The collection may have been deleted while something was written to it: then that goes, too. */
  async #endWrite(tenant: string, collection: string): Promise<void> {
    if ((await this.#stored(tenant, collection)) === undefined) await this.#erase(tenant, collection);
    else await this.#touch(tenant, collection);
  }

  /** Takes in what was written before somebody asks for it, where the index is in memory: one that is not is made when it is needed. */
  async #follow(tenant: string, collection: string): Promise<void> {
    const partition = chunksOf(tenant, collection);
    if (this.#chunks.holds(partition)) await this.#chunks.at(partition);
  }

  #size({ tokensMax, overlap }: ChunkingStrategy = this.#defaultSize()): ChunkingStrategy {
    return { tokensMax, overlap: Math.min(overlap, Math.floor(tokensMax / 2)) };
  }

  #defaultSize(): ChunkingStrategy {
    const { chunk_tokens, chunk_overlap } = this.#config.knowledge;
    return { tokensMax: chunk_tokens, overlap: chunk_overlap };
  }

  /** A collection as it is written down; one whose time is over is emptied here. */
  async #stored(tenant: string, id: string): Promise<StoredCollection | undefined> {
    const { all } = await this.#collections.at(collectionsOf(tenant));
    const stored = all.get(id);
    if (stored?.expiresAfterMs === undefined || stored.expired === true) return stored;
    if (stored.lastActiveMs + stored.expiresAfterMs > this.#deps.clock.now()) return stored;
    const expired = await this.#change(tenant, id, (now) => ({ ...now, expired: true }));
    await this.#erase(tenant, id);
    return expired;
  }

  async #writable(tenant: string, id: string): Promise<void> {
    const stored = await this.#stored(tenant, id);
    if (stored === undefined) throw unknownCollection();
    if (stored.expired === true) throw new GatewayError('request_invalid', 'the collection has expired');
  }

  async #touch(tenant: string, id: string): Promise<void> {
    const { all } = await this.#collections.at(collectionsOf(tenant));
    const stored = all.get(id);
    const nowMs = this.#deps.clock.now();
    if (stored === undefined || nowMs - stored.lastActiveMs < ACTIVE_EVERY_MS) return;
    await this.#change(tenant, id, (now) => ({ ...now, lastActiveMs: nowMs }));
  }

  /** As one step: what was deleted meanwhile does not come back. */
  #change(tenant: string, id: string, change: (now: StoredCollection) => StoredCollection): Promise<StoredCollection | undefined> {
    return changeRecord<StoredCollection>(this.#deps.records, collectionsOf(tenant), {
      id,
      kind: 'collection',
      change: (now) => (now === undefined ? undefined : change(now)),
    });
  }

  async #erase(tenant: string, id: string): Promise<void> {
    await this.#files.erase(filesOf(tenant, id));
    await this.#chunks.erase(chunksOf(tenant, id));
    await this.#dense?.erase(chunksOf(tenant, id));
  }

  /** Chunks that no file names are left over from work that ended before its time. */
  async #tidy({ tenant, id, files, chunks }: SearchedCollection): Promise<void> {
    if (this.#tidied.has(chunks)) return;
    this.#tidied.add(chunks);
    for (const group of chunks.groups.keys()) {
      if (files.found.has(group)) continue;
      const at = group.lastIndexOf(':');
      const place = { tenant, collection: id, file: group.slice(0, at) };
      const version = group.slice(at + 1);
      // It may have been announced since the list of files was read.
      const now = await this.#ingestion.read(place);
      if (now?.pending !== version && now?.version !== version) await this.#ingestion.deleteVersion(place, version);
    }
  }
}

function searchOf({ knowledge, reranker }: Omit<KnowledgeEngineConfig, 'indexBytesMax'>, deps: SearchParts): Search {
  const { candidates = 0, timeoutMs = 0 } = reranker ?? {};
  const { dense, reranker: model, ...rest } = deps;
  return new Search(
    { denseShare: knowledge.dense_share, candidates, rerankMs: timeoutMs },
    { ...rest, ...(dense === undefined ? {} : { dense }), ...(model === undefined ? {} : { reranker: model }) },
  );
}

interface SearchParts extends Omit<KnowledgeEngineDeps, 'dense' | 'reranker'> {
  readonly dense?: DenseArm | undefined;
  readonly reranker?: Reranker | undefined;
}

function unknownCollection(): GatewayError {
  return new GatewayError('resource_unknown', 'there is no such collection');
}
