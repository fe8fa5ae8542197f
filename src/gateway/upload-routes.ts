/* Uploads: a file comes in, its text is read and kept as a document of its owner, who can read, list and delete it. */

import { jsonReply } from '../admin/json-reply.ts';
import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import { createExtractor, type Extractor } from '../context/documents/extractor.ts';
import { displayName, extensionOf } from '../context/documents/file-name.ts';
import { FileRefusal } from '../context/documents/file-refusal.ts';
import type { UploadForm } from '../context/documents/upload-form.ts';
import type { UploadsConfig } from '../context/documents/uploads-config.ts';
import type { Route } from '../edge/route-table.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { DocumentPosition, DocumentRecord, DocumentStore, Owner } from '../stores/document/document-store.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface UploadRoutesDeps {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

const PATH = '/v1/upload';
const SHARED = { kind: 'resource', access: 'key', dialect: 'service' } as const;

export function createUploadRoutes(config: UploadsConfig, deps: UploadRoutesDeps): Route[] {
  const { documents } = deps;
  const show: Handler = async (request, exchange) => {
    const owner = ownerOf(exchange);
    const id = request.params?.['id'] ?? '';
    const include = parameters(request, ['include']).include;
    if (include !== undefined && include !== 'text') throw invalid('include', "'include' may be: text");
    const record = await documents.find(owner, id);
    if (record === undefined) throw unknownDocument();
    if (include === undefined) return jsonReply(200, documentJson(record));
    const text = await documents.text(owner, id);
    if (text === undefined) throw unknownDocument();
    return jsonReply(200, { ...documentJson(record), text: new TextDecoder().decode(text) });
  };
  const remove: Handler = async (request, exchange) => {
    const id = request.params?.['id'] ?? '';
    if (!(await documents.delete(ownerOf(exchange), id))) throw unknownDocument();
    return jsonReply(200, { id, object: 'document', deleted: true });
  };
  const create = config.enabled ? createUpload(config, deps) : refuseUpload;
  return [
    { ...SHARED, pattern: PATH, methods: ['POST'], handler: create, docs: async () => (await import('./upload-docs.ts')).UPLOAD_DOCS },
    {
      ...SHARED,
      pattern: PATH,
      methods: ['GET'],
      handler: (request, exchange) => listDocuments(documents, request, exchange),
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

const refuseUpload: Handler = () =>
  Promise.reject(new GatewayError('feature_disabled', 'files are not taken here: uploads are switched off (uploads.enabled)'));

function createUpload(config: UploadsConfig, deps: UploadRoutesDeps): Handler {
  const extractor = createExtractor(config, {
    clock: deps.clock,
    onFailure: (message) => deps.logger.warn('a file could not be read', { reason: message }),
  });
  let underWay = 0;
  return async (request, exchange) => {
    if (underWay >= config.uploads_max) throw new GatewayError('overloaded', 'too many uploads are under way', { retryAfterMs: 1_000 });
    underWay += 1;
    try {
      using form = await readForm(request, config.bytes_max);
      return await store(form, { config, deps, extractor, exchange });
    } finally {
      underWay -= 1;
    }
  };
}

async function readForm(request: GatewayRequest, bytesMax: number): Promise<UploadForm> {
  // The parser of forms is loaded with the first of them: a start need not wait for it.
  const { boundaryOf, FORM_BYTES_MAX, fileTooLarge, readUploadForm } = await import('../context/documents/upload-form.ts');
  const { body, headers } = request;
  const boundary = boundaryOf(headers.get('content-type'));
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity')
    throw new GatewayError('content_encoding_unsupported', 'compressed bodies are not read: send it without Content-Encoding');
  if (body.kind !== 'unread') throw invalid('file', "the request has no body; a multipart form with a part named 'file' is expected");
  // More cannot be a file of this size with what belongs to it: not a byte of it is read.
  if (body.length !== undefined && body.length > bytesMax + FORM_BYTES_MAX) throw fileTooLarge(bytesMax);
  return readUploadForm(body.stream(bytesMax + FORM_BYTES_MAX), { boundary, bytesMax });
}

interface Storing {
  readonly config: UploadsConfig;
  readonly deps: UploadRoutesDeps;
  readonly extractor: Extractor;
  readonly exchange: Exchange;
}

async function store(form: UploadForm, { config, deps, extractor, exchange }: Storing): Promise<Reply> {
  const owner = ownerOf(exchange);
  const { filename, collection, metadata } = form;
  const sha256 = new Bun.CryptoHasher('sha256').update(form.bytes).digest('hex');
  const known = await deps.documents.findContent(owner, { collection, sha256 });
  if (known !== undefined) return uploadReply(known, true);

  const { text, facts } = await extractor.extract(form.bytes, extensionOf(filename), exchange.signal).catch((cause: unknown) => {
    if (!(cause instanceof FileRefusal)) throw cause;
    throw new GatewayError(cause.code, cause.message, { param: 'file', cause });
  });
  const { mediaType, characters, kind: _kind, ...more } = facts;
  const record: DocumentRecord = {
    id: `doc_${crypto.randomUUID().replaceAll('-', '')}`,
    filename,
    mediaType,
    bytes: form.bytes.length,
    sha256,
    characters,
    createdMs: deps.clock.now(),
    collection,
    metadata,
    facts: JSON.stringify(more),
  };
  const limits = { documentsMax: config.documents_max, bytesMax: config.stored_bytes_max };
  const result = await deps.documents.add({ owner, record, text }, limits);
  switch (result.kind) {
    case 'added':
      return uploadReply(record, false);
    case 'duplicate':
      return uploadReply(result.record, true);
    case 'full': {
      const most = result.of === 'documents' ? `${limits.documentsMax} documents` : `${limits.bytesMax} bytes of text`;
      throw new GatewayError('quota_exceeded', `no more than ${most} are kept for you: delete some with DELETE ${PATH}/{id}`);
    }
  }
}

function uploadReply(record: DocumentRecord, duplicate: boolean): Reply {
  return jsonReply(200, { ...documentJson(record), duplicate });
}

/** `indexed`: whether it is found by search yet. */
function documentJson(record: DocumentRecord): object {
  return {
    id: record.id,
    object: 'document',
    status: 'stored',
    indexed: false,
    filename: record.filename,
    media_type: record.mediaType,
    size: record.bytes,
    sha256: record.sha256,
    characters: record.characters,
    ...(JSON.parse(record.facts) as object),
    collection: record.collection === '' ? null : record.collection,
    metadata: JSON.parse(record.metadata) as unknown,
    created: new Date(record.createdMs).toISOString(),
  };
}

const PAGE_DEFAULT = 20;
const PAGE_MAX = 100;

async function listDocuments(documents: DocumentStore, request: GatewayRequest, exchange: Exchange): Promise<Reply> {
  const given = parameters(request, ['limit', 'cursor', 'collection']);
  const limit = given.limit === undefined ? PAGE_DEFAULT : Number(given.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX)
    throw invalid('limit', `'limit' must be a whole number from 1 to ${PAGE_MAX}`);
  const after = given.cursor === undefined ? undefined : parseCursor(given.cursor);
  const found = await documents.list(ownerOf(exchange), { limit: limit + 1, after, collection: given.collection });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return jsonReply(200, {
    object: 'list',
    data: page.map(documentJson),
    has_more: hasMore,
    next_cursor: hasMore ? formatCursor(last) : null,
  });
}

/** Where a page ended: what is added meanwhile neither repeats nor hides a document of the next one. */
function formatCursor({ createdMs, id }: DocumentPosition): string {
  return Buffer.from(`${createdMs} ${id}`).toString('base64url');
}

function parseCursor(cursor: string): DocumentPosition {
  const found = /^(\d{1,15}) (doc_[0-9a-f]{32})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
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
