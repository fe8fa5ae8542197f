/*
 * The port for documents: what callers handed in, as text. Driver: sqlite-store.ts. Every driver passes conformance.ts.
 *
 * What holds for every driver:
 *   - a document is there whole or not at all, whatever becomes of the process; it is there after a crash when `add` had resolved;
 *   - an owner meets nobody's documents but its own, by whatever call;
 *   - one owner has a content once in a collection: of two that are added at the same time, one is the duplicate of the other;
 *   - the limits of a tenant hold exactly, also between processes that share the store;
 *   - what was deleted is not to be found in the store's files either.
 *
 * Calls reject with a GatewayError `storage_unavailable` when the store cannot be used; they are bounded in time and in number.
 */

/** Whose it is. Without a user: the tenant's own, which none of its users meets. */
export interface Owner {
  readonly tenant: string;
  readonly user: string;
}

export interface DocumentRecord {
  /** Unique, and not to be guessed. */
  readonly id: string;
  /** For display alone. */
  readonly filename: string;
  readonly mediaType: string;
  /** Bytes of the file as it was handed in. */
  readonly bytes: number;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** Unicode characters of the text. */
  readonly characters: number;
  /** Milliseconds since the Unix epoch. */
  readonly createdMs: number;
  /** Empty when the caller named none. */
  readonly collection: string;
  /** A JSON object. */
  readonly metadata: string;
  /** What reading it has told besides, as a JSON object: pages, charset. */
  readonly facts: string;
}

export interface NewDocument {
  readonly owner: Owner;
  readonly record: DocumentRecord;
  /** UTF-8. The buffer may be handed over to the driver: do not use it afterwards. */
  readonly text: Uint8Array;
}

export interface DocumentLimits {
  readonly documentsMax: number;
  /** Bytes of text of one tenant. */
  readonly bytesMax: number;
}

export type AddResult =
  | { readonly kind: 'added' }
  | { readonly kind: 'duplicate'; readonly record: DocumentRecord }
  | { readonly kind: 'full'; readonly of: 'documents' | 'bytes' };

export interface DocumentQuery {
  /** Undefined: all. */
  readonly collection?: string | undefined;
  /** The last of the page before. */
  readonly after?: DocumentPosition | undefined;
  /** At least 1. */
  readonly limit: number;
}

export type DocumentPosition = Pick<DocumentRecord, 'createdMs' | 'id'>;

export interface DocumentStore extends AsyncDisposable {
  add(document: NewDocument, limits: DocumentLimits): Promise<AddResult>;
  find(owner: Owner, id: string): Promise<DocumentRecord | undefined>;
  findContent(owner: Owner, content: Pick<DocumentRecord, 'collection' | 'sha256'>): Promise<DocumentRecord | undefined>;
  /** UTF-8. */
  text(owner: Owner, id: string): Promise<Uint8Array | undefined>;
  /** Newest first. */
  list(owner: Owner, query: DocumentQuery): Promise<DocumentRecord[]>;
  /** Whether there was one. */
  delete(owner: Owner, id: string): Promise<boolean>;
}
