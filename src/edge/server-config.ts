import { z } from 'zod';
import { createCidrSet } from '../base/ip.ts';
import { bytes, duration } from '../base/units.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 1_440 * MINUTE_MS;

const tlsConfig = z.strictObject({
  cert_file: z.string().min(1).describe('Path of the certificate chain, PEM.'),
  key_file: z.string().min(1).describe('Path of the private key, PEM.'),
});

const corsConfig = z.strictObject({
  origins: z
    .array(z.string().regex(/^(?:\*|https?:\/\/[^/\s]+\/?)$/, 'must be `*` or an origin such as "https://app.example.com"'))
    .optional()
    .describe('Origins whose pages may call, such as `https://app.example.com`, or `*`. Default: `*` in development, none elsewhere.'),
  credentials: z.boolean().default(false).describe('Whether pages may send cookies and HTTP credentials. Never applies to `*`.'),
  max_age: duration({ min: 0, max: DAY_MS })
    .default(10 * MINUTE_MS)
    .describe('How long a browser may keep the answer to a preflight. 0 to 1d.'),
});

const securityHeadersConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether replies carry the headers that protect browsers.'),
  content_security_policy: z
    .string()
    .default("default-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'")
    .describe('Value of Content-Security-Policy; empty: not sent.'),
  hsts_max_age: duration({ min: 0, max: 730 * DAY_MS })
    .default(730 * DAY_MS)
    .describe('Strict-Transport-Security, sent only to callers who came by https; 0: not sent. 0 to 730d.'),
  hsts_preload: z
    .boolean()
    .default(true)
    .describe('Whether it says `preload`, by which a domain may be built into browsers as https only, for good. 730d goes with it.'),
  permissions_policy: z
    .string()
    .default('camera=(), geolocation=(), microphone=(), payment=()')
    .describe('Value of Permissions-Policy; empty: not sent.'),
  referrer_policy: z.string().default('strict-origin-when-cross-origin').describe('Value of Referrer-Policy; empty: not sent.'),
});

const websocketConfig = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether routes that can be asked over a WebSocket are; where not, callers are told 426 and use HTTP.'),
  sockets_max: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('WebSockets open at once, in one process; over it: 503. 1 to 1,000,000.'),
  idle_timeout: duration({ min: SECOND_MS, max: DAY_MS })
    .default(10 * MINUTE_MS)
    .describe('Silence after which a WebSocket is closed, unless an answer is under way. 1s to 1d.'),
});

/** The listener: where it is, what it takes, and what it adds to replies. The bounds say what a caller may cost us before we know who it is. */
export const serverConfig = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. `0.0.0.0` or `::` is every interface, which needs real keys.'),
  port: z.int().min(0).max(65_535).default(8_080).describe('TCP port; 0 takes a free one. 0 to 65,535.'),
  environment: z
    .enum(['development', 'production', 'test'])
    .default('development')
    .describe('`production` refuses documented development keys and secrets; CORS is open by default in development alone.'),
  workers: z
    .int()
    .min(1)
    .max(256)
    .default(1)
    .describe('Processes that share the port (Linux). More than one needs Redis for limits to hold across them. 1 to 256.'),
  tls: tlsConfig.optional().describe('Serve https. Default: plain http, for loopback or behind a load balancer.'),
  head_bytes_max: bytes({ min: 4 * KIB, max: MIB })
    .default(16 * KIB)
    .describe('Size of a request line with its headers; over it: 431. 4KiB to 1MiB.'),
  headers_max: z.int().min(10).max(190).default(100).describe('Headers of one request; over it: 431. 10 to 190.'),
  keep_alive: duration({ min: SECOND_MS, max: 255 * SECOND_MS })
    .default(75 * SECOND_MS)
    .describe('How long a connection is kept for its next request, that request head included; whole seconds. 1s to 255s.'),
  body_bytes_max: bytes({ min: KIB, max: 1_024 * MIB })
    .default(32 * MIB)
    .describe('Size of a request body on model and system routes; over it: 413. 1KiB to 1GiB.'),
  service_body_bytes_max: bytes({ min: KIB, max: 16_384 * MIB })
    .default(100 * MIB)
    .describe('Size of a request body on service routes; over it: 413. 1KiB to 16GiB.'),
  body_timeout: duration({ min: SECOND_MS, max: 60 * MINUTE_MS })
    .default(30 * SECOND_MS)
    .describe('How long we wait for a caller to send its body, beyond what `body_rate_min` grants; over it: 408. 1s to 60m.'),
  body_rate_min: bytes({ min: 0, max: 1_024 * MIB })
    .default(16 * KIB)
    .describe('Bytes that buy a caller another second for its body; 0: none do. 0 to 1GiB.'),
  drain_delay: duration({ min: 0, max: 10 * MINUTE_MS })
    .default(0)
    .describe('On SIGTERM, how long new connections are still taken while readiness is off, so that load balancers notice. 0 to 10m.'),
  drain_timeout: duration({ min: 0, max: 60 * MINUTE_MS })
    .default(30 * SECOND_MS)
    .describe('Then, how long running requests and streams may take to finish before they are cut. 0 to 60m.'),
  trusted_proxies: z
    .array(z.string())
    .default([])
    .refine(isCidrList, 'must be IP addresses or CIDR ranges such as "10.0.0.0/8"')
    .describe('Addresses or CIDR ranges of the proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed.'),
  websocket: websocketConfig.prefault({}).describe('Routes over WebSocket.'),
  cors: corsConfig.prefault({}).describe('Which web pages may call.'),
  security_headers: securityHeadersConfig.prefault({}).describe('Headers that protect browsers.'),
});

export type ServerConfig = z.output<typeof serverConfig>;

function isCidrList(list: readonly string[]): boolean {
  try {
    createCidrSet(list);
    return true;
  } catch {
    return false;
  }
}
