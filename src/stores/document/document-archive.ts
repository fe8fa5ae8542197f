/* What moving documents from one store to another needs besides the port: both drivers have it, and `gatehouse migrate` uses it. */

import type { NewDocument } from './document-store.ts';

export interface DocumentArchive {
  /** Of all owners. */
  count(): Promise<number>;
  /** The one that comes after `id` in the order of ids, byte by byte; the first one after ''. */
  next(id: string): Promise<NewDocument | undefined>;
  /** Adds it, whatever the limits are, unless it is there or its owner has the same content already. Whether it is there now, under this id. */
  load(document: NewDocument): Promise<boolean>;
}
