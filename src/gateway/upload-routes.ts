/* Uploads: a file comes in, its text is read and kept as a document of its owner, who can read, list and delete it. */

import { jsonReply } from '../admin/json-reply.ts';
import { GatewayError } from '../base/errors.ts';
import { displayName } from '../context/documents/file-name.ts';
import { DEFAULT_COLLECTION, type Viewer } from '../context/knowledge/access.ts';
import type { CollectionFile } from '../context/knowledge/knowledge.ts';
import type { Route } from '../edge/route-table.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { DocumentPosition, DocumentRecord, DocumentStore, Owner } from '../stores/document/document-store.ts';
import type { DocumentIntake } from './document-intake.ts';
import { isKeptFile } from './kept-files.ts';
import { type KnowledgeDesk, viewerOf } from './knowledge-desk.ts';

export interface UploadRoutesDeps {
  readonly documents: DocumentStore;
  readonly intake: DocumentIntake;
  /** Undefined where no documents are searched. */
  readonly desk: KnowledgeDesk | undefined;
}

const PATH = '/v1/upload';
const SHARED = { kind: 'resource', access: 'key', dialect: 'service' } as const;

export function createUploadRoutes(deps: UploadRoutesDeps): Route[] {
  const { documents, desk } = deps;
  const show: Handler = async (request, exchange) => {
    const owner = ownerOf(exchange);
    const id = request.params?.['id'] ?? '';
    const include = parameters(request, ['include']).include;
    if (include !== undefined && include !== 'text') throw invalid('include', "'include' may be: text");
    const record = await documents.find(owner, id);
    if (record === undefined) throw unknownDocument();
    const shown = documentJson(record, (await statesOf([record], desk, viewerOf(exchange))).get(id));
    if (include === undefined) return jsonReply(200, shown);
    const text = await documents.text(owner, id);
    if (text === undefined) throw unknownDocument();
    return jsonReply(200, { ...shown, text: new TextDecoder().decode(text) });
  };
  const remove: Handler = async (request, exchange) => {
    const id = request.params?.['id'] ?? '';
    const wasThere = desk === undefined ? await documents.delete(ownerOf(exchange), id) : await desk.deleteDocument(viewerOf(exchange), id);
    if (!wasThere) throw unknownDocument();
    return jsonReply(200, { id, object: 'document', deleted: true });
  };
  const create = createUpload(deps);
  return [
    { ...SHARED, pattern: PATH, methods: ['POST'], handler: create, docs: async () => (await import('./upload-docs.ts')).UPLOAD_DOCS },
    {
      ...SHARED,
      pattern: PATH,
      methods: ['GET'],
      handler: (request, exchange) => listDocuments(deps, request, exchange),
      docs: async () => (await import('./upload-docs.ts')).LIST_DOCS,
    },
    { ...SHARED, pattern: `${PATH}/{id}`, methods: ['GET'], handler: show, docs: async () => (await import('./upload-docs.ts')).SHOW_DOCS },
    {
      ...SHARED,
      pattern: `${PATH}/{id}`,
      methods: ['DELETE'],
      handler: remove,
      docs: async () => (await import('./upload-docs.ts')).DELETE_DOCS,
    },
  ];
}

const FIELDS = ['file', 'metadata', 'collection'] as const;

function createUpload({ intake, desk }: UploadRoutesDeps): Handler {
  return async (request, exchange) => {
    const { record, duplicate } = await intake.withForm(request, FIELDS, async (form) => {
      // Before anything is kept: a key that may not use this collection has not uploaded either.
      if (desk !== undefined) desk.checkName(viewerOf(exchange), collectionName(form));
      const id = `doc_${crypto.randomUUID().replaceAll('-', '')}`;
      const { collection, metadata } = form;
      return intake.keep(form, { id, owner: ownerOf(exchange), collection, metadata }, exchange);
    });
    if (desk === undefined) return jsonReply(200, { ...documentJson(record), duplicate });
    return jsonReply(200, { ...documentJson(record, await index(record, desk, viewerOf(exchange))), duplicate });
  };
}

/** What is uploaded is found by search when the answer is there. Not to be able to is no reason to refuse what is already kept: the answer says it. */
async function index(record: DocumentRecord, desk: KnowledgeDesk, viewer: Viewer): Promise<IndexedState | undefined> {
  try {
    const store = await desk.ensureNamed(viewer, collectionName(record));
    const [known] = await desk.engine.findFiles(viewer.tenant, store.id, [record.id]);
    const file = known?.status === 'completed' ? known : await desk.indexDocument(viewer, store.id, record);
    return file === undefined ? undefined : { store: store.id, file };
  } catch (cause) {
    if (cause instanceof GatewayError && cause.row.source !== 'client') return undefined;
    throw cause;
  }
}

function collectionName({ collection }: { readonly collection: string }): string {
  return collection === '' ? DEFAULT_COLLECTION : collection;
}

interface IndexedState {
  /** The id of its collection. */
  readonly store: string;
  readonly file: CollectionFile;
}

/** `indexed`: whether it is found by search. */
function documentJson(record: DocumentRecord, state?: IndexedState): object {
  const { pageStarts: _pageStarts, ...facts } = JSON.parse(record.facts) as Record<string, unknown>;
  const isIndexed = state?.file.status === 'completed';
  return {
    id: record.id,
    object: 'document',
    status: 'stored',
    indexed: isIndexed,
    ...(state === undefined ? {} : { chunks: isIndexed ? state.file.chunks : 0, vector_store_id: state.store }),
    filename: record.filename,
    media_type: record.mediaType,
    size: record.bytes,
    sha256: record.sha256,
    characters: record.characters,
    ...facts,
    collection: record.collection === '' || isKeptFile(record.id) ? null : record.collection,
    metadata: JSON.parse(record.metadata) as unknown,
    created: new Date(record.createdMs).toISOString(),
  };
}

/** What search knows of documents: one look into each of their collections. */
async function statesOf(
  records: readonly DocumentRecord[],
  desk: KnowledgeDesk | undefined,
  viewer: Viewer,
): Promise<ReadonlyMap<string, IndexedState>> {
  const states = new Map<string, IndexedState>();
  if (desk === undefined) return states;
  for (const name of new Set(records.map(collectionName))) {
    const store = await desk.named(viewer, name);
    if (store === undefined) continue;
    const ids = records.filter((record) => collectionName(record) === name).map(({ id }) => id);
    for (const file of await desk.engine.findFiles(viewer.tenant, store.id, ids)) states.set(file.id, { store: store.id, file });
  }
  return states;
}

const PAGE_DEFAULT = 20;
const PAGE_MAX = 100;

async function listDocuments({ documents, desk }: UploadRoutesDeps, request: GatewayRequest, exchange: Exchange): Promise<Reply> {
  const given = parameters(request, ['limit', 'cursor', 'collection']);
  const limit = given.limit === undefined ? PAGE_DEFAULT : Number(given.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX)
    throw invalid('limit', `'limit' must be a whole number from 1 to ${PAGE_MAX}`);
  const after = given.cursor === undefined ? undefined : parseCursor(given.cursor);
  const found = await documents.list(ownerOf(exchange), { limit: limit + 1, after, collection: given.collection });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  const states = await statesOf(page, desk, viewerOf(exchange));
  return jsonReply(200, {
    object: 'list',
    data: page.map((record) => documentJson(record, states.get(record.id))),
    has_more: hasMore,
    next_cursor: hasMore ? formatCursor(last) : null,
  });
}

/** Where a page ended: what is added meanwhile neither repeats nor hides a document of the next one. */
function formatCursor({ createdMs, id }: DocumentPosition): string {
  return Buffer.from(`${createdMs} ${id}`).toString('base64url');
}

function parseCursor(cursor: string): DocumentPosition {
  const found = /^(\d{1,15}) ((?:doc_|file-)[0-9a-f]{32})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const [, createdMs, id] = found ?? [];
  if (createdMs === undefined || id === undefined) throw invalid('cursor', "'cursor' is no `next_cursor` of a page of this list");
  return { createdMs: Number(createdMs), id };
}

function parameters<Name extends string>(request: GatewayRequest, names: readonly Name[]): Readonly<Partial<Record<Name, string>>> {
  const given: Partial<Record<Name, string>> = {};
  for (const [name, value] of new URLSearchParams(request.search)) {
    const known = names.find((candidate) => candidate === name);
    if (known === undefined)
      throw invalid(displayName(name), `there is no parameter '${displayName(name)}' here, but: ${names.join(', ')}`);
    given[known] = value;
  }
  return given;
}

/** A key without a user is the tenant's own: it meets no user's documents, nor they its. */
function ownerOf(exchange: Exchange): Owner {
  const { tenant, user = '' } = exchange.get(principalFact);
  return { tenant, user };
}

function unknownDocument(): GatewayError {
  return new GatewayError('resource_unknown', 'there is no such document');
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError('request_invalid', message, { param });
}
