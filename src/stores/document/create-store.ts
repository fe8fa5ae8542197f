/* The store of documents that is configured. */

import type { PostgresConnection } from '../postgres/postgres-connection.ts';
import type { SqliteStoreDeps } from '../sqlite-thread.ts';
import type { DocumentStore } from './document-store.ts';
import { createPostgresDocumentStore } from './postgres-documents.ts';
import { createSqliteDocumentStore } from './sqlite-store.ts';

/** `postgres`: where `records` is one. */
export function createDocumentStore(
  records: string,
  { postgres, ...deps }: SqliteStoreDeps & { readonly postgres: PostgresConnection | undefined },
): DocumentStore {
  return postgres === undefined ? createSqliteDocumentStore(records, deps) : createPostgresDocumentStore(postgres);
}
