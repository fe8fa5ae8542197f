/* What moving vendors' objects from one store to another needs besides the port: both drivers have it, and `gatehouse migrate` uses it. */

import type { VendorObject, VendorObjectKey } from './vendor-object-store.ts';

export interface VendorObjectArchive {
  /** Of all owners. */
  countAll(): Promise<number>;
  /** In the order of id and provider, byte by byte. `limit` is at least 1. */
  page(after: VendorObjectKey | undefined, limit: number): Promise<VendorObject[]>;
  /** Adds those that are not there. How many of them are there now. */
  load(objects: readonly VendorObject[]): Promise<number>;
}
