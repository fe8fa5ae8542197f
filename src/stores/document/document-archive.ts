/* What moving documents from one store to another needs besides the port: both drivers have it, and `gatehouse migrate` uses it. */

import type { NewDocument } from './document-store.ts';

export interface DocumentArchive {
  /** Of all owners. */
  count(): Promise<number>;
  /** Those that come after `id` in the order of ids, byte by byte; from the first one on after ''. `limit` is at least 1. */
  ids(after: string, limit: number): Promise<string[]>;
  /** Which of them are there. */
  present(ids: readonly string[]): Promise<string[]>;
  read(id: string): Promise<NewDocument | undefined>;
  /** Adds it, whatever the limits are, unless it is there, or its owner has the same content under another id. */
  load(document: NewDocument): Promise<void>;
}
