/* Vector stores, as the OpenAI API has them: collections of documents that are kept, indexed and searched here. */

import { jsonReply } from '../admin/json-reply.ts';
import { GatewayError } from '../base/errors.ts';
import type { Viewer } from '../context/knowledge/access.ts';
import type { Collection, KnowledgeEngine, ListPage } from '../context/knowledge/knowledge.ts';
import { pageOf } from '../context/knowledge/list-page.ts';
import type { Route } from '../edge/route-table.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import { type FileToAdd, type KnowledgeDesk, viewerOf } from './knowledge-desk.ts';
import { contentStream } from './vector-store-content.ts';
import { batchJson, fileJson, foundJson, listJson, storeJson } from './vector-store-objects.ts';
import {
  attributesOf,
  type CreateBatchBody,
  chunkingOf,
  createBatchBody,
  createFileBody,
  createStoreBody,
  expiryOf,
  readBody,
  readList,
  readSearch,
  readStatus,
  updateFileBody,
  updateStoreBody,
} from './vector-store-requests.ts';

export interface VectorStoreRoutesConfig {
  readonly enabled: boolean;
  /** Whose way of telling errors it is. */
  readonly dialect: string;
}

interface Asked {
  readonly request: GatewayRequest;
  readonly viewer: Viewer;
  /** A value of the path. */
  readonly id: (name: string) => string;
}

type Answer = (asked: Asked) => Promise<Reply>;

export function createVectorStoreRoutes(config: VectorStoreRoutesConfig, desk: KnowledgeDesk): Route[] {
  const routes = new VectorStores(desk);
  const route = (method: string, pattern: string, answer: Answer): Route => ({
    pattern: `/v1/vector_stores${pattern}`,
    methods: [method],
    kind: 'resource',
    access: 'key',
    dialect: config.dialect,
    handler: async (request, exchange) => {
      if (!config.enabled) throw new GatewayError('feature_disabled', 'no documents are kept here (context.knowledge.enabled)');
      return answer({ request, viewer: viewerOf(exchange), id: (name) => request.params?.[name] ?? '' });
    },
    docs: async () => (await import('./vector-store-docs.ts')).vectorStoreDocs(`${method} ${pattern}`),
  });
  return [
    route('POST', '', routes.create),
    route('GET', '', routes.list),
    route('GET', '/{store}', async ({ viewer, id }) => jsonReply(200, storeJson(await desk.collection(viewer, id('store'))))),
    route('POST', '/{store}', routes.update),
    route('DELETE', '/{store}', routes.remove),
    route('POST', '/{store}/search', routes.search),
    route('POST', '/{store}/files', routes.addFile),
    route('GET', '/{store}/files', routes.files),
    route('GET', '/{store}/files/{file}', routes.file),
    route('POST', '/{store}/files/{file}', routes.updateFile),
    route('DELETE', '/{store}/files/{file}', routes.removeFile),
    route('GET', '/{store}/files/{file}/content', routes.content),
    route('POST', '/{store}/file_batches', routes.addBatch),
    route('GET', '/{store}/file_batches/{batch}', routes.batch),
    route('POST', '/{store}/file_batches/{batch}/cancel', routes.cancelBatch),
    route('GET', '/{store}/file_batches/{batch}/files', routes.batchFiles),
  ];
}

class VectorStores {
  readonly #desk: KnowledgeDesk;

  constructor(desk: KnowledgeDesk) {
    this.#desk = desk;
  }

  readonly create: Answer = async ({ request, viewer }) => {
    const body = await readBody(request, createStoreBody);
    const { name, description, metadata, expires_after, file_ids, chunking_strategy } = body;
    const made = await this.#desk.create(viewer, {
      name: name ?? '',
      ...(description === null || description === undefined ? {} : { description }),
      metadata: metadata ?? {},
      ...expiryOf(expires_after),
    });
    const ids = file_ids ?? [];
    if (ids.length > 0) {
      const files = ids.map((id, at) => ({ id, param: `file_ids[${at}]`, attributes: {}, ...chunkingOf(chunking_strategy) }));
      await this.#desk.addFiles(viewer, made.id, { files }).catch(async (cause: unknown) => {
        // All of what was asked for, or nothing.
        await this.#engine.deleteCollection(viewer.tenant, made.id);
        throw cause;
      });
    }
    return jsonReply(200, storeJson(await this.#desk.collection(viewer, made.id)));
  };

  readonly list: Answer = async ({ request, viewer }) => {
    const visible = (await this.#desk.visible(viewer)).toReversed();
    const { items, hasMore }: ListPage<Collection> = pageOf(visible, { query: readList(request.search), accept: () => true });
    const overviews = await this.#engine.overviews(
      viewer.tenant,
      items.map(({ id }) => id),
    );
    return jsonReply(200, listJson({ items: overviews.map(storeJson), hasMore }));
  };

  readonly update: Answer = async ({ request, viewer, id }) => {
    const before = await this.#desk.ownCollection(viewer, id('store'));
    const { name, metadata, expires_after } = await readBody(request, updateStoreBody);
    const { files: _files, bytes: _bytes, expired: _expired, expiresAfterMs, ...kept } = before;
    if (before.expired) throw new GatewayError('request_invalid', 'the vector store has expired');
    const expiry = expires_after === undefined ? (expiresAfterMs === undefined ? {} : { expiresAfterMs }) : expiryOf(expires_after);
    await this.#engine.updateCollection(viewer.tenant, {
      ...kept,
      ...(name === undefined || name === null ? {} : { name: renamed(viewer, name) }),
      ...(metadata === undefined ? {} : { metadata: metadata ?? {} }),
      ...expiry,
    });
    return jsonReply(200, storeJson(await this.#desk.collection(viewer, before.id)));
  };

  readonly remove: Answer = async ({ viewer, id }) => {
    const { id: store } = await this.#desk.ownCollection(viewer, id('store'));
    await this.#engine.deleteCollection(viewer.tenant, store);
    return jsonReply(200, { id: store, object: 'vector_store.deleted', deleted: true });
  };

  readonly search: Answer = async ({ request, viewer, id }) => {
    const asked = await readSearch(request);
    const { id: store, expired } = await this.#desk.collection(viewer, id('store'));
    if (expired) throw new GatewayError('request_invalid', 'the vector store has expired');
    const { chunks, leftOut } = await this.#engine.search(viewer.tenant, { ...asked, collections: [store] });
    return jsonReply(200, {
      object: 'vector_store.search_results.page',
      search_query: asked.queries,
      data: chunks.map(foundJson),
      has_more: false,
      next_page: null,
      ...(leftOut.length === 0 ? {} : { left_out: leftOut }),
    });
  };

  readonly addFile: Answer = async ({ request, viewer, id }) => {
    const { file_id, attributes, chunking_strategy } = await readBody(request, createFileBody);
    const { id: store } = await this.#desk.ownCollection(viewer, id('store'));
    const file: FileToAdd = { id: file_id, param: 'file_id', attributes: attributesOf(attributes), ...chunkingOf(chunking_strategy) };
    const [added] = await this.#desk.addFiles(viewer, store, { files: [file] });
    if (added === undefined) throw unknownFile();
    return jsonReply(200, fileJson(store, added));
  };

  readonly files: Answer = async ({ request, viewer, id }) => {
    const { id: store } = await this.#desk.collection(viewer, id('store'));
    const query = { ...readList(request.search), ...readStatus(request.search) };
    const { items, hasMore } = await this.#engine.files(viewer.tenant, store, query);
    return jsonReply(200, listJson({ items: items.map((file) => fileJson(store, file)), hasMore }));
  };

  readonly file: Answer = async ({ viewer, id }) => {
    const { id: store } = await this.#desk.collection(viewer, id('store'));
    const file = await this.#engine.file(viewer.tenant, store, id('file'));
    if (file === undefined) throw unknownFile();
    return jsonReply(200, fileJson(store, file));
  };

  readonly updateFile: Answer = async ({ request, viewer, id }) => {
    const { attributes } = await readBody(request, updateFileBody);
    const { id: store } = await this.#desk.ownCollection(viewer, id('store'));
    const changed = await this.#engine.setAttributes(viewer.tenant, store, { file: id('file'), attributes: attributesOf(attributes) });
    if (changed === undefined) throw unknownFile();
    return jsonReply(200, fileJson(store, changed));
  };

  readonly removeFile: Answer = async ({ viewer, id }) => {
    const { id: store } = await this.#desk.ownCollection(viewer, id('store'));
    if (!(await this.#engine.removeFile(viewer.tenant, store, id('file')))) throw unknownFile();
    return jsonReply(200, { id: id('file'), object: 'vector_store.file.deleted', deleted: true });
  };

  readonly content: Answer = async ({ viewer, id }) => {
    const { id: store } = await this.#desk.collection(viewer, id('store'));
    const file = await this.#engine.file(viewer.tenant, store, id('file'));
    if (file === undefined) throw unknownFile();
    return {
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
      body: contentStream(this.#engine, { tenant: viewer.tenant, store, file: file.id }),
    };
  };

  readonly addBatch: Answer = async ({ request, viewer, id }) => {
    const files = batchFiles(await readBody(request, createBatchBody));
    const { id: store } = await this.#desk.ownCollection(viewer, id('store'));
    const batch = `vsfb_${crypto.randomUUID().replaceAll('-', '')}`;
    await this.#desk.addFiles(viewer, store, { files, batch });
    return this.#batchReply(viewer, store, batch);
  };

  readonly batch: Answer = async ({ viewer, id }) => {
    const { id: store } = await this.#desk.collection(viewer, id('store'));
    return this.#batchReply(viewer, store, id('batch'));
  };

  readonly cancelBatch: Answer = async ({ viewer, id }) => {
    const { id: store } = await this.#desk.ownCollection(viewer, id('store'));
    const batch = await this.#engine.cancelBatch(viewer.tenant, store, id('batch'));
    if (batch === undefined) throw unknownBatch();
    return jsonReply(200, batchJson(store, batch));
  };

  readonly batchFiles: Answer = async ({ request, viewer, id }) => {
    const { id: store } = await this.#desk.collection(viewer, id('store'));
    const batch = id('batch');
    if ((await this.#engine.batch(viewer.tenant, store, batch)) === undefined) throw unknownBatch();
    const query = { ...readList(request.search), ...readStatus(request.search), batch };
    const { items, hasMore } = await this.#engine.files(viewer.tenant, store, query);
    return jsonReply(200, listJson({ items: items.map((file) => fileJson(store, file)), hasMore }));
  };

  get #engine(): KnowledgeEngine {
    return this.#desk.engine;
  }

  async #batchReply(viewer: Viewer, store: string, id: string): Promise<Reply> {
    const batch = await this.#engine.batch(viewer.tenant, store, id);
    if (batch === undefined) throw unknownBatch();
    return jsonReply(200, batchJson(store, batch));
  }
}

/** A key that may use certain names alone gives no collection another. */
function renamed({ collections }: Viewer, name: string): string {
  if (collections === undefined) return name;
  throw new GatewayError('access_denied', 'this key may use certain collections alone, and rename none', { param: 'name' });
}

function batchFiles({ file_ids, files, attributes, chunking_strategy }: CreateBatchBody): FileToAdd[] {
  const shared = { attributes: attributesOf(attributes), ...chunkingOf(chunking_strategy) };
  if (file_ids !== null && file_ids !== undefined) return file_ids.map((id, at) => ({ id, param: `file_ids[${at}]`, ...shared }));
  return (files ?? []).map((file, at) => ({
    id: file.file_id,
    param: `files[${at}].file_id`,
    attributes: attributesOf(file.attributes),
    ...chunkingOf(file.chunking_strategy),
  }));
}

function unknownFile(): GatewayError {
  return new GatewayError('resource_unknown', 'there is no such file in this vector store', { param: 'file_id' });
}

function unknownBatch(): GatewayError {
  return new GatewayError('resource_unknown', 'there is no such batch in this vector store', { param: 'batch_id' });
}
