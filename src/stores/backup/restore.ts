/*
 * `restore`: a backup takes the place of the database. It is checked first, byte by byte; what was there before is put aside under another name; and
 * nothing is done while somebody has the database open. The database is the old one or the new one, whatever becomes of the process.
 */

import { Database } from 'bun:sqlite';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { isThere, syncFolder } from './backup.ts';
import { BackupError, type BackupManifest, hashBytes, type OnProgress, readManifest } from './backup-file.ts';

export interface RestoreOrder {
  /** The backup, absolute. */
  readonly from: string;
  /** The database, absolute. */
  readonly to: string;
  /** What this program can read: a backup of a later version of one of these is refused. */
  readonly components: Readonly<Record<string, number>>;
  /** Vectors are kept elsewhere, and know of other records than these: they are to be made anew. */
  readonly vectorsAreElsewhere: boolean;
}

export interface RestoreDeps {
  readonly clock: Clock;
  readonly onProgress: OnProgress;
}

export interface RestoreResult {
  readonly manifest: BackupManifest;
  /** Where what was there before is now. */
  readonly aside: string | undefined;
}

/** Throws a BackupError about what does not go, and leaves everything as it was then. */
export async function restore(order: RestoreOrder, { clock, onProgress }: RestoreDeps): Promise<RestoreResult> {
  const { from, to, components } = order;
  if (!(await isThere(from))) throw new BackupError(`there is no file ${from}`);
  const manifest = await readManifest(from);
  for (const [component, version] of Object.entries(manifest.components)) {
    const ours = components[component];
    if (ours !== undefined && version > ours)
      throw new BackupError(
        `the ${component} in it are of version ${version}, which a later release of Gatehouse (${manifest.gatehouse}) has made`,
      );
  }
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const partial = join(dirname(to), `.${basename(to)}.${crypto.randomUUID()}.partial`);
  try {
    await unpack(from, partial, { manifest, onProgress });
    examine(partial, order);
    const aside = `${to}.before-restore-${new Date(clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
    const wasThere = await exchange(partial, to, aside);
    return { manifest, aside: wasThere ? aside : undefined };
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) await rm(`${partial}${suffix}`, { force: true });
  }
}

async function unpack(
  from: string,
  to: string,
  { manifest, onProgress }: { manifest: BackupManifest; onProgress: OnProgress },
): Promise<void> {
  const copy = await open(to, 'wx', 0o600);
  try {
    const sha256 = await hashBytes(from, manifest.bytes, { copy, onProgress });
    if (sha256 !== manifest.sha256) throw new BackupError(`${from} is damaged: its bytes do not add up to its checksum`);
    await copy.sync();
  } finally {
    await copy.close();
  }
}

/** Whether SQLite can read it; and where vectors are elsewhere, what was made of these records before is void. */
function examine(path: string, { from, vectorsAreElsewhere }: RestoreOrder): void {
  try {
    using database = new Database(path, { readwrite: true, create: false });
    const [check] = database.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').all();
    if (check?.quick_check !== 'ok') throw new BackupError(`${from} is damaged: ${check?.quick_check ?? 'nobody knows how'}`);
    if (!vectorsAreElsewhere || database.query("SELECT 1 FROM sqlite_schema WHERE name = 'record_partitions'").get() === null) return;
    database.run('PRAGMA synchronous = FULL; UPDATE record_partitions SET generation = lower(hex(randomblob(16)))');
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`${from} is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Puts what is there aside, if anything is, and the new one in its place. Whether there was one. */
async function exchange(partial: string, to: string, aside: string): Promise<boolean> {
  if (!(await isThere(to))) {
    await rename(partial, to);
    await syncFolder(dirname(to));
    return false;
  }
  // Until it has its new name nobody else can open it to write.
  using _lock = lockAlone(to);
  for (const suffix of ['', '-wal', '-shm']) {
    if (await isThere(`${to}${suffix}`)) await rename(`${to}${suffix}`, `${aside}${suffix}`);
  }
  await rename(partial, to);
  await syncFolder(dirname(to));
  return true;
}

/**
 * The whole database for ourselves. To leave write-ahead logging SQLite needs every other connection to be closed, in whatever process; what is
 * in the log goes into the file by that. Throws a BackupError while there is one. A file that is no database can be locked by nobody.
 */
function lockAlone(path: string): Disposable {
  const database = new Database(path, { readwrite: true, create: false });
  try {
    const [row] = database.query<{ journal_mode: string }, []>('PRAGMA journal_mode = DELETE').all();
    if (row?.journal_mode !== 'delete') throw new BackupError('it is in use');
    database.run('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const { code } = error as { code?: unknown };
    if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') return { [Symbol.dispose]: () => {} };
    if (code !== 'SQLITE_BUSY' && code !== 'SQLITE_LOCKED' && !(error instanceof BackupError)) throw error;
    throw new BackupError(`${path} is in use: stop the gateway that runs on it, or name another place with --to sqlite:FILE`);
  }
  return {
    [Symbol.dispose]: () => {
      database.run('ROLLBACK');
      database.close();
    },
  };
}
