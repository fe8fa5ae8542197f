import { KEY_HEADERS, KEY_PROTOCOL_PREFIX, offeredProtocols } from '../../base/credential-headers.ts';
import { GatewayError } from '../../base/errors.ts';

const BEARER = 'bearer ';
const TOKEN = 'token ';

/** Longer than any key or token that is taken; looked at before anything is computed from it. */
export const CREDENTIAL_CHARS_MAX = 8_192;

/** Where else a key may stand than in the headers that are always looked at. */
export interface KeyQuery {
  /** With its `?`, or empty. */
  readonly search: string;
  /** The parameter's name; absent: in none. */
  readonly parameter?: string | undefined;
  /** Whether `Authorization: Token …` holds one. */
  readonly tokenScheme?: boolean | undefined;
}

/**
 * The key or token that came with a request, wherever it stood, with a WebSocket also among its subprotocols; undefined when there was none. Clients may send the same one twice.
 * Throws `header_invalid` for two that differ, and `key_invalid` for one that is absurdly long.
 */
export function extractCredential(headers: Headers, query?: KeyQuery): string | undefined {
  const authorization = headers.get('authorization');
  let credential = schemeToken(authorization, BEARER) ?? (query?.tokenScheme === true ? schemeToken(authorization, TOKEN) : undefined);
  const add = (value: string | null): void => {
    if (value === null || value === '') return;
    if (credential !== undefined && credential !== value) throw new GatewayError('header_invalid', 'the request has two different keys');
    credential = value;
  };
  for (const name of KEY_HEADERS) add(headers.get(name));
  if (query?.parameter !== undefined && query.search.length > 1)
    for (const value of new URLSearchParams(query.search).getAll(query.parameter)) add(value);
  if (headers.has('sec-websocket-protocol')) {
    for (const name of offeredProtocols(headers)) {
      if (name.startsWith(KEY_PROTOCOL_PREFIX) && name.length > KEY_PROTOCOL_PREFIX.length) add(name.slice(KEY_PROTOCOL_PREFIX.length));
    }
  }
  if (credential !== undefined && credential.length > CREDENTIAL_CHARS_MAX)
    throw new GatewayError('key_invalid', `keys and tokens have ${CREDENTIAL_CHARS_MAX} characters at most`);
  return credential;
}

/** Other schemes are no credentials of ours: a service may know them. */
function schemeToken(authorization: string | null, scheme: string): string | undefined {
  if (authorization === null || authorization.length <= scheme.length) return undefined;
  if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return undefined;
  const token = authorization.slice(scheme.length).trim();
  return token === '' ? undefined : token;
}

/**
 * What a credential is looked up by. Never the credential itself: how long a comparison takes must not tell how much of it was right,
 * and what is remembered of a token must not be one. SHA-256; 0.15 µs.
 */
export function credentialDigest(credential: string): string {
  return Bun.CryptoHasher.hash('sha256', credential, 'base64');
}
