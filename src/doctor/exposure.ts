/** Who can reach the gateway, and what they see: environment, TLS, CORS, headers, metrics, the admin API. Pure. */

import type { Config } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { isLoopback } from '../config/safety.ts';
import { type Finding, fail, graver, ok, skipped, warn } from './finding.ts';

const MIB = 1_048_576;

export function examineExposure({ config, unsafe }: Pick<LoadedConfig, 'config' | 'unsafe'>): Finding[] {
  return [
    ...startFindings(unsafe),
    environment(config),
    transport(config),
    ...proxies(config),
    cors(config),
    securityHeaders(config),
    metrics(config),
    admin(config),
    ...bodies(config),
  ];
}

/** What `gatehouse start` would refuse. */
function startFindings(unsafe: LoadedConfig['unsafe']): Finding[] {
  if (unsafe.length === 0) return [ok('start', 'a start would not be refused')];
  return unsafe.map((problem) => {
    const { hint, ...rest } = problem;
    return fail('start', {
      subject: problem.path,
      seen: `a start is refused: ${formatProblem(rest)}`,
      todo: hint ?? `change ${problem.path}`,
    });
  });
}

function environment({ server }: Config): Finding {
  const { environment: name } = server;
  if (name === 'production') return ok('environment', 'production');
  return warn('environment', {
    seen: `the environment is ${name}: what production refuses is let through`,
    todo: 'set server.environment to production (or ENVIRONMENT=production) where others depend on it',
  });
}

function transport({ server }: Config): Finding {
  if (server.tls !== undefined) return ok('tls', 'https is served here');
  if (isLoopback(server.host)) return ok('tls', `only this machine reaches ${server.host}`);
  if (server.trusted_proxies.length > 0) return ok('tls', 'a trusted proxy stands in front: TLS is its business');
  return graver(server.environment === 'production')('tls', {
    seen: `${server.host} is reached over plain http, by anyone: keys and contents can be read on the way`,
    todo: 'set server.tls.cert_file and key_file; or put a proxy with TLS in front and name it in server.trusted_proxies; or set server.host to 127.0.0.1',
  });
}

function proxies({ server }: Config): Finding[] {
  const { trusted_proxies: trusted } = server;
  if (trusted.length === 0) return [];
  const everyone = trusted.filter((range) => /\/[0-7]$/.test(range));
  if (everyone.length === 0) return [ok('proxies', `${trusted.length} proxies or ranges are believed about callers' addresses`)];
  return [
    fail('proxies', {
      seen: `${everyone.join(', ')} in server.trusted_proxies believes anyone about its address: limits by address mean nothing`,
      todo: 'name the addresses of your proxies in server.trusted_proxies, such as 10.0.0.0/8',
    }),
  ];
}

function cors({ server }: Config): Finding {
  const origins = server.cors.origins ?? (server.environment === 'development' ? ['*'] : []);
  if (origins.length === 0) return ok('cors', 'no web page of another origin may call');
  if (origins.includes('*'))
    return graver(server.environment === 'production')('cors', {
      seen: 'every web page may call (CORS `*`)',
      todo: 'set server.cors.origins to the origins of your pages (or CORS_ORIGINS=https://app.example.com)',
    });
  const plain = origins.filter((origin) => origin.startsWith('http:') && !isLoopback(new URL(origin).hostname));
  if (plain.length > 0)
    return warn('cors', {
      seen: `${plain.join(', ')} may call, which anyone on the way can imitate`,
      todo: 'name https origins in server.cors.origins',
    });
  return ok('cors', `${origins.length} origins may call`);
}

function securityHeaders({ server }: Config): Finding {
  if (server.security_headers.enabled) return ok('headers', 'replies carry the headers that protect browsers');
  return warn('headers', { seen: 'replies lack the headers that protect browsers', todo: 'set server.security_headers.enabled to true' });
}

function metrics({ server, telemetry }: Config): Finding {
  const { enabled, access } = telemetry.metrics;
  if (!enabled)
    return warn('metrics', {
      seen: 'metrics are off: nobody can watch or be alarmed',
      todo: 'set telemetry.metrics.enabled to true (or ENABLE_METRICS=true)',
    });
  if (access === 'public' && !isLoopback(server.host))
    return warn('metrics', {
      seen: 'whoever reaches the gateway may read /metrics and /circuit-breakers: names of models, services and error rates',
      todo: 'set telemetry.metrics.access to key, or refuse those paths to others in the proxy',
    });
  return ok('metrics', access === 'key' ? 'metrics are told to whoever has a key' : 'metrics are told to this machine alone');
}

function admin({ admin: { enabled }, auth, server }: Config): Finding {
  if (!enabled) return skipped('admin', 'the admin API is off');
  const canCall = auth.keys.some((key) => key.admin) || auth.jwt !== undefined;
  if (canCall) return ok('admin', 'the admin API asks for an admin key');
  // Development without keys lets everyone in as anyone: said elsewhere.
  if (auth.keys.length === 0) return skipped('admin', 'the admin API is on, and there are no keys');
  return warn('admin', {
    seen: `the admin API is on, and no key may call it${server.environment === 'production' ? ': a reload needs SIGHUP' : ''}`,
    todo: 'add `admin: true` to a key of its own in auth.keys, or set admin.enabled to false',
  });
}

function bodies({ server }: Config): Finding[] {
  const size = `${Math.round(server.body_bytes_max / MIB)} MiB`;
  if (server.body_bytes_max > 256 * MIB)
    return [
      warn('bodies', {
        seen: `a request to a model may have ${size}, which is kept in memory while it is read: some hundred callers fill it`,
        todo: 'set server.body_bytes_max to what your largest request needs, such as 32MiB',
      }),
    ];
  return [ok('bodies', `a request to a model has at most ${size}`)];
}
