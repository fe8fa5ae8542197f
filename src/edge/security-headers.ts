import type { ServerConfig } from './server-config.ts';

/**
 * The headers of every reply, made once: `new Response(body, { headers })` with ready-made Headers and a few `set` costs a third less than
 * one object with all of them (1.3 against 2.1 µs for 13 headers). Response copies them; they are never changed.
 */
export interface SecurityHeaders {
  readonly http: Headers;
  /** With Strict-Transport-Security, which browsers ignore (RFC 6797 §7.2) when it does not come by https. */
  readonly https: Headers;
}

export function createSecurityHeaders(config: ServerConfig['security_headers']): SecurityHeaders {
  const http = new Headers();
  if (!config.enabled) return { http, https: http };
  http.set('x-content-type-options', 'nosniff');
  http.set('x-frame-options', 'DENY');
  http.set('x-xss-protection', '1; mode=block');
  if (config.content_security_policy !== '') http.set('content-security-policy', config.content_security_policy);
  if (config.referrer_policy !== '') http.set('referrer-policy', config.referrer_policy);
  if (config.permissions_policy !== '') http.set('permissions-policy', config.permissions_policy);
  if (config.hsts_max_age === 0) return { http, https: http };
  const https = new Headers(http);
  const preload = config.hsts_preload ? '; preload' : '';
  https.set('strict-transport-security', `max-age=${Math.floor(config.hsts_max_age / 1_000)}; includeSubDomains${preload}`);
  return { http, https };
}
