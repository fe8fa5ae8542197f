/*
 * Users of tenants as users of one Mem0, which knows no tenants: `tenant:user`, and the user alone in the tenant `default`, so that what a Mem0 held before is
 * found. Injective: no two users have one name there.
 */

const DEFAULT_TENANT = 'default';

export function mem0User({ tenant, name }: { readonly tenant: string; readonly name: string }): string {
  // Without a user it is the tenant's own, which no user of the default tenant may be taken for.
  return tenant === DEFAULT_TENANT && name !== '' ? escaped(name) : `${escaped(tenant)}:${escaped(name)}`;
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll(':', '%3A');
}
