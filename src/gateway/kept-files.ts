/*
 * Files of OpenAI's API that are kept here: as documents, whose text vector stores are made from. Their ids tell them from a provider's: nobody else's are
 * `file-` and 32 hexadecimal digits.
 */

import { jsonReply } from '../admin/json-reply.ts';
import { GatewayError } from '../base/errors.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { FilesConfig } from '../routing/files-config.ts';
import type { DocumentPosition, DocumentRecord, DocumentStore, Owner } from '../stores/document/document-store.ts';
import type { DocumentIntake } from './document-intake.ts';
import { type KnowledgeDesk, viewerOf } from './knowledge-desk.ts';

export interface KeptFilesDeps {
  readonly documents: DocumentStore;
  readonly intake: DocumentIntake;
  readonly desk: KnowledgeDesk;
}

const ID = /^file-[0-9a-f]{32}$/;
const FIELDS = ['file', 'purpose'] as const;
/** What a text may be kept for. The others are for a provider's own work. */
const PURPOSES: readonly string[] = ['assistants', 'user_data'];
/** What a vector store is made of: a provider's would be no use here, for those stores are the gateway's. */
const ALWAYS: readonly string[] = ['assistants'];
const LIMIT_MAX = 10_000;
const READ_AT_ONCE = 500;
/** What of a form is not the file. */
const FORM_BYTES_MAX = 262_144;

export function isKeptFile(id: string): boolean {
  return ID.test(id);
}

/** Whether a file for this is kept here, where a provider would keep it, too. */
export function isKeptPurpose(purpose: string | undefined, keep: FilesConfig['keep']): boolean {
  const purposes = keep === 'never' ? [] : keep === 'always' ? PURPOSES : ALWAYS;
  return purpose !== undefined && purposes.includes(purpose);
}

export interface KeptPage {
  readonly files: readonly { readonly id: string }[];
  readonly hasMore: boolean;
}

export function listReply(files: readonly { readonly id: string }[], hasMore: boolean): Reply {
  return jsonReply(200, {
    object: 'list',
    data: files,
    first_id: files[0]?.id ?? null,
    last_id: files.at(-1)?.id ?? null,
    has_more: hasMore,
  });
}

export class KeptFiles {
  /** A larger form holds no file that may be kept. */
  readonly formBytesMax: number;
  readonly #deps: KeptFilesDeps;

  constructor({ bytesMax }: { readonly bytesMax: number }, deps: KeptFilesDeps) {
    this.formBytesMax = bytesMax + FORM_BYTES_MAX;
    this.#deps = deps;
  }

  async create(request: GatewayRequest, exchange: Exchange): Promise<Reply> {
    const { intake } = this.#deps;
    const { record } = await intake.withForm(request, FIELDS, (form) => {
      const { purpose } = form;
      if (!PURPOSES.includes(purpose))
        throw new GatewayError(
          'feature_disabled',
          `what is kept here is for ${PURPOSES.join(' or ')}: no provider of this gateway keeps other files`,
          {
            param: 'purpose',
          },
        );
      const id = `file-${crypto.randomUUID().replaceAll('-', '')}`;
      // In a collection of its own name: the same content handed in twice is two files, of which one may be deleted.
      return intake.keep(form, { id, owner: ownerOf(exchange), collection: id, metadata: '{}', facts: { purpose } }, exchange);
    });
    return jsonReply(200, fileJson(record));
  }

  async list(request: GatewayRequest, exchange: Exchange): Promise<Reply> {
    const { files, hasMore } = await this.page(request, exchange);
    return listReply(files, hasMore);
  }

  /** `limit`, `order`, `after`, `purpose`. */
  async page(request: GatewayRequest, exchange: Exchange): Promise<KeptPage> {
    const given = new URLSearchParams(request.search);
    const limit = Number(given.get('limit') ?? LIMIT_MAX);
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
      throw new GatewayError('request_invalid', `'limit' must be a whole number from 1 to ${LIMIT_MAX}`, { param: 'limit' });
    const order = given.get('order') ?? 'desc';
    if (order !== 'asc' && order !== 'desc') throw new GatewayError('request_invalid', "'order' must be asc or desc", { param: 'order' });
    const all = await this.#all(ownerOf(exchange), given.get('purpose'));
    const ordered = order === 'asc' ? all.toReversed() : all;
    const after = given.get('after');
    const at = after === null ? -1 : ordered.findIndex(({ id }) => id === after);
    if (after !== null && at === -1) throw unknownFile();
    const data = ordered.slice(at + 1, at + 1 + limit);
    return { files: data.map(fileJson), hasMore: ordered.length > at + 1 + data.length };
  }

  async retrieve(id: string, exchange: Exchange): Promise<Reply> {
    return jsonReply(200, fileJson(await this.#find(id, exchange)));
  }

  async remove(id: string, exchange: Exchange): Promise<Reply> {
    if (!(await this.#deps.desk.deleteDocument(viewerOf(exchange), id))) throw unknownFile();
    return jsonReply(200, { id, object: 'file', deleted: true });
  }

  /** What it was handed in as is not kept, but its text. */
  async content(id: string, exchange: Exchange): Promise<Reply> {
    await this.#find(id, exchange);
    throw new GatewayError(
      'request_invalid',
      'of files for assistants and user_data the text is kept, not what was handed in: GET /v1/upload/{id}?include=text shows it',
      { param: 'id' },
    );
  }

  async #find(id: string, exchange: Exchange): Promise<DocumentRecord> {
    const record = await this.#deps.documents.find(ownerOf(exchange), id);
    if (record === undefined) throw unknownFile();
    return record;
  }

  /** Newest first. */
  async #all(owner: Owner, purpose: string | null): Promise<DocumentRecord[]> {
    const files: DocumentRecord[] = [];
    let after: DocumentPosition | undefined;
    for (;;) {
      const page = await this.#deps.documents.list(owner, { limit: READ_AT_ONCE, after });
      for (const record of page) if (isKeptFile(record.id) && (purpose === null || purposeOf(record) === purpose)) files.push(record);
      after = page.at(-1);
      if (page.length < READ_AT_ONCE) return files;
    }
  }
}

function fileJson(record: DocumentRecord): { readonly id: string } {
  const { id, bytes, createdMs, filename } = record;
  return {
    id,
    object: 'file',
    bytes,
    created_at: Math.floor(createdMs / 1_000),
    expires_at: null,
    filename,
    purpose: purposeOf(record),
    status: 'processed',
    status_details: null,
  } as { readonly id: string };
}

function purposeOf({ facts }: DocumentRecord): string {
  return (JSON.parse(facts) as { purpose?: string }).purpose ?? 'user_data';
}

/** A key without a user is the tenant's own: it meets no user's files, nor they its. */
function ownerOf(exchange: Exchange): Owner {
  const { tenant, user = '' } = viewerOf(exchange);
  return { tenant, user };
}

function unknownFile(): GatewayError {
  return new GatewayError('resource_unknown', 'there is no such file', { param: 'id' });
}
