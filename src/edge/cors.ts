/*
 * Which web pages may call us (https://fetch.spec.whatwg.org/#http-cors-protocol). Browsers enforce it; everyone else never sends Origin.
 */

import { GatewayError } from '../base/errors.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { ServerConfig } from './server-config.ts';

export interface Cors {
  /** Adds what a page's browser wants to see in the reply to a request with this Origin (null: none). */
  decorate(headers: Headers, origin: string | null): void;
  /** The answer to a preflight. `allow`: the methods of the path. Throws `origin_forbidden` for pages that may not call. */
  preflight(request: Headers, allow: string): Reply;
  /** Whether a page of this origin may call. Browsers ask nobody before they open a WebSocket, so whoever serves one has to. */
  allows(origin: string): boolean;
}

/** Readable by pages next to the few that always are. `*` covers all, but not when credentials are sent. */
const EXPOSED = [
  'age',
  'request-id',
  'retry-after',
  'server-timing',
  'x-cache',
  'x-correlation-id',
  'x-request-id',
  'x-should-retry',
  ...['attempts', 'cache', 'cost-usd', 'fallbacks', 'memory', 'model', 'overhead-ms', 'provider', 'queue-ms', 'trace-id'].map(
    (name) => `x-gatehouse-${name}`,
  ),
  ...['limit', 'remaining', 'reset'].flatMap((name) =>
    ['second', 'minute', 'hour', 'requests', 'tokens'].map((unit) => `x-ratelimit-${name}-${unit}`),
  ),
].join(', ');

/** Header names with commas between, as browsers write Access-Control-Request-Headers. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/;

export function createCors(config: ServerConfig['cors'], environment: ServerConfig['environment']): Cors {
  const origins = new Set(
    (config.origins ?? (environment === 'development' ? ['*'] : [])).map((origin) => origin.toLowerCase().replace(/\/$/, '')),
  );
  const anyone = origins.has('*');
  const credentials = config.credentials && !anyone;
  const exposed = credentials ? EXPOSED : '*';
  const maxAge = String(Math.floor(config.max_age / 1_000));
  const isAllowed = (origin: string) => anyone || origins.has(origin.toLowerCase());

  return {
    decorate(headers, origin) {
      // A cache must not hand one page's answer to another, also when this one came without an Origin.
      if (!anyone && origins.size > 0) headers.append('vary', 'Origin');
      if (origin === null || !isAllowed(origin)) return;
      headers.set('access-control-allow-origin', anyone ? '*' : origin);
      headers.set('access-control-expose-headers', exposed);
      if (credentials) headers.set('access-control-allow-credentials', 'true');
    },
    preflight(request, allow) {
      const origin = request.get('origin');
      if (origin === null || !isAllowed(origin))
        throw new GatewayError('origin_forbidden', 'this origin may not call: see server.cors.origins');
      const headers: Record<string, string> = {
        'access-control-allow-methods': allow,
        'access-control-max-age': maxAge,
        vary: 'Access-Control-Request-Method, Access-Control-Request-Headers',
      };
      const wanted = request.get('access-control-request-headers');
      if (wanted !== null && wanted.length <= 4_096 && HEADER_NAMES.test(wanted)) headers['access-control-allow-headers'] = wanted;
      return { status: 204, headers, body: null };
    },
    allows: isAllowed,
  };
}

/** Whether a browser asks first, on behalf of a page. */
export function isPreflight(method: string, headers: Headers): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method');
}
