/* What callers have at vendors, in a SQLite file or in memory, behind a thread of its own. */

import { type SqliteStoreDeps, SqliteThread, sqlitePath } from '../sqlite-thread.ts';
import type { SqliteVendorObjects } from './sqlite-vendor-objects.ts';
import type { VendorObject, VendorObjectStore } from './vendor-object-store.ts';

/** `records`: `memory`, or `sqlite:` and the path of a file, which is made with its folder when it is not there. */
export function createSqliteVendorObjectStore(records: string, deps: SqliteStoreDeps): VendorObjectStore {
  const thread = new SqliteThread<keyof SqliteVendorObjects>(
    { path: sqlitePath(records), program: new URL('sqlite-program.ts', import.meta.url), what: 'files and batches' },
    deps,
  );
  return {
    keep: (object, options) => thread.call<boolean>('keep', [object, options]),
    find: (id) => thread.call<VendorObject[]>('find', [id]),
    list: (owner, query) => thread.call<VendorObject[]>('list', [owner, query]),
    count: (tenant) => thread.call<number>('count', [tenant]),
    delete: ({ provider, id }) => thread.call<boolean>('delete', [{ provider, id }]),
    [Symbol.asyncDispose]: () => thread.close(),
  };
}
