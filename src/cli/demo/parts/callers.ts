/* Who may call, and how often. */

import { createHmac } from 'node:crypto';
import { has, header, JWT_SECRET, type Part, status, value } from '../step.ts';

const QUOTE = { product_id: 'sku-1001', quantity: 12 };

/** A JSON Web Token (HS256) as an identity provider would make it; good until 2100. */
function token(): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'alice-001', tenant: 'acme', tier: 'developer', exp: 4_102_444_800 })}`;
  return `${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`;
}

export const callerParts: readonly Part[] = [
  {
    id: 'keys',
    title: 'Keys, tokens and tiers',
    about: 'Three keys of the AI platform, which work in development alone; a token of an identity provider; and what each may do.',
    steps: [
      {
        title: 'Without a key',
        shows: 'Refused, with what is missing; and never a hint at which keys there are.',
        sends: { path: '/v1/models', key: null },
        checks: [status(401), header('www-authenticate', /^Bearer/), value('error.code', /./)],
      },
      {
        title: 'With a wrong key',
        shows: 'Refused, and counted in gateway_auth_failures_total.',
        sends: { path: '/v1/models', key: null, headers: { Authorization: 'Bearer sk-nobody-has-this-key' } },
        checks: [status(401)],
      },
      {
        title: 'The standard tier',
        shows: 'A key of the tier standard: 60 requests a minute and 1,000 an hour, told in every answer.',
        sends: { path: '/api/v1/pricing/quote', key: 'standard', json: QUOTE },
        checks: [status(200), header('x-ratelimit-limit-minute', '60'), header('x-ratelimit-limit-hour', '1000')],
      },
      {
        title: 'The key in the header x-api-key',
        shows: 'Authorization: Bearer, x-api-key and api-key are the same to the gateway.',
        sends: { path: '/api/v1/pricing/quote', key: null, headers: { 'x-api-key': 'sk-dev-key-789' }, json: QUOTE },
        checks: [status(200)],
      },
      {
        title: 'An admin route with a key that is none of an admin',
        shows: 'Known, and not allowed: 403 and not 401.',
        sends: { path: '/admin/config', key: 'standard' },
        checks: [status(403)],
      },
      {
        title: 'The same with the key of an admin',
        shows: 'Every setting in force and where it came from; secrets are hidden.',
        sends: { path: '/admin/config', key: 'admin' },
        checks: [status(200), { says: 'no key is shown', holds: ({ body }) => !body.includes('sk-test-key-123') }],
      },
      {
        title: 'A JSON Web Token',
        shows: "The token's claims say user, tenant and tier; its signature was checked (HS256, SECRET_KEY).",
        sends: { path: '/api/v1/pricing/quote', key: null, headers: { Authorization: `Bearer ${token()}` }, json: QUOTE },
        checks: [status(200)],
      },
    ],
  },
  {
    id: 'limits',
    title: 'Rate limits',
    about: 'Token buckets, by key and by address; exact, and shared by several gateways through Redis.',
    steps: [
      {
        title: 'One request more than a minute allows',
        shows: ({ sent }) => `Request ${sent} was refused: in the shape of the older gateway, with the seconds to wait.`,
        sends: { path: '/api/v1/pricing/quote', key: 'limited', json: QUOTE },
        until: { timesMax: 600, pauseMs: 0 },
        checks: [
          status(429),
          value('detail.error', 'Rate limit exceeded'),
          value('detail.limit_per_minute', 60),
          value('detail.limit_per_hour', 1_000),
          has('detail.retry_after'),
          header('retry-after', /^\d+$/),
          header('x-ratelimit-remaining-minute', '0'),
          header('x-ratelimit-reset-minute', /^\d{10}$/),
        ],
      },
      {
        title: 'Another key is not touched by that',
        shows: 'Each key has its own buckets.',
        sends: { path: '/api/v1/pricing/quote', key: 'developer', json: QUOTE },
        checks: [status(200)],
      },
      {
        title: 'Five searches a second from one address',
        shows: ({ sent }) => `StillMe's limit counts addresses, not keys: search ${sent} within the second was refused.`,
        sends: { path: '/api/search', json: { query: 'circuit breaker', user_id: 'test' } },
        until: { timesMax: 200, pauseMs: 0 },
        checks: [status(429), value('detail.limit_per_second', 5)],
      },
    ],
  },
];
