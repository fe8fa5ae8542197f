/*
 * The port for what callers have at a vendor's account that all of them share: files, uploads, batches. It says whose each is. Driver: sqlite-store.ts. Every
 * driver passes conformance.ts.
 *
 * What holds for every driver:
 *   - what `keep` has resolved for is there after a crash;
 *   - an object has one owner at a time; only `claim` gives it another;
 *   - a list is of one owner, newest first or oldest first, and what is added meanwhile neither repeats nor hides an object of the next page.
 *
 * Calls reject with a GatewayError `storage_unavailable` when the store cannot be used; they are bounded in time and in number.
 */

/** Whose it is. Without a user: the tenant's own, which none of its users meets. */
export interface Owner {
  readonly tenant: string;
  readonly user: string;
}

export type VendorObjectKind = 'file' | 'upload' | 'batch';

/** Ids are a provider's own: two providers may have the same. */
export interface VendorObjectKey {
  readonly provider: string;
  readonly id: string;
}

export interface VendorObject extends VendorObjectKey {
  readonly kind: VendorObjectKind;
  readonly owner: Owner;
  /** Milliseconds since the Unix epoch when it was first seen here. */
  readonly createdMs: number;
  /** As the vendor told it last, as JSON; empty when it has only been named so far. */
  readonly body: string;
}

export interface VendorObjectQuery {
  readonly kind: VendorObjectKind;
  /** Undefined: all. */
  readonly provider: string | undefined;
  readonly order: 'newest' | 'oldest';
  /** The last of the page before. */
  readonly after: Pick<VendorObject, 'createdMs' | 'id'> | undefined;
  /** At least 1. */
  readonly limit: number;
}

export interface VendorObjectStore extends AsyncDisposable {
  /** Adds it, or keeps its newer body where the owner is the same. With `claim` it becomes this owner's, whoever's it was. Whether it is this owner's now. */
  keep(object: VendorObject, options: { readonly claim: boolean }): Promise<boolean>;
  /** Of every provider that has one of this id, whoever's they are. */
  find(id: string): Promise<VendorObject[]>;
  list(owner: Owner, query: VendorObjectQuery): Promise<VendorObject[]>;
  /** How many a tenant has. */
  count(tenant: string): Promise<number>;
  /** Whether there was one. */
  delete(key: VendorObjectKey): Promise<boolean>;
}
