/* Documents in a SQLite file, or in memory, behind a thread of their own. */

import { type SqliteStoreDeps, SqliteThread, sqlitePath } from '../sqlite-thread.ts';
import type { AddResult, DocumentRecord, DocumentStore } from './document-store.ts';
import type { SqliteDocuments } from './sqlite-documents.ts';

/** `records`: `memory`, or `sqlite:` and the path of a file, which is made with its folder when it is not there. */
export function createSqliteDocumentStore(records: string, deps: SqliteStoreDeps): DocumentStore {
  const thread = new SqliteThread<keyof SqliteDocuments>(
    { path: sqlitePath(records), program: new URL('sqlite-program.ts', import.meta.url), what: 'documents' },
    deps,
  );
  return {
    add: (document, limits) => thread.call<AddResult>('add', [document, limits], transferable(document.text)),
    find: (owner, id) => thread.call<DocumentRecord | undefined>('find', [owner, id]),
    findContent: (owner, { collection, sha256 }) => thread.call<DocumentRecord | undefined>('findContent', [owner, { collection, sha256 }]),
    text: (owner, id) => thread.call<Uint8Array | undefined>('text', [owner, id]),
    list: (owner, query) => thread.call<DocumentRecord[]>('list', [owner, query]),
    delete: (owner, id) => thread.call<boolean>('delete', [owner, id]),
    [Symbol.asyncDispose]: () => thread.close(),
  };
}

/** The whole buffer can be handed to the thread; a part of a larger one is copied. */
function transferable(bytes: Uint8Array): ArrayBuffer[] {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
