/*
 * A SQLite file that several parts of the gateway keep their tables in, each with a version of its own.
 *
 * Write-ahead logging; what was committed is on the disk before anybody is told so. `secure_delete` overwrites what is deleted.
 */

import { Database } from 'bun:sqlite';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { IN_MEMORY } from './sqlite-thread.ts';

export interface SqliteTables {
  /** Whose tables they are, in words. */
  readonly component: string;
  readonly version: number;
  /** Makes them. */
  readonly schema: string;
}

/** How long a write waits for another process that writes, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;
const BUSY_PAUSE_MS = 2;
/** How long emptying the log waits for those who read. */
const CHECKPOINT_WAIT_MS = 20;

export interface SqliteOptions {
  /** `commit`: what was committed is on the disk. `later`: whoever wrote waits for a SqliteSync. */
  readonly synced?: 'commit' | 'later';
}

/** Throws the system's or SQLite's error when the file cannot be opened, or its tables are of a later version than this program. */
export function openSqlite(path: string, tables: SqliteTables, { synced = 'commit' }: SqliteOptions = {}): Database {
  if (path !== IN_MEMORY) createPrivateFile(path);
  const database = new Database(path, { create: true, strict: true, safeIntegers: false });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    writeAhead(database);
    database.run(`PRAGMA synchronous = ${synced === 'commit' ? 'FULL' : 'NORMAL'}; PRAGMA secure_delete = ON`);
    migrate(database, tables);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Moves all that was written from the log into the file, so that nothing deleted is left there. Whether that was possible: a reader of another process holds it up. */
export function emptyLog(database: Database): boolean {
  database.run(`PRAGMA busy_timeout = ${CHECKPOINT_WAIT_MS}`);
  try {
    return database.query<{ busy: number }, []>('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy !== 1;
  } finally {
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

/** Two who open a new file at once are in each other's way here, and SQLite does not wait by itself for this one step. */
function writeAhead(database: Database): void {
  for (let waitedMs = 0; ; waitedMs += BUSY_PAUSE_MS) {
    try {
      database.run('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'SQLITE_BUSY' || waitedMs >= BUSY_TIMEOUT_MS) throw error;
      Bun.sleepSync(BUSY_PAUSE_MS);
    }
  }
}

function migrate(database: Database, { component, version, schema }: SqliteTables): void {
  database.run('CREATE TABLE IF NOT EXISTS schema_versions (component TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT');
  // Takes the place of the one writer at once: to read first and then find another one there would fail.
  database
    .transaction(() => {
      const found = database.query<{ version: number }, [string]>('SELECT version FROM schema_versions WHERE component = ?').get(component);
      if (found !== null && found.version > version)
        throw new Error(`the ${component} are of version ${found.version}, which a later release of Gatehouse has made`);
      if (found !== null) return;
      database.run(schema);
      database.run('INSERT INTO schema_versions VALUES (?, ?)', [component, version]);
    })
    .immediate();
}

/** SQLite gives its log the permissions of the file itself. A folder that is there keeps its own. */
function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}
