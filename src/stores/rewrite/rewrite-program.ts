/* The thread that writes a database anew: SQLite does so in one call. Whoever reads meanwhile goes on; whoever writes waits. */

import { Database } from 'bun:sqlite';
import { emptyLog } from '../sqlite-file.ts';

export interface RewriteOrder {
  readonly path: string;
}

/** `whole`: the log is empty as well, so that nothing is left in it either. */
export type RewriteReply = { readonly whole: boolean } | { readonly fault: string };

interface ThreadScope {
  addEventListener(name: 'message', listener: (event: { data: RewriteOrder }) => void): void;
  postMessage(message: RewriteReply, transfer: ArrayBuffer[]): void;
}

declare const self: ThreadScope;

const BUSY_TIMEOUT_MS = 10_000;
/** Someone who reads at that moment keeps the log from being emptied. */
const TRIES_MAX = 100;
const PAUSE_MS = 20;

self.addEventListener('message', ({ data }) => {
  try {
    self.postMessage({ whole: rewrite(data.path) }, []);
  } catch (error) {
    self.postMessage({ fault: error instanceof Error ? error.message : String(error) }, []);
  }
});

function rewrite(path: string): boolean {
  using database = new Database(path, { readwrite: true, create: false });
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.run('PRAGMA secure_delete = ON');
  database.run('VACUUM');
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (emptyLog(database)) return true;
    Bun.sleepSync(PAUSE_MS);
  }
  return false;
}
