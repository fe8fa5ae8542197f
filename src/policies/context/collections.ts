import { GatewayError } from '../../base/errors.ts';
import { DEFAULT_COLLECTION, maySee, type Viewer } from '../../context/knowledge/access.ts';
import type { Collection, KnowledgeEngine } from '../../context/knowledge/knowledge.ts';
import type { Principal } from '../../pipeline/facts.ts';

export interface CollectionsDeps {
  /** Who asks, or for whom is asked; undefined: nobody in particular. */
  readonly user: string | undefined;
  readonly engine: Pick<KnowledgeEngine, 'collection' | 'collections'>;
}

/**
 * The ids of the collections that a chat may look into: those that it names (by id or name), or else the default one of its tenant and of its user. Rejects with
 * `resource_unknown` for one that is not there, or not for this caller: which of the two, nobody is told.
 */
export async function collectionsOf(
  named: readonly string[] | undefined,
  principal: Principal,
  { user: wished, engine }: CollectionsDeps,
): Promise<readonly string[]> {
  const { tenant, collections } = principal;
  const user = principal.user ?? wished;
  const viewer: Viewer = { tenant, ...(user === undefined ? {} : { user }), ...(collections === undefined ? {} : { collections }) };
  let listed: Promise<readonly Collection[]> | undefined;
  const visible = async (): Promise<readonly Collection[]> => {
    listed ??= engine.collections(tenant);
    return (await listed).filter((collection) => maySee(viewer, collection));
  };
  if (named === undefined) return (await visible()).filter(({ name }) => name === DEFAULT_COLLECTION).map(({ id }) => id);
  return Promise.all(
    named.map(async (wanted) => {
      const byId = await engine.collection(tenant, wanted);
      if (byId !== undefined && maySee(viewer, byId)) return wanted;
      const byName = (await visible()).find(({ name }) => name === wanted);
      if (byName !== undefined) return byName.id;
      throw new GatewayError('resource_unknown', `there is no collection '${wanted}'`, { param: 'collections' });
    }),
  );
}
