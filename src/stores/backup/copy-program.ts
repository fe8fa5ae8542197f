/* The thread that copies a database: SQLite does so in one call, which may take minutes. Whoever writes to the database meanwhile goes on. */

import { Database } from 'bun:sqlite';
import { type SqliteFacts, sqliteFacts } from './sqlite-facts.ts';

export interface CopyOrder {
  readonly from: string;
  /** An empty file. */
  readonly to: string;
}

export type CopyReply = { readonly facts: SqliteFacts } | { readonly fault: string };

interface ThreadScope {
  addEventListener(name: 'message', listener: (event: { data: CopyOrder }) => void): void;
  postMessage(message: CopyReply, transfer: ArrayBuffer[]): void;
}

declare const self: ThreadScope;

const BUSY_TIMEOUT_MS = 10_000;

self.addEventListener('message', ({ data }) => {
  try {
    self.postMessage({ facts: copy(data) }, []);
  } catch (error) {
    self.postMessage({ fault: error instanceof Error ? error.message : String(error) }, []);
  }
});

function copy({ from, to }: CopyOrder): SqliteFacts {
  {
    using source = new Database(from, { readonly: true });
    source.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    source.query('VACUUM INTO ?').run(to);
  }
  using made = new Database(to, { readonly: true });
  const [check] = made.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').all();
  if (check?.quick_check !== 'ok') throw new Error(`the database is damaged: ${check?.quick_check ?? 'nobody knows how'}`);
  return sqliteFacts(made);
}
