/*
 * Who may use a collection. It belongs to a tenant; one that was made with a key bound to a user belongs to that user, and is there for nobody else. What
 * is the whole tenant's every key of the tenant may search, and the tenant's own keys may change. A key's list of collections narrows that.
 */

import { createGlob } from '../../base/glob.ts';
import type { Collection } from './knowledge.ts';

export interface Viewer {
  readonly tenant: string;
  /** The end user who asks, or for whom is asked; undefined: the tenant itself. */
  readonly user?: string;
  /** Names, ids or globs; undefined: all. */
  readonly collections?: readonly string[];
}

/** The collection that is meant where none is named. */
export const DEFAULT_COLLECTION = 'default';

type Seen = Pick<Collection, 'id' | 'name' | 'user'>;

export function maySee(viewer: Viewer, { id, name, user }: Seen): boolean {
  if (user !== undefined && user !== viewer.user) return false;
  return viewer.collections === undefined || viewer.collections.map(createGlob).some((matches) => matches(name) || matches(id));
}

export function mayChange(viewer: Viewer, collection: Seen): boolean {
  return maySee(viewer, collection) && collection.user === viewer.user;
}

/** What a viewer's collection is called that has this name: the same whoever makes it first, so that it is made once. */
export function namedCollectionId({ user }: Viewer, name: string): string {
  const digest = Bun.CryptoHasher.hash('sha256', JSON.stringify(['collection', user ?? null, name]), 'hex');
  return `vs_${digest.slice(0, 32)}`;
}
