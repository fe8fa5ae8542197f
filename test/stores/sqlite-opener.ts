/* A thread that opens a file at a moment that others open it too. */
import { openSqlite } from '../../src/stores/sqlite-file.ts';

export interface Opening {
  readonly path: string;
  readonly component: string;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

declare const self: Worker;

self.addEventListener('message', ({ data }: MessageEvent<Opening>) => {
  while (Date.now() < data.atMs);
  try {
    openSqlite(data.path, { component: data.component, version: 1, schema: `CREATE TABLE ${data.component} (a TEXT) STRICT` }).close();
    self.postMessage('opened', []);
  } catch (error) {
    self.postMessage(String(error), []);
  }
});
