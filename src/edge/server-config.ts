import { z } from 'zod';
import { createCidrSet } from '../base/ip.ts';
import { bytes, duration } from '../base/units.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const MINUTE_MS = 60_000;

const tlsConfig = z.strictObject({
  cert_file: z.string().min(1).describe('Path of the certificate chain, PEM.'),
  key_file: z.string().min(1).describe('Path of the private key, PEM.'),
});

const corsConfig = z.strictObject({
  origins: z
    .array(z.union([z.literal('*'), z.url({ protocol: /^https?$/ }).transform((text) => new URL(text).origin)]))
    .optional()
    .describe(
      'Origins whose pages may call the gateway, such as `https://app.example.com`. Default: `*` in development, none elsewhere. `*` outside development refuses to start.',
    ),
  credentials: z.boolean().default(false).describe('Pages may send cookies and HTTP credentials. Never together with `*`.'),
  max_age: duration({ min: 0, max: 24 * 60 * MINUTE_MS })
    .default(10 * MINUTE_MS)
    .describe('How long a browser may keep the answer to a preflight.'),
});

const securityHeadersConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Send the security headers with every reply.'),
  content_security_policy: z
    .string()
    .default("default-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'")
    .describe('Value of `Content-Security-Policy`; empty: not sent.'),
  hsts_max_age: duration({ min: 0, max: 730 * 24 * 60 * MINUTE_MS })
    .default(365 * 24 * 60 * MINUTE_MS)
    .describe('`Strict-Transport-Security`, sent only to callers who came by https; 0: not sent.'),
  permissions_policy: z
    .string()
    .default('camera=(), geolocation=(), microphone=(), payment=()')
    .describe('Value of `Permissions-Policy`; empty: not sent.'),
  referrer_policy: z.string().default('strict-origin-when-cross-origin').describe('Value of `Referrer-Policy`; empty: not sent.'),
});

/** The listener: where, with which limits, and what it adds to replies. Bounds say what one caller may cost us before we know who it is. */
export const serverConfig = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. `0.0.0.0` or `::` listens on every interface, which needs real keys.'),
  port: z.int().min(0).max(65_535).default(8_080).describe('TCP port; 0 takes a free one.'),
  environment: z
    .enum(['development', 'production', 'test'])
    .default('development')
    .describe('`production` refuses documented development keys and secrets; CORS is open by default in development alone.'),
  workers: z
    .int()
    .min(1)
    .max(256)
    .default(1)
    .describe('Processes that share the port (Linux). More than one needs Redis for limits to hold across them.'),
  tls: tlsConfig.optional().describe('Serve https. Default: plain http, behind a load balancer or on loopback.'),
  head_bytes_max: bytes({ min: 1 * KIB, max: 15 * KIB })
    .default(15 * KIB)
    .describe('Size of the request line and headers of one request; over it: 431. The HTTP parser itself ends at 16 KiB.'),
  headers_max: z.int().min(10).max(190).default(100).describe('Headers of one request; over it: 431. The HTTP parser itself ends at 200.'),
  head_timeout: duration({ min: 1_000, max: 255_000 })
    .prefault('10s')
    .describe('How long a caller may take to send a request head, and how long an idle kept connection stays open; whole seconds.'),
  body_bytes_max: bytes({ min: 1 * KIB, max: 1_024 * MIB })
    .default(32 * MIB)
    .describe('Size of a request body on model and system routes; over it: 413.'),
  service_body_bytes_max: bytes({ min: 1 * KIB, max: 16_384 * MIB })
    .default(100 * MIB)
    .describe('Size of a request body on service routes; over it: 413.'),
  body_timeout: duration({ min: 1_000, max: 60 * MINUTE_MS })
    .prefault('30s')
    .describe('How long a caller may take to send a body, before the time that `body_rate_min` grants; over it: 408.'),
  body_rate_min: bytes({ min: 0, max: 1_024 * MIB })
    .default(16 * KIB)
    .describe('Bytes per second a caller must keep up: each byte extends `body_timeout` accordingly. 0: no extension.'),
  drain_delay: duration({ min: 0, max: 10 * MINUTE_MS })
    .prefault('0s')
    .describe('After SIGTERM, how long requests are still taken while readiness is off, for load balancers to notice.'),
  drain_timeout: duration({ min: 0, max: 60 * MINUTE_MS })
    .prefault('30s')
    .describe('Then, how long running requests and streams may take to finish before they are cut.'),
  trusted_proxies: z
    .array(z.string())
    .default([])
    .refine(isCidrList, 'must be IP addresses or CIDR ranges such as "10.0.0.0/8"')
    .describe('Addresses or CIDR ranges of proxies in front of the gateway, whose X-Forwarded-For and X-Forwarded-Proto are believed.'),
  cors: corsConfig.prefault({}).describe('Which web pages may call the gateway.'),
  security_headers: securityHeadersConfig.prefault({}).describe('Headers that protect browsers.'),
});

export type ServerConfig = z.infer<typeof serverConfig>;

function isCidrList(list: readonly string[]): boolean {
  try {
    createCidrSet(list);
    return true;
  } catch {
    return false;
  }
}
