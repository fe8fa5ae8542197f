/*
 * Resolves a host name and checks what it resolves to, off the path of a request: an answer is fresh for 30 s, then it is renewed in the
 * background while the old one still serves for five minutes. Only the first request, and the first after a long pause, wait.
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import { type HostKind, refusalOf } from './address-rules.ts';
import { TransportError } from './transport-error.ts';

/** All addresses of a name, likeliest first. Rejects when there are none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

const FRESH_MS = 30_000;
const STALE_MS = 300_000;

export interface HostCheck {
  /** Addresses that may be called, at least one; a promise only when they must be looked up first. Throws or rejects with `upstream_address_forbidden`. */
  addresses(): readonly string[] | Promise<readonly string[]>;
  /** The next address is to come first: this one did not answer. Also asks the resolver again. */
  failed(address: string): void;
}

export interface HostCheckDeps {
  readonly resolve: Resolve;
  readonly clock: Clock;
}

export function createHostCheck(hostname: string, host: HostKind, deps: HostCheckDeps): HostCheck {
  let known: readonly string[] = [];
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let underway: Promise<readonly string[]> | undefined;

  const renew = (): Promise<readonly string[]> => {
    underway ??= deps
      .resolve(hostname)
      .then(
        (found) => {
          assertAllowed(hostname, host, found);
          // An address in use stays in use while it is in the answer: pools are per address, and answers rotate.
          const first = known[0];
          known = first !== undefined && found.includes(first) ? [first, ...found.filter((address) => address !== first)] : found;
          checkedAtMs = deps.clock.monotonic();
          return known;
        },
        (error: unknown) => {
          throw new TransportError('dns', 'the host name does not resolve', { cause: error });
        },
      )
      .finally(() => {
        underway = undefined;
      });
    return underway;
  };

  return {
    addresses() {
      const ageMs = deps.clock.monotonic() - checkedAtMs;
      if (ageMs < FRESH_MS) return known;
      const renewed = renew();
      if (ageMs >= STALE_MS) return renewed;
      // A resolver in trouble does not stop what works; an answer that is now forbidden does, from the next request on.
      renewed.catch((error: unknown) => {
        if (error instanceof GatewayError && error.code === 'upstream_address_forbidden') checkedAtMs = Number.NEGATIVE_INFINITY;
      });
      return known;
    },
    failed(address) {
      if (known[0] === address && known.length > 1) known = [...known.slice(1), address];
      if (checkedAtMs > Number.NEGATIVE_INFINITY) checkedAtMs = Math.min(checkedAtMs, deps.clock.monotonic() - FRESH_MS);
    },
  };
}

/** Throws `upstream_address_forbidden` unless every address may be called: a mixed answer is how rebinding begins. */
function assertAllowed(hostname: string, host: HostKind, addresses: readonly string[]): void {
  for (const address of addresses) {
    const refusal = refusalOf(host, address);
    if (refusal === undefined) continue;
    throw new GatewayError('upstream_address_forbidden', 'The upstream has an address that may not be called.', {
      cause: new Error(`${hostname}: ${address} ${refusal}; \`allow_private: true\` permits it`),
    });
  }
}
