/* A place where everything is kept, as `gatehouse migrate` sees it: a SQLite file or a PostgreSQL. */

import { access } from 'node:fs/promises';
import type { DocumentArchive } from '../document/document-archive.ts';
import { createPostgresDocumentStore } from '../document/postgres-documents.ts';
import { SqliteDocuments } from '../document/sqlite-documents.ts';
import { isPostgres } from '../postgres/open-postgres.ts';
import { PostgresConnection, type PostgresDeps } from '../postgres/postgres-connection.ts';
import { createPostgresRecords } from '../record/postgres-records.ts';
import type { RecordArchive } from '../record/record-archive.ts';
import { openSqliteRecords } from '../record/sqlite-records.ts';
import { createPostgresVendorObjectStore } from '../vendor-object/postgres-vendor-objects.ts';
import { SqliteVendorObjects } from '../vendor-object/sqlite-vendor-objects.ts';
import type { VendorObjectArchive } from '../vendor-object/vendor-object-archive.ts';

export interface Place extends AsyncDisposable {
  /** The same for the same place, however one logs in there. */
  readonly id: string;
  readonly records: RecordArchive;
  readonly documents: DocumentArchive;
  readonly vendorObjects: VendorObjectArchive;
}

/** `url`: `postgres://…`, or `sqlite:` and an absolute path. */
export interface PlaceOrder {
  readonly url: string;
  /** Whether tables and files are made that are not there. */
  readonly mayMake: boolean;
}

/** Nobody waits for an answer to a chat here. */
const READ_TIMEOUT_MS = 20_000;
const WRITE_TIMEOUT_MS = 120_000;
const CONNECTIONS_MAX = 2;

/** Undefined: nothing was ever kept there, and nothing may be made. Throws the system's or the database's error when it cannot be opened. */
export async function openPlace({ url, mayMake }: PlaceOrder, deps: PostgresDeps): Promise<Place | undefined> {
  return isPostgres(url) ? openPostgresPlace(url, mayMake, deps) : openSqlitePlace(url.slice('sqlite:'.length), mayMake);
}

async function openPostgresPlace(url: string, mayMake: boolean, deps: PostgresDeps): Promise<Place | undefined> {
  const connection = new PostgresConnection(
    { url, readTimeoutMs: READ_TIMEOUT_MS, writeTimeoutMs: WRITE_TIMEOUT_MS, connectionsMax: CONNECTIONS_MAX },
    deps,
  );
  try {
    const [row] = await connection.ask<{ found: boolean }>(
      (sql) => sql`SELECT to_regclass('gatehouse.schema_versions') IS NOT NULL AS found`,
    );
    if (row?.found !== true && !mayMake) {
      await connection[Symbol.asyncDispose]();
      return undefined;
    }
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
  const { host, pathname } = new URL(url);
  return {
    id: idOf(`${host}${pathname}`),
    records: createPostgresRecords(connection),
    documents: createPostgresDocumentStore(connection).archive(),
    vendorObjects: createPostgresVendorObjectStore(connection).archive(),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

async function openSqlitePlace(path: string, mayMake: boolean): Promise<Place | undefined> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere && !mayMake) return undefined;
  const closers = new AsyncDisposableStack();
  const records = closers.use(openSqliteRecords(path));
  const documents = new SqliteDocuments(path);
  closers.defer(() => documents.close());
  const vendorObjects = new SqliteVendorObjects(path);
  closers.defer(() => vendorObjects.close());
  return {
    id: idOf(path),
    records,
    documents: documents.archive(),
    vendorObjects: vendorObjects.archive(),
    [Symbol.asyncDispose]: () => closers.disposeAsync(),
  };
}

function idOf(where: string): string {
  return new Bun.CryptoHasher('sha256').update(where).digest('hex').slice(0, 16);
}
