/* No peer at all: the load generator straight to the upstream, for what a hop adds. */
import type { Peer } from './peer.ts';

export function direct(upstreamPort: number): Peer {
  return { name: 'direct', port: upstreamPort, pid: process.pid, headers: {}, stop: async () => undefined };
}
