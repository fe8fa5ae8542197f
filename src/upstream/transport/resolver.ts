import { lookup } from 'node:dns/promises';

/** The addresses of a name as the operating system knows them (hosts file, search domains), in its order of preference. */
export async function resolveHost(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}
