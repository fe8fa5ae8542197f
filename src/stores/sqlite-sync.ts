/*
 * Brings what was committed to the disk without holding the thread up, and what was committed by many at once with one sync.
 *
 * With synchronous FULL, SQLite does this within each commit, and the thread waits for the disk. With NORMAL a commit writes to the log alone; the log is
 * synced here, before whoever wrote is told so. SQLite itself syncs the log before it moves anything from there into the file, and marks what
 * it writes with checksums: so after a loss of power there is all that was synced, in whole commits. (https://www.sqlite.org/wal.html, "Performance considerations".)
 */

import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { IN_MEMORY } from './sqlite-thread.ts';

const syncFile = promisify(fdatasync);

/** For as long as the database is open: while it is, its log is one and the same file. */
export class SqliteSync implements Disposable {
  /** Of the log; undefined for a database in memory. */
  readonly #path: string | undefined;
  #file: number | undefined;
  #running: Promise<void> | undefined;
  /** The one after it: for those who committed when it had begun. */
  #next: Promise<void> | undefined;

  constructor(databasePath: string) {
    this.#path = databasePath === IN_MEMORY ? undefined : `${databasePath}-wal`;
  }

  /** Resolves when all that was committed before is on the disk. Rejects with the system's error. */
  settle(): Promise<void> {
    if (this.#path === undefined) return Promise.resolve();
    if (this.#running === undefined) return this.#run(this.#path);
    const path = this.#path;
    this.#next ??= this.#running.then(
      () => this.#run(path),
      () => this.#run(path),
    );
    return this.#next;
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #run(path: string): Promise<void> {
    this.#next = undefined;
    const running = this.#syncLog(path).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #syncLog(path: string): Promise<void> {
    this.#file ??= openSync(path, 'r');
    await syncFile(this.#file);
  }
}
