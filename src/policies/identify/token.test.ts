import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { type Abortable, platformSignal } from '../../base/abort.ts';
import { GatewayError } from '../../base/errors.ts';
import { createManualClock, type ManualClock } from '../../base/manual-clock.ts';
import type { Principal } from '../../pipeline/facts.ts';
import { credentialDigest } from './credential.ts';
import { authConfig, type JwtConfig } from './identify-config.ts';
import { createKeySets, type KeySets } from './key-set.ts';
import { createTokenVerifier, type TokenVerifier } from './token.ts';

const SECRET = 'a-secret-of-thirty-two-characters';
const encode = (text: string) => new TextEncoder().encode(text);
const ignore = () => {};
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function config(jwt: Readonly<Record<string, unknown>>): JwtConfig {
  const parsed = authConfig.parse({ jwt }).jwt;
  if (parsed === undefined) throw new Error('no jwt');
  return parsed;
}

const seconds = (clock: ManualClock) => Math.floor(clock.now() / 1_000);

function sign(clock: ManualClock, payload: JWTPayload = {}, secret = SECRET): Promise<string> {
  return new SignJWT({ sub: 'ada', exp: seconds(clock) + 600, ...payload }).setProtectedHeader({ alg: 'HS256' }).sign(encode(secret));
}

async function outcome(
  verifier: TokenVerifier,
  token: string,
): Promise<Principal | { code: string; message: string; retryAfterMs?: number }> {
  try {
    return await verifier.verify(token, credentialDigest(token));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { retryAfterMs } = error.options;
    return { code: error.code, message: error.message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
}

const noKeySets: KeySets = {
  open: () => {
    throw new Error('not asked for');
  },
};

describe('a token with a shared secret', () => {
  const clock = createManualClock();
  const verifier = (more: Readonly<Record<string, unknown>> = {}) =>
    createTokenVerifier(config({ secret: SECRET, ...more }), { clock, keySets: noKeySets });

  test('says who its holder is', async () => {
    const token = await sign(clock, { tier: 'gold', tenant: 'acme', models: ['gpt-*'], admin: true });
    expect(await outcome(verifier(), token)).toEqual({
      id: 'token:acme:ada',
      user: 'ada',
      tier: 'gold',
      tenant: 'acme',
      models: ['gpt-*'],
      admin: true,
      kind: 'token',
    });
    expect(await outcome(verifier(), await sign(clock))).toEqual({
      id: 'token:default:ada',
      user: 'ada',
      tier: 'standard',
      tenant: 'default',
      admin: false,
      kind: 'token',
    });
  });

  test('may say it in claims of other names, also inside others', async () => {
    const claims = { user: 'email', tier: 'https://x.example/tier', models: 'scope', admin: 'realm_access.roles' };
    const payload = {
      email: 'ada@x.example',
      'https://x.example/tier': 'gold',
      scope: 'gpt-4o o3',
      realm_access: { roles: ['user', 'admin'] },
    };
    expect(await outcome(verifier({ claims }), await sign(clock, payload))).toMatchObject({
      user: 'ada@x.example',
      tier: 'gold',
      models: ['gpt-4o', 'o3'],
      admin: true,
    });
  });

  for (const { name, more, payload, secret, message } of [
    { name: 'that is expired', payload: { exp: seconds(clock) - 60 }, message: 'expired' },
    { name: 'that does not expire', payload: { exp: undefined }, message: "claim 'exp'" },
    { name: 'that is not valid yet', payload: { nbf: seconds(clock) + 60 }, message: "claim 'nbf'" },
    { name: 'of another secret', secret: 'another-secret-of-32-characters!', message: 'signature' },
    { name: 'of another issuer', more: { issuer: 'https://id.example' }, payload: { iss: 'https://evil.example' }, message: "claim 'iss'" },
    { name: 'without the issuer that is asked for', more: { issuer: 'https://id.example' }, message: "claim 'iss'" },
    { name: 'for another audience', more: { audience: 'gatehouse' }, payload: { aud: 'other' }, message: "claim 'aud'" },
    {
      name: 'that lasts too long',
      more: { lifetime_max: '1h' },
      payload: { iat: seconds(clock), exp: seconds(clock) + 7_200 },
      message: 'longer',
    },
    { name: 'without a user', payload: { sub: undefined }, message: "claim 'sub' is missing" },
    { name: 'with a user of 10 KB', payload: { sub: 'x'.repeat(10_000) }, message: "claim 'sub'" },
    { name: 'with models that are no list', payload: { models: { all: true } }, message: "claim 'models'" },
    { name: 'with a tenant that is no text', payload: { tenant: ['a'] }, message: "claim 'tenant'" },
  ] as { name: string; more?: Record<string, unknown>; payload?: JWTPayload; secret?: string; message: string }[]) {
    test(`${name} is refused, and told why`, async () => {
      const refusal = await outcome(verifier(more), await sign(clock, payload, secret));
      expect(refusal).toMatchObject({ code: 'token_invalid', message: expect.stringContaining(message) });
    });
  }

  test('without a signature, or of an algorithm that is not accepted, is refused', async () => {
    const unsigned = new UnsecuredJWT({ sub: 'ada', exp: seconds(clock) + 600 }).encode();
    expect(await outcome(verifier(), unsigned)).toMatchObject({ code: 'token_invalid' });
    const strong = await new SignJWT({ sub: 'ada', exp: seconds(clock) + 600 }).setProtectedHeader({ alg: 'HS512' }).sign(encode(SECRET));
    expect(await outcome(verifier(), strong)).toMatchObject({ code: 'token_invalid', message: expect.stringContaining('algorithm') });
    for (const garbage of ['a.b.c', 'e30.e30.', `${'A'.repeat(4_000)}.e30.x`]) {
      expect(await outcome(verifier(), garbage)).toMatchObject({ code: 'token_invalid' });
    }
  });

  test('within the leeway is accepted', async () => {
    expect(await outcome(verifier(), await sign(clock, { exp: seconds(clock) - 20 }))).toMatchObject({ user: 'ada' });
  });

  test('is remembered until it expires', async () => {
    const tokens = verifier({ leeway: 0 });
    const token = await sign(clock, { exp: seconds(clock) + 60 });
    const digest = credentialDigest(token);
    expect(tokens.known(digest)).toBeUndefined();
    const principal = await tokens.verify(token, digest);
    expect(tokens.known(digest)).toBe(principal);
    clock.advance(59_000);
    expect(tokens.known(digest)).toBe(principal);
    clock.advance(2_000);
    expect(tokens.known(digest)).toBeUndefined();
    expect(await outcome(tokens, token)).toMatchObject({ code: 'token_invalid' });
  });
});

describe('a token with a public key in a file', () => {
  test('is checked with it, and a shared secret made of the public key is not', async () => {
    const clock = createManualClock();
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const pem = await exportSPKI(publicKey);
    const file = `${process.env['TMPDIR'] ?? '/tmp'}/gatehouse-${crypto.randomUUID()}.pem`;
    await Bun.write(file, pem);
    const tokens = createTokenVerifier(config({ public_key_file: file }), { clock, keySets: noKeySets });
    const payload = { sub: 'ada', exp: seconds(clock) + 600 };
    const good = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    expect(await outcome(tokens, good)).toMatchObject({ user: 'ada' });
    const confused = await new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(encode(pem));
    expect(await outcome(tokens, confused)).toMatchObject({ code: 'token_invalid', message: expect.stringContaining('algorithm') });
    const { privateKey: rsa } = await generateKeyPair('RS256');
    const other = await new SignJWT(payload).setProtectedHeader({ alg: 'RS256' }).sign(rsa);
    expect(await outcome(tokens, other)).toMatchObject({ code: 'token_invalid' });
    await Bun.file(file).delete();
    expect(() => createTokenVerifier(config({ public_key_file: file }), { clock, keySets: noKeySets })).toThrow();
  });
});

describe('a token of an identity provider', () => {
  let provider: Bun.Server<undefined>;
  let mode: 'up' | 'down' | 'garbage' | 'silent' = 'up';
  let keys: object[] = [];
  let fetches = 0;
  const pairs = new Map<string, CryptoKey>();

  const addKey = async (kid: string, alg = 'RS256') => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    pairs.set(kid, privateKey);
    keys.push({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
  };

  beforeAll(async () => {
    await addKey('one');
    await addKey('two', 'EdDSA');
    provider = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch() {
        fetches += 1;
        if (mode === 'silent') await Bun.sleep(1_000);
        if (mode === 'down') return new Response('broken', { status: 503 });
        return mode === 'garbage' ? new Response('<html>') : Response.json({ keys });
      },
    });
  });
  afterAll(() => provider.stop(true));

  const fetchText = async (url: string, signal: Abortable): Promise<string> => {
    using platform = platformSignal(signal);
    const response = await fetch(url, { signal: platform.signal, redirect: 'error' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.text();
  };

  /** Fresh for each test; fetching waits for real answers, so only the ages are by hand. */
  const create = (more: Readonly<Record<string, unknown>> = {}) => {
    mode = 'up';
    fetches = 0;
    const clock = createManualClock();
    const keySets = createKeySets({ clock, logger, fetchText });
    const tokens = createTokenVerifier(config({ jwks_url: provider.url.href, ...more }), { clock, keySets });
    const issue = (kid: string | undefined, alg = 'RS256', signer = kid ?? 'one') => {
      const key = pairs.get(signer);
      if (key === undefined) throw new Error(`no key ${signer}`);
      const token = new SignJWT({ sub: 'ada', exp: seconds(clock) + 86_400, jti: crypto.randomUUID() });
      return token.setProtectedHeader(kid === undefined ? { alg } : { alg, kid }).sign(key);
    };
    return { clock, tokens, issue };
  };

  test('is checked with the published key that it names, and the keys are fetched once', async () => {
    const { tokens, issue } = create();
    const answers = await Promise.all([
      outcome(tokens, await issue('one')),
      outcome(tokens, await issue('one')),
      outcome(tokens, await issue('two', 'EdDSA')),
    ]);
    for (const answer of answers) expect(answer).toMatchObject({ user: 'ada' });
    expect(fetches).toBe(1);
  });

  test('without a key id is checked with the one key that fits', async () => {
    const { tokens, issue } = create();
    expect(await outcome(tokens, await issue(undefined))).toMatchObject({ user: 'ada' });
  });

  test('of a known key is good while the provider is down, until the copy is too old', async () => {
    const { clock, tokens, issue } = create();
    await outcome(tokens, await issue('one'));
    mode = 'down';
    clock.advance(600_000 + 899_000);
    expect(await outcome(tokens, await issue('one'))).toMatchObject({ user: 'ada' });
    clock.advance(60_000);
    expect(await outcome(tokens, await issue('one'))).toMatchObject({ code: 'auth_unavailable', retryAfterMs: expect.any(Number) });
    mode = 'up';
    clock.advance(10_000);
    expect(await outcome(tokens, await issue('one'))).toMatchObject({ user: 'ada' });
  });

  for (const broken of ['down', 'garbage', 'silent'] as const) {
    test(`that cannot be checked, the provider being ${broken}, is our trouble: 503, never 401`, async () => {
      const { clock, tokens, issue } = create();
      mode = broken;
      const pending = outcome(tokens, await issue('one'));
      if (broken === 'silent') {
        // The fetch has begun when its deadline is set.
        while (clock.pending === 0) await Bun.sleep(1);
        clock.advance(2_000);
      }
      expect(await pending).toMatchObject({ code: 'auth_unavailable', retryAfterMs: expect.any(Number) });
      // Asked again at once, nobody is sent to the provider.
      expect(await outcome(tokens, await issue('one'))).toMatchObject({ code: 'auth_unavailable' });
      expect(fetches).toBe(1);
    });
  }

  test('of a key that is not published is refused, and invented key ids do not hammer the provider', async () => {
    const { clock, tokens, issue } = create();
    for (let index = 0; index < 20; index += 1) {
      expect(await outcome(tokens, await issue(`invented-${index}`, 'RS256', 'one'))).toMatchObject({ code: 'token_invalid' });
    }
    expect(fetches).toBe(1);
    clock.advance(6_000);
    await addKey('three');
    expect(await outcome(tokens, await issue('three'))).toMatchObject({ user: 'ada' });
    expect(fetches).toBe(2);
  });

  test('is forgotten when its key is withdrawn', async () => {
    const { clock, tokens, issue } = create();
    const token = await issue('one');
    const digest = credentialDigest(token);
    await tokens.verify(token, digest);
    expect(tokens.known(digest)).toBeDefined();
    const kept = keys;
    keys = keys.filter((key) => !('kid' in key) || key.kid !== 'one');
    clock.advance(6_000);
    await outcome(tokens, await issue('unknown', 'RS256', 'one'));
    expect(tokens.known(digest)).toBeUndefined();
    expect(await outcome(tokens, token)).toMatchObject({ code: 'token_invalid' });
    keys = kept;
  });

  test('is not checked with a key of another kind', async () => {
    const { tokens, issue } = create();
    expect(await outcome(tokens, await issue('two', 'RS256', 'one'))).toMatchObject({ code: 'token_invalid' });
  });
});
