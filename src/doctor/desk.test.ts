/* What is decided at a desk: from the configuration alone. */
import { describe, expect, test } from 'bun:test';
import { type Config, configSchema } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { examineExposure } from './exposure.ts';
import type { Finding } from './finding.ts';
import { examineKeys } from './keys.ts';
import { examineLimits } from './limits.ts';
import { STRONG_BITS, strengthBits, WEAK_BITS } from './strength.ts';

const configOf = (input: object): Config => configSchema.parse(input);
const loadedOf = (input: object, origin: ReturnType<LoadedConfig['originOf']> = { kind: 'env', name: 'API_KEYS' }) => ({
  config: configOf(input),
  unsafe: [],
  originOf: () => origin,
});
const levels = (findings: readonly Finding[], id: string) => findings.filter((finding) => finding.id === id).map(({ level }) => level);
const worst = (findings: readonly Finding[], id: string) => {
  const found = levels(findings, id);
  return (['fail', 'warn', 'ok', 'skipped'] as const).find((level) => found.includes(level));
};
const STRONG = '5f1d0a93c7be42e886a1d07c39f4b256e8a07d1c94b3f562';

describe('how hard a secret is to guess', () => {
  for (const weak of [
    'sk-test-key-123',
    'password123',
    'a'.repeat(200),
    '0123456789abcdef0123456789abcdef',
    'abcabcabcabcabcabcabcabcabcabcabcabc',
    'your-secure-secret-key',
    'Tr0ub4dor&3',
    '12345678'.repeat(20),
    'change-me-please-change-me-please',
    '',
  ])
    test(`'${weak.slice(0, 40)}' is weak`, () => expect(strengthBits(weak)).toBeLessThan(WEAK_BITS));

  test('what is drawn by chance is strong, in every usual spelling', () => {
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(24)));
      for (const text of [bytes.toString('hex'), bytes.toString('base64'), `sk-${bytes.toString('base64url')}`])
        expect(strengthBits(text)).toBeGreaterThanOrEqual(STRONG_BITS);
      expect(strengthBits(crypto.randomUUID())).toBeGreaterThanOrEqual(WEAK_BITS);
    }
  });
});

describe('keys', () => {
  const auth = (keys: object[], more: object = {}) => loadedOf({ auth: { keys, ...more } });
  const key = (name: string, secret: string, more: object = {}) => ({ name, key: secret, ...more });
  for (const { name, loaded, id, want } of [
    { name: 'a strong key', loaded: auth([key('a', STRONG)]), id: 'keys.strength', want: 'ok' },
    { name: 'a weak key', loaded: auth([key('a', 'hello-world')]), id: 'keys.strength', want: 'warn' },
    {
      name: 'a weak key in production',
      loaded: loadedOf({ server: { environment: 'production' }, auth: { keys: [key('a', 'hello-world')] } }),
      id: 'keys.strength',
      want: 'fail',
    },
    { name: 'a documented key', loaded: auth([key('a', 'sk-admin-key-456')]), id: 'keys.documented', want: 'warn' },
    { name: 'no secret twice', loaded: auth([key('a', STRONG)]), id: 'keys.reused', want: 'ok' },
    {
      name: 'a key that is the provider’s as well',
      loaded: loadedOf({ auth: { keys: [key('a', STRONG)] }, providers: { openai: { api_key: STRONG } } }),
      id: 'keys.reused',
      want: 'fail',
    },
    {
      name: 'a key that a service’s header holds',
      loaded: loadedOf({
        auth: { keys: [key('a', STRONG)] },
        services: { x: { urls: ['http://x'], headers: { authorization: `Bearer ${STRONG}` } } },
      }),
      id: 'keys.reused',
      want: 'fail',
    },
    {
      name: 'a provider’s key for two providers is theirs',
      loaded: loadedOf({
        auth: { keys: [key('a', STRONG)] },
        providers: { openai: { api_key: 'x'.repeat(20) }, vllm: { api_key: 'x'.repeat(20) } },
      }),
      id: 'keys.reused',
      want: 'ok',
    },
    {
      name: 'only admin keys',
      loaded: loadedOf({ server: { environment: 'production' }, auth: { keys: [key('a', STRONG, { admin: true })] } }),
      id: 'keys.admin',
      want: 'warn',
    },
    {
      name: 'an admin key of its own',
      loaded: auth([key('a', STRONG, { admin: true }), key('b', `${STRONG}b`)]),
      id: 'keys.admin',
      want: 'ok',
    },
    { name: 'a short JWT secret', loaded: auth([], { jwt: { secret: 'kQ7p2Zx9kQ7p2Zx8' } }), id: 'jwt.secret', want: 'warn' },
    { name: 'a good JWT secret', loaded: auth([], { jwt: { secret: STRONG } }), id: 'jwt.secret', want: 'ok' },
    {
      name: 'the same for HS512, which wants more',
      loaded: auth([], { jwt: { secret: STRONG, algorithms: ['HS512'] } }),
      id: 'jwt.secret',
      want: 'warn',
    },
    { name: 'no JWT', loaded: auth([]), id: 'jwt', want: 'skipped' },
    {
      name: 'keys of an identity provider over http',
      loaded: auth([], { jwt: { jwks_url: 'http://id.example/jwks' } }),
      id: 'jwt.jwks',
      want: 'warn',
    },
    { name: 'tokens for anyone', loaded: auth([], { jwt: { jwks_url: 'https://id.example/jwks' } }), id: 'jwt.audience', want: 'warn' },
    {
      name: 'tokens for us',
      loaded: auth([], { jwt: { jwks_url: 'https://id.example/jwks', audience: 'us' } }),
      id: 'jwt.audience',
      want: 'ok',
    },
  ])
    test(`${name}: ${want}`, () => expect(worst(examineKeys(loaded), id)).toBe(want as never));

  test('a secret that is written out in the file, and one that is referred to', () => {
    const input = { auth: { keys: [key('a', STRONG)] } };
    const place = { kind: 'file', file: 'gatehouse.yaml', line: 1, column: 1 } as const;
    expect(worst(examineKeys(loadedOf(input, place)), 'keys.written')).toBe('warn');
    expect(worst(examineKeys(loadedOf(input, { ...place, via: ['KEY'] })), 'keys.written')).toBe('ok');
  });
});

describe('who can reach it', () => {
  const production = (server: object, more: object = {}) =>
    loadedOf({ server: { environment: 'production', ...server }, auth: { keys: [{ name: 'a', key: STRONG }] }, ...more });
  const PUBLIC = { host: '0.0.0.0' };
  for (const { name, loaded, id, want } of [
    { name: 'loopback', loaded: production({}), id: 'tls', want: 'ok' },
    { name: 'public without TLS', loaded: production(PUBLIC), id: 'tls', want: 'fail' },
    { name: 'the same in development', loaded: loadedOf({ server: PUBLIC }), id: 'tls', want: 'warn' },
    { name: 'public with TLS', loaded: production({ ...PUBLIC, tls: { cert_file: 'c', key_file: 'k' } }), id: 'tls', want: 'ok' },
    { name: 'public behind a proxy', loaded: production({ ...PUBLIC, trusted_proxies: ['10.0.0.0/8'] }), id: 'tls', want: 'ok' },
    { name: 'a proxy that is everyone', loaded: production({ ...PUBLIC, trusted_proxies: ['0.0.0.0/0'] }), id: 'proxies', want: 'fail' },
    { name: 'a proxy that is someone', loaded: production({ ...PUBLIC, trusted_proxies: ['10.0.0.0/8'] }), id: 'proxies', want: 'ok' },
    { name: 'development', loaded: loadedOf({}), id: 'environment', want: 'warn' },
    { name: 'production', loaded: production({}), id: 'environment', want: 'ok' },
    { name: 'CORS for all in development', loaded: loadedOf({}), id: 'cors', want: 'warn' },
    { name: 'CORS for all in production', loaded: production({ cors: { origins: ['*'] } }), id: 'cors', want: 'fail' },
    { name: 'CORS for none', loaded: production({}), id: 'cors', want: 'ok' },
    { name: 'CORS for plain http', loaded: production({ cors: { origins: ['http://app.example'] } }), id: 'cors', want: 'warn' },
    { name: 'CORS for https', loaded: production({ cors: { origins: ['https://app.example'] } }), id: 'cors', want: 'ok' },
    { name: 'no security headers', loaded: production({ security_headers: { enabled: false } }), id: 'headers', want: 'warn' },
    { name: 'security headers', loaded: production({}), id: 'headers', want: 'ok' },
    { name: 'metrics for all', loaded: production(PUBLIC), id: 'metrics', want: 'warn' },
    { name: 'metrics behind a key', loaded: production(PUBLIC, { telemetry: { metrics: { access: 'key' } } }), id: 'metrics', want: 'ok' },
    { name: 'no metrics', loaded: production({}, { telemetry: { metrics: { enabled: false } } }), id: 'metrics', want: 'warn' },
    { name: 'large bodies', loaded: production({ body_bytes_max: '1GiB' }), id: 'bodies', want: 'warn' },
    { name: 'usual bodies', loaded: production({}), id: 'bodies', want: 'ok' },
  ])
    test(`${name}: ${want}`, () => expect(worst(examineExposure(loaded), id)).toBe(want as never));

  test('whatever a start refuses fails, with what to set', () => {
    const unsafe = [{ path: 'auth.keys', message: 'production needs keys', hint: 'set auth.keys' }];
    expect(examineExposure({ ...loadedOf({}), unsafe }).filter(({ id }) => id === 'start')).toEqual([
      {
        id: 'start',
        subject: 'auth.keys',
        level: 'fail',
        seen: 'a start is refused: auth.keys: production needs keys',
        todo: 'set auth.keys',
      },
    ]);
  });
});

describe('limits', () => {
  const keys = {
    auth: {
      keys: [
        { name: 'a', key: STRONG },
        { name: 'b', key: `${STRONG}b`, tier: 'gold' },
      ],
    },
  };
  for (const { name, limits, id, want, more = {} } of [
    { name: 'the default', limits: {}, id: 'limits.tier', want: 'ok' },
    { name: 'the default contradicts nothing', limits: {}, id: 'limits.order', want: undefined },
    { name: 'off', limits: { mode: 'off' }, id: 'limits.mode', want: 'warn' },
    {
      name: 'shadow in production',
      limits: { mode: 'shadow' },
      id: 'limits.mode',
      want: 'fail',
      more: { server: { environment: 'production' } },
    },
    { name: 'a tier without limits', limits: { tiers: { gold: {} } }, id: 'limits.tier', want: 'warn' },
    {
      name: 'a second that is more than a minute',
      limits: { default: { per_second: 100, per_minute: 60 } },
      id: 'limits.order',
      want: 'warn',
    },
    { name: 'an hour that cannot be reached', limits: { default: { per_minute: 1, per_hour: 1_000 } }, id: 'limits.order', want: 'warn' },
    { name: 'a rule without limits', limits: { routes: [{ match: '/x' }] }, id: 'limits.route', want: 'warn' },
    { name: 'admins with less than others', limits: { tiers: { admin: { per_minute: 10 } } }, id: 'limits.order', want: 'warn' },
    { name: 'one process', limits: {}, id: 'sharing', want: 'skipped' },
    { name: 'workers without Redis', limits: {}, id: 'sharing', want: 'warn', more: { server: { workers: 4 } } },
    {
      name: 'workers with Redis',
      limits: {},
      id: 'sharing',
      want: 'ok',
      more: { server: { workers: 4 }, state: { counters: 'redis://r', cache: 'redis://r' } },
    },
  ])
    test(`${name}: ${want ?? 'nothing'}`, () =>
      expect(worst(examineLimits(configOf({ ...keys, limits, ...more })), id)).toBe(want as never));
});
