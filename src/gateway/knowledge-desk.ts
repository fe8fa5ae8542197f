/* Knowledge as callers may use it: their own collections and documents, and nobody else's. What is another's is not there: the same answer as for nothing. */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import { mayChange, maySee, namedCollectionId, type Viewer } from '../context/knowledge/access.ts';
import type {
  AnnouncedFile,
  Attributes,
  ChunkingStrategy,
  Collection,
  CollectionFile,
  CollectionOverview,
  KnowledgeEngine,
} from '../context/knowledge/knowledge.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { DocumentRecord, DocumentStore } from '../stores/document/document-store.ts';
import type { IngestQueue } from './ingest-queue.ts';

export interface KnowledgeDeskDeps {
  readonly engine: KnowledgeEngine;
  readonly documents: DocumentStore;
  readonly queue: IngestQueue;
  readonly clock: Clock;
}

export interface NewCollection {
  readonly name: string;
  readonly description?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly expiresAfterMs?: number;
}

export interface FileToAdd {
  readonly id: string;
  /** Of the request, for what is said of it. */
  readonly param: string;
  readonly attributes: Attributes;
  readonly chunking?: ChunkingStrategy;
}

const COLLECTIONS_MAX = 10_000;
/** How long the answer to an upload waits for its document to be found by search. */
const INDEX_WAIT_MS = 2_000;

export class KnowledgeDesk {
  readonly #deps: KnowledgeDeskDeps;

  constructor(deps: KnowledgeDeskDeps) {
    this.#deps = deps;
  }

  get engine(): KnowledgeEngine {
    return this.#deps.engine;
  }

  /** Those that the viewer may search, newest first. */
  async visible(viewer: Viewer): Promise<readonly Collection[]> {
    return (await this.engine.collections(viewer.tenant)).filter((collection) => maySee(viewer, collection));
  }

  /** Throws `resource_unknown`. */
  async collection(viewer: Viewer, id: string): Promise<CollectionOverview> {
    const found = await this.engine.collection(viewer.tenant, id);
    if (found === undefined || !maySee(viewer, found)) throw unknownCollection();
    return found;
  }

  /** One that the viewer may change. Throws `resource_unknown`; `access_denied` for one that may be searched alone. */
  async ownCollection(viewer: Viewer, id: string): Promise<CollectionOverview> {
    const found = await this.collection(viewer, id);
    if (!mayChange(viewer, found))
      throw new GatewayError(
        'access_denied',
        'this collection is the whole tenant’s: a key that is bound to a user may search it, not change it',
      );
    return found;
  }

  /** Throws `access_denied` for a name that the key may not use, `quota_exceeded`. */
  async create(viewer: Viewer, given: NewCollection, id = `vs_${crypto.randomUUID().replaceAll('-', '')}`): Promise<Collection> {
    const nowMs = this.#deps.clock.now();
    const { user } = viewer;
    const collection: Collection = { id, ...given, createdMs: nowMs, lastActiveMs: nowMs, ...(user === undefined ? {} : { user }) };
    if (!maySee(viewer, collection))
      throw new GatewayError('access_denied', 'this key may use certain collections alone, and none of this name');
    if ((await this.engine.collections(viewer.tenant)).length >= COLLECTIONS_MAX)
      throw new GatewayError('quota_exceeded', `there are as many collections as may be: ${COLLECTIONS_MAX}`);
    await this.engine.createCollection(viewer.tenant, collection);
    return collection;
  }

  /** The viewer's own collection of this name, if there is one: of several, the oldest. */
  async named(viewer: Viewer, name: string): Promise<Collection | undefined> {
    const own = (await this.engine.collections(viewer.tenant)).filter((one) => one.name === name && mayChange(viewer, one));
    return own.at(-1);
  }

  /** Throws `resource_unknown` for a name that the viewer's own collections may not have. */
  checkName(viewer: Viewer, name: string): void {
    const { user } = viewer;
    const collection = { id: namedCollectionId(viewer, name), name, ...(user === undefined ? {} : { user }) };
    if (!maySee(viewer, collection))
      throw new GatewayError('resource_unknown', `there is no collection '${name}' for this key`, { param: 'collection' });
  }

  /** The same, made where it is not there yet. Throws `resource_unknown` for a name that the key may not use. */
  async ensureNamed(viewer: Viewer, name: string): Promise<Collection> {
    this.checkName(viewer, name);
    return (await this.named(viewer, name)) ?? this.create(viewer, { name, metadata: {} }, namedCollectionId(viewer, name));
  }

  /** Documents of the viewer, on their way into a collection. Throws `resource_unknown` for one that is not there. */
  async addFiles(
    viewer: Viewer,
    collection: string,
    given: { files: readonly FileToAdd[]; batch?: string },
  ): Promise<readonly CollectionFile[]> {
    const owner = viewer.user ?? '';
    const found = await Promise.all(given.files.map(({ id }) => this.#deps.documents.find({ tenant: viewer.tenant, user: owner }, id)));
    const files = given.files.map(({ id, param, attributes, chunking }, at): AnnouncedFile => {
      const record = found[at];
      if (record === undefined) throw new GatewayError('resource_unknown', 'there is no such file', { param });
      return { id, filename: record.filename, attributes, owner, ...(chunking === undefined ? {} : { chunking }) };
    });
    const { batch } = given;
    const announced = await this.engine.announce(viewer.tenant, collection, { files, ...(batch === undefined ? {} : { batch }) });
    this.#deps.queue.add(files.map((file) => ({ tenant: viewer.tenant, collection, file })));
    return announced;
  }

  /** Puts a document into a collection, and waits a while until it is there: a long one is still in progress then, and gets there by itself. */
  async indexDocument(viewer: Viewer, collection: string, record: DocumentRecord): Promise<CollectionFile | undefined> {
    const { tenant, user: owner = '' } = viewer;
    const file = { id: record.id, filename: record.filename, attributes: attributesIn(record), owner };
    const [announced] = await this.engine.announce(tenant, collection, { files: [file] });
    const late = Promise.withResolvers<CollectionFile | undefined>();
    using _wait = this.#deps.clock.after(INDEX_WAIT_MS, () => late.resolve(announced));
    const indexed = this.#deps.queue.now({ tenant, collection, file });
    // Nobody may be listening any more when it fails.
    indexed.catch(() => undefined);
    return await Promise.race([indexed, late.promise]);
  }

  /** Deletes a document, and takes it out of every collection. Whether there was one. */
  async deleteDocument(viewer: Viewer, id: string): Promise<boolean> {
    const { tenant, user = '' } = viewer;
    const owner = { tenant, user };
    if ((await this.#deps.documents.find(owner, id)) === undefined) return false;
    // First what is found by search: should this end in between, the document is still there to be deleted again.
    await this.engine.removeDocument(tenant, id);
    return this.#deps.documents.delete(owner, id);
  }
}

const ATTRIBUTES_MAX = 16;
const KEY_CHARS_MAX = 64;
const VALUE_CHARS_MAX = 512;

/** What of the uploader's own words about a document filters can look at. */
function attributesIn({ metadata }: DocumentRecord): Attributes {
  const pairs = Object.entries(JSON.parse(metadata) as Record<string, unknown>).filter(
    (pair): pair is [string, string | number | boolean] =>
      pair[0].length >= 1 &&
      pair[0].length <= KEY_CHARS_MAX &&
      (typeof pair[1] === 'number' || typeof pair[1] === 'boolean' || (typeof pair[1] === 'string' && pair[1].length <= VALUE_CHARS_MAX)),
  );
  return Object.fromEntries(pairs.slice(0, ATTRIBUTES_MAX));
}

export function viewerOf(exchange: Exchange): Viewer {
  const { tenant, user, collections } = exchange.get(principalFact);
  return { tenant, ...(user === undefined ? {} : { user }), ...(collections === undefined ? {} : { collections }) };
}

export function unknownCollection(): GatewayError {
  return new GatewayError('resource_unknown', 'there is no such vector store', { param: 'vector_store_id' });
}
