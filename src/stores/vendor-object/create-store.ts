/* The store of vendors' objects that is configured. */

import type { PostgresConnection } from '../postgres/postgres-connection.ts';
import type { SqliteStoreDeps } from '../sqlite-thread.ts';
import { createPostgresVendorObjectStore } from './postgres-vendor-objects.ts';
import { createSqliteVendorObjectStore } from './sqlite-store.ts';
import type { VendorObjectStore } from './vendor-object-store.ts';

/** `postgres`: where `records` is one. */
export function createVendorObjectStore(
  records: string,
  { postgres, ...deps }: SqliteStoreDeps & { readonly postgres: PostgresConnection | undefined },
): VendorObjectStore {
  return postgres === undefined ? createSqliteVendorObjectStore(records, deps) : createPostgresVendorObjectStore(postgres);
}
