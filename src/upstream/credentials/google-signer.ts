/*
 * Access tokens of Google Cloud: bought with a service account's signed assertion, or a user's refresh token, kept for as long as they hold, and bought
 * again before they end. One purchase at a time, whoever waits.
 *
 *   token holds for > 5 min    as it is
 *   for less                   as it is, while another is bought in the background
 *   none, or ended             the request waits for one
 *
 * Sources: RFC 7523 and developers.google.com/identity/protocols/oauth2/service-account#httprest; the file is the one that
 * GOOGLE_APPLICATION_CREDENTIALS names, of type `service_account` or `authorized_user`.
 */

import { readFile } from 'node:fs/promises';
import { importPKCS8, SignJWT } from 'jose';
import { z } from 'zod';
import { NEVER, withDeadline } from '../../base/abort.ts';
import { GatewayError } from '../../base/errors.ts';
import { headerRecord } from './header-record.ts';
import type { SignedProvider, Signer, SignerDeps } from './signer.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const TOKEN_URL = 'https://oauth2.googleapis.com/token';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** The longest that an assertion may hold. */
const ASSERTION_S = 3_600;
const RENEW_MS = 300_000;
/** Clocks differ, and a request takes its time. */
const LEEWAY_MS = 30_000;
const PURCHASE_MS = 10_000;
/** After a purchase that failed while the token still holds. */
const RETRY_MS = 10_000;

const credentials = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('service_account'),
    client_email: z.string(),
    private_key: z.string(),
    private_key_id: z.string().optional(),
    token_uri: z.url().default(TOKEN_URL),
  }),
  z.looseObject({
    type: z.literal('authorized_user'),
    client_id: z.string(),
    client_secret: z.string(),
    refresh_token: z.string(),
    token_uri: z.url().default(TOKEN_URL),
  }),
]);
type Credentials = z.output<typeof credentials>;

const tokenReply = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().positive().max(86_400) });

interface Token {
  readonly text: string;
  /** Of the monotonic clock. */
  readonly untilMs: number;
}

export function createGoogleSigner(provider: SignedProvider, deps: SignerDeps): Signer {
  const tokens = new Tokens(provider, deps);
  return {
    async sign(request) {
      const token = await tokens.get();
      return { ...request, headers: { ...headerRecord(request.headers), authorization: `Bearer ${token}` } };
    },
  };
}

class Tokens {
  readonly #provider: SignedProvider;
  readonly #deps: SignerDeps;
  #token: Token | undefined;
  #purchase: Promise<Token> | undefined;
  #notBeforeMs = 0;

  constructor(provider: SignedProvider, deps: SignerDeps) {
    this.#provider = provider;
    this.#deps = deps;
  }

  async get(): Promise<string> {
    const nowMs = this.#deps.clock.monotonic();
    const token = this.#token;
    if (token === undefined || token.untilMs <= nowMs) return (await this.#buy()).text;
    if (token.untilMs - nowMs < RENEW_MS && nowMs >= this.#notBeforeMs) {
      this.#notBeforeMs = nowMs + RETRY_MS;
      // The old one still holds: that it failed is told when it does not any more.
      this.#buy().catch(() => undefined);
    }
    return token.text;
  }

  #buy(): Promise<Token> {
    this.#purchase ??= this.#bought().finally(() => {
      this.#purchase = undefined;
    });
    return this.#purchase;
  }

  async #bought(): Promise<Token> {
    const { clock, fetchText } = this.#deps;
    const known = await this.#credentials();
    let reply: unknown;
    try {
      const form = await formOf(known, Math.floor(clock.now() / 1_000));
      using deadline = withDeadline(NEVER, {
        clock,
        deadlineMs: PURCHASE_MS,
        reason: () => new Error('the token service did not answer in time'),
      });
      reply = JSON.parse(await fetchText(known.token_uri, deadline.signal, form));
    } catch (cause) {
      throw this.#unobtainable('its token service gave none', cause);
    }
    const parsed = tokenReply.safeParse(reply);
    if (!parsed.success) throw this.#unobtainable('its token service answered something else', parsed.error);
    this.#token = { text: parsed.data.access_token, untilMs: clock.monotonic() + parsed.data.expires_in * 1_000 - LEEWAY_MS };
    return this.#token;
  }

  /** Read anew for every purchase: files of credentials are exchanged while a gateway runs. */
  async #credentials(): Promise<Credentials> {
    const { credentials: text, credentials_file: file } = this.#provider.config.google ?? {};
    try {
      return credentials.parse(JSON.parse(text ?? (await readFile(file ?? '', 'utf8'))));
    } catch (cause) {
      throw this.#unobtainable('its credentials can not be read (`google.credentials` or `google.credentials_file`)', cause);
    }
  }

  #unobtainable(why: string, cause: unknown): GatewayError {
    return new GatewayError('upstream_credentials', `The provider '${this.#provider.name}' has no access token: ${why}.`, { cause });
  }
}

async function formOf(known: Credentials, nowS: number): Promise<Readonly<Record<string, string>>> {
  if (known.type === 'authorized_user') {
    const { client_id, client_secret, refresh_token } = known;
    return { grant_type: 'refresh_token', client_id, client_secret, refresh_token };
  }
  const { client_email: email, private_key: key, private_key_id: kid, token_uri: audience } = known;
  const assertion = await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
    .setIssuer(email)
    .setSubject(email)
    .setAudience(audience)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + ASSERTION_S)
    .sign(await importPKCS8(key, 'RS256'));
  return { grant_type: GRANT, assertion };
}
