/* A file comes in as a form, its text is read in a process of its own, and is kept as a document of its owner. */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import { createExtractor, type Extractor } from '../context/documents/extractor.ts';
import { extensionOf } from '../context/documents/file-name.ts';
import { FileRefusal } from '../context/documents/file-refusal.ts';
import type { FormField, UploadForm } from '../context/documents/upload-form.ts';
import type { UploadsConfig } from '../context/documents/uploads-config.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { DocumentRecord, DocumentStore, Owner } from '../stores/document/document-store.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface DocumentIntakeDeps {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is to be kept of a form. */
export interface Intended {
  readonly id: string;
  readonly owner: Owner;
  /** The same content is kept once in each. */
  readonly collection: string;
  /** A JSON object. */
  readonly metadata: string;
  /** To be told with it besides what reading it has told. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface TakenDocument {
  readonly record: DocumentRecord;
  /** Whether the same content was there already: then this is that. */
  readonly duplicate: boolean;
}

export class DocumentIntake {
  readonly #config: UploadsConfig;
  readonly #deps: DocumentIntakeDeps;
  readonly #extractor: Extractor;
  #underWay = 0;

  constructor(config: UploadsConfig, deps: DocumentIntakeDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#extractor = createExtractor(config, {
      clock: deps.clock,
      onFailure: (message) => deps.logger.warn('a file could not be read', { reason: message }),
    });
  }

  /** Reads the form with these parts, and hands it to `use`. Throws `feature_disabled`, `overloaded`, and what is wrong with the form. */
  async withForm<T>(request: GatewayRequest, fields: readonly FormField[], use: (form: UploadForm) => Promise<T>): Promise<T> {
    const { enabled, uploads_max: max, bytes_max: bytesMax } = this.#config;
    if (!enabled) throw new GatewayError('feature_disabled', 'files are not taken here: uploads are switched off (uploads.enabled)');
    if (this.#underWay >= max) throw new GatewayError('overloaded', 'too many uploads are under way', { retryAfterMs: 1_000 });
    this.#underWay += 1;
    try {
      using form = await readForm(request, { bytesMax, fields });
      return await use(form);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Throws what is wrong with the file, `quota_exceeded`, `storage_unavailable`. */
  async keep(form: UploadForm, intended: Intended, exchange: Exchange): Promise<TakenDocument> {
    const { documents, clock } = this.#deps;
    const { id, owner, collection, metadata, facts: more } = intended;
    const sha256 = new Bun.CryptoHasher('sha256').update(form.bytes).digest('hex');
    const known = await documents.findContent(owner, { collection, sha256 });
    if (known !== undefined) return { record: known, duplicate: true };

    const { text, facts } = await this.#extractor
      .extract(form.bytes, extensionOf(form.filename), exchange.signal)
      .catch((cause: unknown) => {
        if (!(cause instanceof FileRefusal)) throw cause;
        throw new GatewayError(cause.code, cause.message, { param: 'file', cause });
      });
    const { mediaType, characters, kind: _kind, ...told } = facts;
    const record: DocumentRecord = {
      id,
      filename: form.filename,
      mediaType,
      bytes: form.bytes.length,
      sha256,
      characters,
      createdMs: clock.now(),
      collection,
      metadata,
      facts: JSON.stringify({ ...told, ...more }),
    };
    const limits = { documentsMax: this.#config.documents_max, bytesMax: this.#config.stored_bytes_max };
    const result = await documents.add({ owner, record, text }, limits);
    switch (result.kind) {
      case 'added':
        return { record, duplicate: false };
      case 'duplicate':
        return { record: result.record, duplicate: true };
      case 'full': {
        const most = result.of === 'documents' ? `${limits.documentsMax} documents` : `${limits.bytesMax} bytes of text`;
        throw new GatewayError('quota_exceeded', `no more than ${most} are kept for you: delete some with DELETE /v1/upload/{id}`);
      }
    }
  }
}

async function readForm(
  request: GatewayRequest,
  { bytesMax, fields }: { readonly bytesMax: number; readonly fields: readonly FormField[] },
): Promise<UploadForm> {
  // The parser of forms is loaded with the first of them: a start need not wait for it.
  const { boundaryOf, FORM_BYTES_MAX, fileTooLarge, readUploadForm } = await import('../context/documents/upload-form.ts');
  const { body, headers } = request;
  const boundary = boundaryOf(headers.get('content-type'));
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity')
    throw new GatewayError('content_encoding_unsupported', 'compressed bodies are not read: send it without Content-Encoding');
  if (body.kind !== 'unread')
    throw new GatewayError('request_invalid', "the request has no body; a multipart form with a part named 'file' is expected", {
      param: 'file',
    });
  // More cannot be a file of this size with what belongs to it: not a byte of it is read.
  if (body.length !== undefined && body.length > bytesMax + FORM_BYTES_MAX) throw fileTooLarge(bytesMax);
  return readUploadForm(body.stream(bytesMax + FORM_BYTES_MAX), { boundary, bytesMax, fields });
}
