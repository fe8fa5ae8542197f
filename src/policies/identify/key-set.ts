/*
 * The public keys of an identity provider (RFC 7517), fetched when first needed and again as they age.
 *
 *   age < max_age                   as they are
 *   < max_age + stale_max           as they are, while they are fetched again in the background
 *   older, or an unknown key id     the caller waits for a fetch
 *
 * A provider that is down is our trouble and never the caller's: a known key holds until it is too stale, and what cannot be told is
 * answered with `auth_unavailable` (503), never with 401. Fetches are one at a time and seconds apart, so tokens with
 * invented key ids cannot be used to hammer the provider.
 */

import { type Abortable, NEVER, raceAbort, withDeadline } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { JwtConfig } from './identify-config.ts';

/** A public JSON Web Key with what we check of it. */
export interface PublicJwk {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly [member: string]: unknown;
}

export interface KeySet {
  /** The keys that may have signed a token with this key id (undefined: any), at least one. Throws `token_invalid` or `auth_unavailable`. */
  find(kid: string | undefined): readonly PublicJwk[] | Promise<readonly PublicJwk[]>;
  /** Goes up when a key was withdrawn: what was verified before may not hold any more. */
  readonly withdrawals: number;
}

export type KeySetConfig = Pick<JwtConfig, 'jwks_timeout' | 'jwks_max_age' | 'jwks_stale_max'> & { readonly jwks_url: string };

export interface KeySetDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The body of a GET, no longer than 1 MiB and with status 200; throws for anything else. Follows no redirect. */
  readonly fetchText: (url: string, signal: Abortable) => Promise<string>;
}

/** Key sets by URL, which outlive a reload of the configuration: what is known stays known. */
export interface KeySets {
  open(config: KeySetConfig): KeySet;
}

export function createKeySets(deps: KeySetDeps): KeySets {
  const sets = new Map<string, RemoteKeySet>();
  return {
    open(config) {
      let set = sets.get(config.jwks_url);
      if (set === undefined) sets.set(config.jwks_url, (set = new RemoteKeySet(deps)));
      set.configure(config);
      return set;
    },
  };
}

/** Between two fetches, for whatever reason they are wanted. */
const FETCH_INTERVAL_MS = 5_000;
const KEYS_MAX = 100;

class RemoteKeySet implements KeySet {
  readonly #deps: KeySetDeps;
  #config: KeySetConfig | undefined;
  #keys: readonly PublicJwk[] = [];
  #fetchedAtMs = -Infinity;
  #triedAtMs = -Infinity;
  #failed = false;
  #fetching: Promise<void> | undefined;
  withdrawals = 0;

  constructor(deps: KeySetDeps) {
    this.#deps = deps;
  }

  configure(config: KeySetConfig): void {
    this.#config = config;
  }

  find(kid: string | undefined): readonly PublicJwk[] | Promise<readonly PublicJwk[]> {
    const { jwks_max_age: maxAgeMs = 0, jwks_stale_max: staleMaxMs = 0 } = this.#config ?? {};
    const ageMs = this.#deps.clock.monotonic() - this.#fetchedAtMs;
    const known = this.#lookUp(kid);
    if (known.length > 0 && ageMs < maxAgeMs + staleMaxMs) {
      if (ageMs >= maxAgeMs && this.#mayFetch()) this.#refresh().catch(() => undefined);
      return known;
    }
    return this.#fetchAndFind(kid);
  }

  async #fetchAndFind(kid: string | undefined): Promise<readonly PublicJwk[]> {
    if (this.#fetching !== undefined || this.#mayFetch()) await this.#refresh();
    else if (this.#failed) throw this.#unavailable();
    const found = this.#lookUp(kid);
    if (found.length === 0) throw new GatewayError('token_invalid', 'the token is signed with a key that its issuer does not publish');
    return found;
  }

  #lookUp(kid: string | undefined): readonly PublicJwk[] {
    return kid === undefined ? this.#keys : this.#keys.filter((key) => key.kid === kid);
  }

  #mayFetch(): boolean {
    return this.#deps.clock.monotonic() - this.#triedAtMs >= FETCH_INTERVAL_MS;
  }

  #refresh(): Promise<void> {
    return (this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    }));
  }

  async #fetch(): Promise<void> {
    const { clock, logger, fetchText } = this.#deps;
    const { jwks_url: url = '', jwks_timeout: deadlineMs = 0 } = this.#config ?? {};
    this.#triedAtMs = clock.monotonic();
    try {
      using deadline = withDeadline(NEVER, { deadlineMs, clock, reason: () => new Error(`no answer within ${deadlineMs} ms`) });
      const keys = parseKeys(await raceAbort(fetchText(url, deadline.signal), deadline.signal));
      if (this.#keys.some((old) => !keys.some((key) => isSame(key, old)))) this.withdrawals += 1;
      this.#keys = keys;
      this.#fetchedAtMs = clock.monotonic();
      this.#failed = false;
    } catch (cause) {
      this.#failed = true;
      logger.warn('the keys of the identity provider cannot be fetched', { url, error: cause });
      throw this.#unavailable(cause);
    }
  }

  #unavailable(cause?: unknown): GatewayError {
    const retryAfterMs = Math.max(1_000, this.#triedAtMs + FETCH_INTERVAL_MS - this.#deps.clock.monotonic());
    return new GatewayError('auth_unavailable', 'tokens cannot be checked just now', { retryAfterMs, cause });
  }
}

/** Signature keys with a public half; shared secrets (`oct`) have no business in a published set. */
function parseKeys(text: string): readonly PublicJwk[] {
  const { keys } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length > KEYS_MAX) throw new Error('the answer is no key set');
  return keys.filter((key: unknown): key is PublicJwk => {
    if (typeof key !== 'object' || key === null) return false;
    const { kty, kid, use } = key as Record<string, unknown>;
    return typeof kty === 'string' && kty !== 'oct' && use !== 'enc' && (kid === undefined || typeof kid === 'string');
  });
}

function isSame(one: PublicJwk, other: PublicJwk): boolean {
  return one.kid === other.kid && one.n === other.n && one.x === other.x && one.y === other.y;
}
