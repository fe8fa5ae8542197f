/*
 * Canaries: words that occur nowhere else, planted in everything that users say. Each tells whose it is, so that whatever comes out of the gateway can be
 * held against whoever asked for it.
 */

export interface Owner {
  readonly tenant: number;
  readonly user: number;
}

export interface Canary extends Owner {
  readonly serial: number;
}

const CANARY = /kx(\d+)x(\d+)x(\d+)zq/gi;

export function canaryText({ tenant, user, serial }: Canary): string {
  return `kx${tenant}x${user}x${serial}zq`;
}

/** Every canary in a text, as often as it occurs. */
export function canariesIn(text: string): Canary[] {
  return Array.from(text.matchAll(CANARY), ([, tenant, user, serial]) => ({
    tenant: Number(tenant),
    user: Number(user),
    serial: Number(serial),
  }));
}

export function userName({ tenant, user }: Owner): string {
  return `usr-${tenant}-${user}-whom-nobody-else-is-called`;
}

export function tenantName(tenant: number): string {
  return `tenant-${tenant}`;
}

/** A small generator with a seed (mulberry32): the same seed, the same run. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
