/*
 * JSON Web Tokens: signature, algorithm, time, issuer, audience; then what they say (claims.ts). A verified token is remembered by its
 * digest until it expires, for verifying costs 20 to 200 µs and clients send the same one for an hour.
 */

import { readFileSync } from 'node:fs';
import type { CryptoKey, JWTPayload, JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import { createLru } from '../../base/lru.ts';
import type { Principal } from '../../pipeline/facts.ts';
import { principalOfClaims } from './claims.ts';
import type { JwtConfig } from './identify-config.ts';
import type { KeySet, KeySets, PublicJwk } from './key-set.ts';

export interface TokenVerifier {
  /** Who holds a token that was verified before and is still good. */
  known(digest: string): Principal | undefined;
  /** Throws `token_invalid` or `auth_unavailable`. */
  verify(token: string, digest: string): Promise<Principal>;
}

export interface TokenDeps {
  readonly clock: Clock;
  readonly keySets: KeySets;
}

interface Known {
  readonly principal: Principal;
  /** Wall milliseconds. */
  readonly expiresAtMs: number;
  readonly withdrawals: number;
}

const KNOWN_MAX = 10_000;

/** Throws when the public key file cannot be read. */
export function createTokenVerifier(config: JwtConfig, deps: TokenDeps): TokenVerifier {
  const { clock } = deps;
  const keys = createKeySource(config, deps.keySets);
  const remembered = createLru<Known>({ entriesMax: KNOWN_MAX, bytesMax: KNOWN_MAX });
  const algorithms = config.algorithms ?? (config.secret === undefined ? ['RS256', 'ES256', 'EdDSA'] : ['HS256']);

  return {
    known(digest) {
      const entry = remembered.get(digest);
      if (entry === undefined) return undefined;
      if (clock.now() < entry.expiresAtMs && entry.withdrawals === keys.withdrawals()) return entry.principal;
      remembered.delete(digest);
      return undefined;
    },
    async verify(token, digest) {
      // Loaded by the first token: a gateway without any starts the faster.
      const jose = await import('jose');
      const withdrawals = keys.withdrawals();
      try {
        const { payload } = await jose.jwtVerify(token, keys.find, {
          algorithms: [...algorithms],
          clockTolerance: config.leeway / 1_000,
          currentDate: new Date(clock.now()),
          requiredClaims: ['exp'],
          ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
          ...(config.audience === undefined ? {} : { audience: config.audience }),
        });
        checkLifetime(payload, config.lifetime_max);
        const principal = principalOfClaims(payload, config);
        remembered.set(digest, { principal, expiresAtMs: (payload.exp ?? 0) * 1_000 + config.leeway, withdrawals }, 1);
        return principal;
      } catch (cause) {
        if (cause instanceof GatewayError || !(cause instanceof jose.errors.JOSEError)) throw cause;
        throw new GatewayError('token_invalid', reasonOf(cause.code, cause), { cause });
      }
    },
  };
}

function checkLifetime(payload: JWTPayload, lifetimeMaxMs: number | undefined): void {
  if (lifetimeMaxMs === undefined) return;
  const { iat, exp } = payload;
  if (iat === undefined || exp === undefined || (exp - iat) * 1_000 > lifetimeMaxMs)
    throw new GatewayError('token_invalid', 'the token is made to last longer than is allowed');
}

/** For the caller: which check failed, and nothing of what the token held. */
function reasonOf(code: string, error: Error): string {
  switch (code) {
    case 'ERR_JWT_EXPIRED':
      return 'the token has expired';
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return `the token's claim '${'claim' in error ? String(error.claim) : ''}' is not what it must be`;
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return "the token's algorithm is not accepted";
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return "the token's signature is wrong";
    default:
      return 'the token is malformed';
  }
}

interface KeySource {
  readonly find: JWTVerifyGetKey;
  withdrawals(): number;
}

function createKeySource(config: JwtConfig, keySets: KeySets): KeySource {
  const { secret, public_key_file: file, jwks_url } = config;
  if (secret !== undefined) {
    const key = new TextEncoder().encode(secret);
    return { find: () => key, withdrawals: () => 0 };
  }
  if (jwks_url !== undefined) {
    const set = keySets.open({ ...config, jwks_url });
    return { find: findPublished(set), withdrawals: () => set.withdrawals };
  }
  const pem = readFileSync(file ?? '', 'utf8');
  if (!pem.includes('BEGIN PUBLIC KEY') && !pem.includes(CERTIFICATE))
    throw new Error(`auth.jwt.public_key_file: no public key in PEM: ${file}`);
  const imported = new Map<string, Promise<CryptoKey>>();
  const find: JWTVerifyGetKey = ({ alg }) => {
    let key = imported.get(alg);
    // Only accepted algorithms come this far, so the map stays small.
    if (key === undefined) imported.set(alg, (key = importPem(pem, alg)));
    return key;
  };
  return { find, withdrawals: () => 0 };
}

const CERTIFICATE = 'BEGIN CERTIFICATE';

async function importPem(pem: string, alg: string): Promise<CryptoKey> {
  const { importSPKI, importX509 } = await import('jose');
  try {
    return await (pem.includes(CERTIFICATE) ? importX509(pem, alg) : importSPKI(pem, alg));
  } catch (cause) {
    throw new GatewayError('token_invalid', "the token's algorithm does not go with the key", { cause });
  }
}

function findPublished(set: KeySet): JWTVerifyGetKey {
  const imported = new WeakMap<PublicJwk, Promise<CryptoKey | Uint8Array>>();
  return async ({ kid, alg }) => {
    const candidates = (await set.find(kid)).filter((jwk) => fits(jwk, alg));
    const [jwk] = candidates;
    // Without a key id there may be one key alone: trying each would let anyone make us try many.
    if (jwk === undefined || candidates.length > 1)
      throw new GatewayError('token_invalid', 'the token does not say which key it is signed with (kid)');
    let key = imported.get(jwk);
    if (key === undefined) imported.set(jwk, (key = importPublished(jwk, alg)));
    return key;
  };
}

async function importPublished(jwk: PublicJwk, alg: string): Promise<CryptoKey | Uint8Array> {
  const { importJWK } = await import('jose');
  try {
    return await importJWK(jwk, alg);
  } catch (cause) {
    // Its kind fits, so it is the provider that published a broken key.
    throw new GatewayError('auth_unavailable', 'tokens cannot be checked just now', { cause });
  }
}

const KEY_KINDS: readonly { readonly algorithms: RegExp; readonly kty: string; readonly crv?: string }[] = [
  { algorithms: /^[RP]S/, kty: 'RSA' },
  { algorithms: /^ES256$/, kty: 'EC', crv: 'P-256' },
  { algorithms: /^ES384$/, kty: 'EC', crv: 'P-384' },
  { algorithms: /^EdDSA$/, kty: 'OKP', crv: 'Ed25519' },
];

/** Whether a key may be used with an algorithm: a key never does the work of another kind (RFC 8725 §3.1). */
function fits(jwk: PublicJwk, alg: string): boolean {
  if (jwk.alg !== undefined && jwk.alg !== alg) return false;
  return KEY_KINDS.some(({ algorithms, kty, crv }) => algorithms.test(alg) && jwk.kty === kty && (crv === undefined || jwk.crv === crv));
}
