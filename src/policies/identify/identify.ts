/*
 * Identify: who is calling. A credential is taken from the request in one way on every route, looked up among the configured keys by its
 * digest, and else checked as a token. Whether somebody must be known is the route's to say (`access`).
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError, type GatewayErrorOptions } from '../../base/errors.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { type Principal, principalFact } from '../../pipeline/facts.ts';
import type { Layer, Policy } from '../../pipeline/policy.ts';
import type { Reply } from '../../pipeline/reply.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import type { Access } from '../../pipeline/route.ts';
import {
  type AwsAuthorization,
  bodyDigest,
  checkSignature,
  checkSignatureDate,
  claimedDigest,
  readAwsAuthorization,
} from './aws-signature.ts';
import { credentialDigest, extractCredential } from './credential.ts';
import type { AuthConfig } from './identify-config.ts';
import { createKeyBook } from './key-book.ts';
import type { KeySets } from './key-set.ts';
import { createTokenVerifier } from './token.ts';

export interface IdentifyDeps {
  readonly clock: Clock;
  readonly keySets: KeySets;
  readonly environment: 'development' | 'production' | 'test';
  /** What the access `metrics` asks for. */
  readonly metricsAccess: 'public' | 'key';
  /** Largest body of a model route: a signature covers it. */
  readonly bodyBytesMax: number;
}

/** Nobody in particular, and nobody's tenant: what is kept for anonymous callers never meets what is kept for others. */
export const ANONYMOUS: Principal = { id: 'anonymous', tenant: 'anonymous', tier: 'anonymous', admin: false, kind: 'anonymous' };

/** Whether the routes for key holders refuse strangers. */
export function isCallerRequired(config: AuthConfig, environment: IdentifyDeps['environment']): boolean {
  return config.required ?? (config.keys.length > 0 || config.jwt !== undefined || environment === 'production');
}

/** Throws when the public key file of `auth.jwt` cannot be read. */
export function createIdentify(config: AuthConfig, deps: IdentifyDeps): Policy {
  const required = isCallerRequired(config, deps.environment);
  const identifier = createIdentifier(config, deps);
  const signed = createSignedIdentifier(config, deps);
  return {
    name: 'identify',
    stage: 'identify',
    writes: [principalFact],
    layer: (route) => {
      const access = route.access === 'metrics' ? deps.metricsAccess : route.access;
      if (access === 'public') return identifyKnown(identifier);
      const { keyParameter: parameter, signatures, tokenScheme } = route;
      return identifyCaller(identifier, { access, required, parameter, tokenScheme, signed: signatures === true ? signed : undefined });
    },
  };
}

interface Identifier {
  /** Who holds a configured key, or a token that was verified before. Never waits. */
  known(digest: string): Principal | undefined;
  /** Throws `key_invalid`, `token_invalid` or `auth_unavailable`. */
  check(credential: string, digest: string): Promise<Principal>;
}

function createIdentifier(config: AuthConfig, deps: IdentifyDeps): Identifier {
  const keys = createKeyBook(config.keys, credentialDigest);
  const tokens = config.jwt === undefined ? undefined : createTokenVerifier(config.jwt, deps);
  return {
    known: (digest) => keys(digest) ?? tokens?.known(digest),
    check(credential, digest) {
      if (tokens !== undefined && isToken(credential)) return tokens.verify(credential, digest);
      return Promise.reject(new GatewayError('key_invalid', 'this key is not known here', CHALLENGE_INVALID));
    },
  };
}

/** A public route: whoever is known gets their own limits, but a stale key or a slow identity provider must not fail a health check. */
function identifyKnown(identifier: Identifier): Layer {
  return (next) => (request, exchange) => {
    const credential = bestEffort(() => extractCredential(request.headers));
    exchange.set(principalFact, (credential === undefined ? undefined : identifier.known(credentialDigest(credential))) ?? ANONYMOUS);
    return next(request, exchange);
  };
}

interface CallerRules {
  readonly access: Exclude<Access, 'public' | 'metrics'>;
  readonly required: boolean;
  /** Of the query, where a key may stand. */
  readonly parameter: string | undefined;
  /** Whether a key may come as `Authorization: Token …`. */
  readonly tokenScheme: boolean | undefined;
  /** Knows callers by the signature of their request; undefined where none may be signed. */
  readonly signed: SignedIdentifier | undefined;
}

function identifyCaller(identifier: Identifier, { access, required, parameter, tokenScheme, signed }: CallerRules): Layer {
  const enter = (principal: Principal, exchange: Exchange): void => {
    if (access === 'admin' && !principal.admin) throw new GatewayError('access_denied', 'only an administrator may do this');
    exchange.set(principalFact, principal);
  };
  // No async function: who holds a configured key, as almost everybody does, is known at once.
  return (next) => (request, exchange) => {
    const credential = extractCredential(request.headers, { search: request.search, parameter, tokenScheme });
    if (credential === undefined) {
      const authorization = signed === undefined ? undefined : readAwsAuthorization(request.headers);
      if (signed !== undefined && authorization !== undefined) {
        const enterSigned = async (): Promise<Reply> => {
          const { principal, bytes } = await signed(request, authorization);
          if (principal === undefined && required)
            throw new GatewayError('key_invalid', 'no key has the name that is given as the access key id', CHALLENGE_INVALID);
          enter(principal ?? ANONYMOUS, exchange);
          return next(bytes === undefined ? request : { ...request, body: { kind: 'bytes', bytes } }, exchange);
        };
        return enterSigned();
      }
      if (required || access === 'admin')
        throw new GatewayError('key_missing', 'an API key is needed: send it as `Authorization: Bearer …` or `x-api-key: …`', CHALLENGE);
      enter(ANONYMOUS, exchange);
      return next(request, exchange);
    }
    const digest = credentialDigest(credential);
    const known = identifier.known(digest);
    if (known === undefined) {
      const enterLater = async (): Promise<Reply> => {
        enter(await checkCaller(identifier, { credential, digest, required }), exchange);
        return next(request, exchange);
      };
      return enterLater();
    }
    enter(known, exchange);
    return next(request, exchange);
  };
}

interface SignedCaller {
  /** Undefined: no key has this name. */
  readonly principal: Principal | undefined;
  /** The body, which was read for its digest. */
  readonly bytes?: Uint8Array;
}

/** Who signed a request. Rejects with `signature_invalid` where nobody with that key did, and with what reading a body may bring. */
type SignedIdentifier = (request: GatewayRequest, authorization: AwsAuthorization) => Promise<SignedCaller>;

function createSignedIdentifier({ keys }: AuthConfig, { clock, bodyBytesMax }: IdentifyDeps): SignedIdentifier {
  const secrets = new Map(keys.map(({ name, key }) => [name, key]));
  const principals = createKeyBook(keys, credentialDigest);
  return async (request, authorization) => {
    checkSignatureDate(request.headers, authorization, clock.now());
    const secret = secrets.get(authorization.keyName);
    if (secret === undefined) return { principal: undefined };
    const claimed = claimedDigest(request.headers);
    // A body is read for nobody but who has signed for one; where its digest is not told, that can't be known before.
    if (claimed !== undefined) checkSignature(request, authorization, { secret, digest: claimed });
    const bytes = await readBody(request, bodyBytesMax);
    const digest = bodyDigest(bytes);
    if (claimed === undefined || digest !== claimed) checkSignature(request, authorization, { secret, digest });
    return { principal: principals(credentialDigest(secret)), bytes };
  };
}

async function readBody({ body }: GatewayRequest, bytesMax: number): Promise<Uint8Array> {
  if (body.kind === 'unread') return body.read(bytesMax);
  return body.kind === 'bytes' ? body.bytes : new Uint8Array(0);
}

interface CheckInput {
  readonly credential: string;
  readonly digest: string;
  readonly required: boolean;
}

async function checkCaller(identifier: Identifier, { credential, digest, required }: CheckInput): Promise<Principal> {
  try {
    return await identifier.check(credential, digest);
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    // Where nobody has to be known, official clients still insist on sending some key.
    if (!required) return ANONYMOUS;
    if (cause.code !== 'token_invalid') throw cause;
    throw new GatewayError('token_invalid', cause.message, { ...CHALLENGE_INVALID, cause });
  }
}

/** Three parts of base64url, RFC 7515 §7.1. */
function isToken(credential: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(credential);
}

function bestEffort(extract: () => string | undefined): string | undefined {
  try {
    return extract();
  } catch {
    return undefined;
  }
}

const CHALLENGE: GatewayErrorOptions = { headers: { 'www-authenticate': 'Bearer realm="gatehouse"' } };
const CHALLENGE_INVALID: GatewayErrorOptions = { headers: { 'www-authenticate': 'Bearer realm="gatehouse", error="invalid_token"' } };
