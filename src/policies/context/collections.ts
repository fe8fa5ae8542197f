import { GatewayError } from '../../base/errors.ts';
import type { Collection, KnowledgeEngine } from '../../context/knowledge/knowledge.ts';
import type { Principal } from '../../pipeline/facts.ts';

export interface CollectionsDeps {
  /** Who asks; undefined: nobody in particular. */
  readonly user: string | undefined;
  readonly engine: Pick<KnowledgeEngine, 'collection' | 'collections'>;
}

/** More than that nobody means who names none. */
const USUAL_MAX = 16;

/**
 * The collections that a chat may look into: those that it names, or else all that belong to the caller (its tenant's and its own). Rejects with
 * `resource_unknown` for one that is not there, or not theirs: which of the two, nobody is told.
 */
export async function collectionsOf(
  named: readonly string[] | undefined,
  principal: Principal,
  { user, engine }: CollectionsDeps,
): Promise<readonly string[]> {
  const { tenant, collections: allowed } = principal;
  const mayRead = ({ id, user: owner }: Collection): boolean =>
    (owner === undefined || owner === (principal.user ?? user)) && (allowed === undefined || allowed.includes(id));
  if (named === undefined) {
    const all = await engine.collections(tenant);
    return all
      .filter(mayRead)
      .slice(0, USUAL_MAX)
      .map(({ id }) => id);
  }
  const found = await Promise.all(named.map((id) => (allowed?.includes(id) === false ? undefined : engine.collection(tenant, id))));
  const missing = found.findIndex((collection) => collection === undefined || !mayRead(collection));
  if (missing !== -1)
    throw new GatewayError('resource_unknown', `there is no collection '${named[missing] ?? ''}'`, { param: 'collections' });
  return named;
}
