import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import { Exchange } from '../../pipeline/exchange.ts';
import { principalFact } from '../../pipeline/facts.ts';
import type { Access, RouteInfo } from '../../pipeline/route.ts';
import { createIdentify } from './identify.ts';
import { authConfig } from './identify-config.ts';
import { createKeySets } from './key-set.ts';

const KEYS = [
  { name: 'app', key: 'sk-app-0123456789', tier: 'standard', tenant: 'acme', models: ['gpt-*'] },
  { name: 'boss', key: 'sk-boss-0123456789', tier: 'admin', admin: true, user: 'root' },
];
const APP = { id: 'key:app', tenant: 'acme', tier: 'standard', admin: false, kind: 'key', models: ['gpt-*'] };
const BOSS = { id: 'key:boss', tenant: 'default', tier: 'admin', admin: true, kind: 'key', user: 'root' };
const ANONYMOUS = { id: 'anonymous', tenant: 'anonymous', tier: 'anonymous', admin: false, kind: 'anonymous' };

interface Call {
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly access?: Access;
  readonly environment?: 'development' | 'production';
  readonly metricsAccess?: 'public' | 'key';
  readonly headers: Readonly<Record<string, string>>;
  readonly search?: string;
  /** Of the route: a parameter of the query that may hold a key. */
  readonly keyParameter?: string;
}

/** The principal, or the error. */
async function identify({
  auth = { keys: KEYS },
  access = 'key',
  environment = 'production',
  metricsAccess = 'key',
  headers,
  search = '',
  keyParameter,
}: Call) {
  const clock = createManualClock();
  const ignore = () => {};
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const keySets = createKeySets({ clock, logger, fetchText: () => Promise.reject(new Error('no network')) });
  const route: RouteInfo = {
    pattern: '/x',
    kind: 'system',
    access,
    dialect: 'service',
    ...(keyParameter === undefined ? {} : { keyParameter }),
  };
  const policy = createIdentify(authConfig.parse(auth), { clock, keySets, environment, metricsAccess, bodyBytesMax: 1_048_576 });
  const exchange = new Exchange({ id: 'c', route, signal: new AbortController().signal, address: '::1', clock });
  const handler = policy.layer(route)?.(async () => ({ status: 200, headers: {}, body: null }));
  const request = { method: 'GET', path: '/x', search, headers: new Headers(headers), body: { kind: 'none' } as const };
  try {
    await handler?.(request, exchange);
    return exchange.get(principalFact);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { code: error.code, message: error.message, headers: error.options.headers };
  }
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

for (const { name, call, want } of [
  {
    name: 'a key in the query of a route that looks there',
    call: { headers: {}, search: '?alt=sse&key=sk-app-0123456789', keyParameter: 'key' },
    want: APP,
  },
  {
    name: 'the same key twice, in the query and a header',
    call: { headers: { 'x-goog-api-key': 'sk-app-0123456789' }, search: '?key=sk-app-0123456789', keyParameter: 'key' },
    want: APP,
  },
  { name: 'a key as Bearer', call: { headers: bearer('sk-app-0123456789') }, want: APP },
  { name: 'a key as bearer, in any case', call: { headers: { authorization: 'bEARER   sk-app-0123456789' } }, want: APP },
  { name: 'a key as x-api-key', call: { headers: { 'x-api-key': 'sk-app-0123456789' } }, want: APP },
  { name: 'a key as api-key', call: { headers: { 'api-key': 'sk-app-0123456789' } }, want: APP },
  { name: 'a key as x-goog-api-key', call: { headers: { 'x-goog-api-key': 'sk-app-0123456789' } }, want: APP },
  { name: 'one key sent twice', call: { headers: { ...bearer('sk-app-0123456789'), 'x-api-key': 'sk-app-0123456789' } }, want: APP },
  {
    name: 'two keys',
    call: { headers: { ...bearer('sk-app-0123456789'), 'x-api-key': 'sk-boss-0123456789' } },
    want: { code: 'header_invalid' },
  },
  { name: 'no key', call: { headers: {} }, want: { code: 'key_missing', headers: { 'www-authenticate': 'Bearer realm="gatehouse"' } } },
  { name: 'an empty key', call: { headers: { authorization: 'Bearer ' } }, want: { code: 'key_missing' } },
  { name: 'another scheme', call: { headers: { authorization: 'Basic c2stYXBwLTAxMjM0NTY3ODk=' } }, want: { code: 'key_missing' } },
  {
    name: 'an unknown key',
    call: { headers: bearer('sk-app-012345678') },
    want: { code: 'key_invalid', headers: { 'www-authenticate': expect.stringContaining('invalid_token') } },
  },
  { name: 'a token where tokens are off', call: { headers: bearer('a.b.c') }, want: { code: 'key_invalid' } },
  { name: 'a key of 10 KB', call: { headers: bearer('x'.repeat(10_000)) }, want: { code: 'key_invalid' } },
  { name: 'a member of every object for a key', call: { headers: bearer('constructor') }, want: { code: 'key_invalid' } },

  { name: 'an admin route, an admin', call: { access: 'admin', headers: bearer('sk-boss-0123456789') }, want: BOSS },
  {
    name: 'an admin route, somebody else',
    call: { access: 'admin', headers: bearer('sk-app-0123456789') },
    want: { code: 'access_denied' },
  },
  { name: 'an admin route, nobody', call: { access: 'admin', headers: {} }, want: { code: 'key_missing' } },
  {
    name: 'an admin route where keys are off',
    call: { access: 'admin', auth: {}, environment: 'development', headers: {} },
    want: { code: 'key_missing' },
  },
  {
    name: 'an admin route where keys are off, with some key',
    call: { access: 'admin', auth: {}, environment: 'development', headers: bearer('dummy') },
    want: { code: 'access_denied' },
  },

  { name: 'a public route, nobody', call: { access: 'public', headers: {} }, want: ANONYMOUS },
  { name: 'a public route, a key', call: { access: 'public', headers: bearer('sk-app-0123456789') }, want: APP },
  { name: 'a public route, a stale key', call: { access: 'public', headers: bearer('sk-old') }, want: ANONYMOUS },
  { name: 'a public route, two keys', call: { access: 'public', headers: { ...bearer('a'), 'x-api-key': 'b' } }, want: ANONYMOUS },
  { name: 'open metrics', call: { access: 'metrics', metricsAccess: 'public', headers: {} }, want: ANONYMOUS },
  { name: 'metrics behind a key', call: { access: 'metrics', headers: {} }, want: { code: 'key_missing' } },

  { name: 'development without keys', call: { auth: {}, environment: 'development', headers: {} }, want: ANONYMOUS },
  {
    name: 'development without keys, with the key that a client insists on',
    call: { auth: {}, environment: 'development', headers: bearer('dummy') },
    want: ANONYMOUS,
  },
  { name: 'development with keys', call: { environment: 'development', headers: {} }, want: { code: 'key_missing' } },
  { name: 'production without keys', call: { auth: {}, headers: {} }, want: { code: 'key_missing' } },
  { name: 'keys that are not required', call: { auth: { keys: KEYS, required: false }, headers: bearer('sk-app-0123456789') }, want: APP },
] as { name: string; call: Call; want: object }[]) {
  test(`identify: ${name}`, async () => expect(await identify(call)).toMatchObject(want));
}

test('no refusal repeats the key', async () => {
  for (const key of ['sk-wrong-key', 'aaaa.bbbb.cccc']) {
    expect(JSON.stringify(await identify({ headers: bearer(key) }))).not.toContain(key);
  }
});

describe('the configuration', () => {
  for (const { name, auth } of [
    { name: 'two keys of one name', auth: { keys: [KEYS[0], { ...KEYS[1], name: 'app' }] } },
    { name: 'one key under two names', auth: { keys: [KEYS[0], { ...KEYS[1], key: 'sk-app-0123456789' }] } },
    { name: 'a key with a space', auth: { keys: [{ name: 'a', key: 'two words' }] } },
    { name: 'a short key', auth: { keys: [{ name: 'a', key: 'short' }] } },
    { name: 'two sources of token keys', auth: { jwt: { secret: 'x'.repeat(32), jwks_url: 'https://id.example/keys' } } },
    { name: 'none', auth: { jwt: {} } },
    { name: 'a shared secret with an algorithm of public keys', auth: { jwt: { secret: 'x'.repeat(32), algorithms: ['RS256'] } } },
    {
      name: 'public keys with an algorithm of shared secrets',
      auth: { jwt: { jwks_url: 'https://id.example/keys', algorithms: ['HS256', 'RS256'] } },
    },
    { name: 'no algorithm at all', auth: { jwt: { secret: 'x'.repeat(32), algorithms: ['none'] } } },
  ]) {
    test(`refuses ${name}`, () => expect(authConfig.safeParse(auth).success).toBe(false));
  }
});
