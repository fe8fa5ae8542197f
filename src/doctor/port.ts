/** The port that the gateway is to listen on: free, ours already, or taken by somebody. */

import { createServer } from 'node:net';
import type { Config } from '../config/config.ts';
import { type Finding, fail, ok, skipped } from './finding.ts';
import { type ProbeDeps, type ProbeOutcome, probe } from './upstreams.ts';

/** `refusal`: the system's code, such as EADDRINUSE. */
export type BindOutcome = { readonly kind: 'free' } | { readonly kind: 'refused'; readonly code: string };

export async function examinePort({ server, upstream }: Config, deps: ProbeDeps): Promise<Finding[]> {
  if (server.port === 0 && server.workers > 1)
    return [
      fail('port', {
        seen: 'several workers share one port, so it cannot be left to each of them to take a free one',
        todo: 'set server.port',
      }),
    ];
  if (server.port === 0) return [skipped('port', 'a free port is taken at the start')];
  const bound = await tryBind(server.host, server.port);
  const isTaken = bound.kind === 'refused' && bound.code === 'EADDRINUSE';
  const baseUrl = `${server.tls === undefined ? 'http' : 'https'}://${reachable(server.host)}:${server.port}`;
  const neighbour = isTaken
    ? await probe({ baseUrl, url: `${baseUrl}/livez`, headers: {}, settings: { pool: upstream.pool, allow_private: true } }, deps)
    : undefined;
  return [judgePort(server, bound, neighbour)];
}

/** Pure. `neighbour`: what whoever has the port says to `/livez`. */
export function judgePort({ host, port, tls }: Config['server'], bound: BindOutcome, neighbour: ProbeOutcome | undefined): Finding {
  const where = `${host}:${port}`;
  if (bound.kind === 'free') return ok('port', `${where} is free`);
  switch (bound.code) {
    case 'EADDRINUSE': {
      const version = neighbour?.kind === 'answered' ? versionIn(neighbour.body) : undefined;
      if (version !== undefined) return ok('port', `a gateway (${version}) is running on ${where}`);
      // Its own certificate may not be trusted here: then it cannot be asked.
      if (tls !== undefined && neighbour?.kind === 'failed' && neighbour.fault === 'tls')
        return ok('port', `a server with a certificate of its own is running on ${where}`);
      return fail('port', {
        seen: `somebody else has ${where}`,
        todo: `end it (ss -ltnp 'sport = :${port}' names it), or set server.port`,
      });
    }
    case 'EACCES':
      return fail('port', {
        seen: `this user may not listen on ${where}`,
        todo: 'set server.port to 1024 or more, or allow it (setcap cap_net_bind_service, AmbientCapabilities in systemd)',
      });
    case 'EADDRNOTAVAIL':
      return fail('port', {
        seen: `${host} is no address of this machine`,
        todo: 'set server.host to 127.0.0.1, 0.0.0.0 or an address that `ip addr` shows',
      });
    case 'ENOTFOUND':
      return fail('port', { seen: `the name ${host} does not resolve`, todo: 'set server.host to an address' });
    default:
      return fail('port', { seen: `${where} cannot be listened on: ${bound.code}`, todo: 'set server.host and server.port' });
  }
}

function versionIn(body: Uint8Array): string | undefined {
  try {
    const told = JSON.parse(new TextDecoder().decode(body)) as { service?: unknown; version?: unknown; uptime_ms?: unknown };
    return typeof told.uptime_ms === 'number' && typeof told.version === 'string' ? `${String(told.service)} ${told.version}` : undefined;
  } catch {
    return undefined;
  }
}

function tryBind(host: string, port: number): Promise<BindOutcome> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ kind: 'refused', code: error.code ?? error.message }));
    // Alone: a port that others share is not free.
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, exclusive: true }, () => server.close(() => resolve({ kind: 'free' })));
  });
}

/** Where a server that listens on every interface is reached from here. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::' || host === '[::]') return '[::1]';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
