/* The store of records that is configured, for the thread that does nothing else, or a command. */

import { openPostgres } from '../postgres/open-postgres.ts';
import type { PostgresDeps } from '../postgres/postgres-connection.ts';
import { sqlitePath } from '../sqlite-thread.ts';
import type { StateConfig } from '../state-config.ts';
import { createPostgresRecords } from './postgres-records.ts';
import type { RecordArchive } from './record-archive.ts';
import { openSqliteRecords } from './sqlite-records.ts';

/** Throws the system's or SQLite's error when a file cannot be opened; a PostgreSQL is dialled with the first call. */
export function openRecords(
  config: Pick<StateConfig, 'records' | 'records_timeout' | 'records_connections_max'>,
  deps: PostgresDeps,
): RecordArchive {
  const connection = openPostgres(config, deps);
  if (connection === undefined) return openSqliteRecords(sqlitePath(config.records), deps.onFault);
  return Object.assign(createPostgresRecords(connection), { [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() });
}
