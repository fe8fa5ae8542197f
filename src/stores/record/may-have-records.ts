/* A look at a store of records from outside, before anything is started for it. */

import { Database } from 'bun:sqlite';
import { existsSync } from 'node:fs';
import { isPostgres } from '../postgres/open-postgres.ts';
import { IN_MEMORY, sqlitePath } from '../sqlite-thread.ts';

/** Whether there may be records. A server is not asked, and what cannot be read has some. Takes about a millisecond. */
export function mayHaveRecords(records: string): boolean {
  if (isPostgres(records)) return true;
  const path = sqlitePath(records);
  if (path === IN_MEMORY || !existsSync(path)) return false;
  try {
    const database = new Database(path, { readonly: true });
    try {
      // The file may have been made for documents, or for what callers have at vendors.
      if (database.query("SELECT 1 FROM sqlite_schema WHERE name = 'record_partitions'").get() === null) return false;
      return database.query('SELECT 1 FROM record_partitions LIMIT 1').get() !== null;
    } finally {
      database.close();
    }
  } catch {
    return true;
  }
}
