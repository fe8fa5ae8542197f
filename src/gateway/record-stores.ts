/* What is kept of callers' own: documents, and what they have at vendors. In a SQLite file, or all in one PostgreSQL. */

import type { Clock } from '../base/clock.ts';
import { createDocumentStore } from '../stores/document/create-store.ts';
import type { DocumentStore } from '../stores/document/document-store.ts';
import { openPostgres } from '../stores/postgres/open-postgres.ts';
import { type PostgresWatch, watchPostgres } from '../stores/postgres/postgres-watch.ts';
import type { StateConfig } from '../stores/state-config.ts';
import { createVendorObjectStore } from '../stores/vendor-object/create-store.ts';
import type { VendorObjectStore } from '../stores/vendor-object/vendor-object-store.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface RecordStores extends AsyncDisposable {
  readonly documents: DocumentStore;
  readonly vendorObjects: VendorObjectStore;
  /** Where they are kept in one. */
  readonly postgres: PostgresWatch | undefined;
}

export interface RecordStoresDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

export function openRecordStores(state: StateConfig, { clock, random, log }: RecordStoresDeps): RecordStores {
  const closers = new AsyncDisposableStack();
  const connection = openPostgres(state, {
    clock,
    random,
    onFault: (reason) => log.error('the store of records failed', { reason }),
  });
  const onChange = (isUp: boolean): void => (isUp ? log.info('PostgreSQL answers') : log.warn('PostgreSQL does not answer'));
  const postgres = connection === undefined ? undefined : watchPostgres(closers.use(connection), { clock, onChange });
  if (postgres !== undefined) closers.use(postgres);
  const documents = createDocumentStore(state.records, {
    clock,
    postgres: connection,
    onFault: (reason) => log.error('the store of documents failed', { reason }),
  });
  const vendorObjects = createVendorObjectStore(state.records, {
    clock,
    postgres: connection,
    onFault: (reason) => log.error('the store of files and batches failed', { reason }),
  });
  closers.use(documents);
  closers.use(vendorObjects);
  return { documents, vendorObjects, postgres, [Symbol.asyncDispose]: () => closers.disposeAsync() };
}
