/** Whose a value is. Without a user: the tenant's own. */
export interface ValueOwner {
  readonly tenant: string;
  readonly user?: string | undefined;
}

/**
 * What the keys of all that is kept for one user begin with, so that it can be deleted together (`ValueStore.deletePrefix`). A digest, for keys are seen by
 * whoever looks after the store.
 */
export function valueScope({ tenant, user = '' }: ValueOwner): string {
  return `${new Bun.CryptoHasher('sha256').update(`${tenant}\0${user}`).digest('base64url').slice(0, 22)}:`;
}
