import type { Principal } from '../../pipeline/facts.ts';
import type { KeyConfig } from './identify-config.ts';

/** Who holds the key with this digest (credential.ts); undefined when nobody does. */
export type KeyBook = (digest: string) => Principal | undefined;

/** The keys that the configuration names. */
export function createKeyBook(keys: readonly KeyConfig[], digestOf: (key: string) => string): KeyBook {
  const principals = new Map(keys.map((entry) => [digestOf(entry.key), principalOf(entry)]));
  return (digest) => principals.get(digest);
}

function principalOf({ name, tenant, tier, admin, user, models, collections, context }: KeyConfig): Principal {
  return {
    id: `key:${name}`,
    tenant,
    tier,
    admin,
    kind: 'key',
    ...(user === undefined ? {} : { user }),
    ...(models === undefined ? {} : { models }),
    ...(collections === undefined ? {} : { collections }),
    ...(context === undefined ? {} : { context }),
  };
}
