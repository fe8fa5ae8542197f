import { GatewayError } from '../../base/errors.ts';
import { DEFAULT_COLLECTION, maySee, type Viewer } from './access.ts';
import type { Collection } from './knowledge.ts';

/**
 * The ids of the collections that a viewer looks into: those that are named (by id or name), or else the default one of the tenant and of the user. `all`: of
 * the viewer's tenant, by id; of two with one name the newer is meant. Throws `resource_unknown` for one that is not there, or not for this viewer: which of the two, nobody is told.
 */
export function visibleCollections(
  viewer: Viewer,
  named: readonly string[] | undefined,
  all: ReadonlyMap<string, Collection>,
): readonly string[] {
  const called = (name: string): Collection[] =>
    newestFirst(all).filter((collection) => collection.name === name && maySee(viewer, collection));
  if (named === undefined) return called(DEFAULT_COLLECTION).map(({ id }) => id);
  return named.map((wanted) => {
    const byId = all.get(wanted);
    if (byId !== undefined && maySee(viewer, byId)) return wanted;
    const [byName] = called(wanted);
    if (byName !== undefined) return byName.id;
    throw new GatewayError('resource_unknown', `there is no collection '${wanted}'`, { param: 'collections' });
  });
}

/** Of two that were made in the same millisecond, the one that was written later. */
export function newestFirst(all: ReadonlyMap<string, Collection>): Collection[] {
  return [...all.values()].toReversed().toSorted((a, b) => b.createdMs - a.createdMs);
}
