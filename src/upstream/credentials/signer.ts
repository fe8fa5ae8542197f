/*
 * Credentials that no constant header can carry: a signature over each request, or a token that must be fetched and grows old. How each is made stands in a file
 * beside this one; a provider's definition names it.
 */

import type { Clock } from '../../base/clock.ts';
import type { Signing } from '../../providers/provider.ts';
import type { Provider } from '../../routing/router.ts';
import type { FetchText } from '../transport/fetch-text.ts';
import type { TransportRequest } from '../upstream.ts';
import { createAwsSigner } from './aws-signer.ts';
import { createGoogleSigner } from './google-signer.ts';

/** Puts a credential on a request. */
export interface Signer {
  /** Rejects with `upstream_credentials` where there is none to be had. */
  sign(request: TransportRequest): Promise<TransportRequest>;
}

export type SignedProvider = Pick<Provider, 'name' | 'config' | 'definition'>;

export interface SignerDeps {
  readonly clock: Clock;
  readonly fetchText: FetchText;
}

const SIGNERS: Readonly<Record<Signing, (provider: SignedProvider, deps: SignerDeps) => Signer>> = {
  'aws-sigv4': createAwsSigner,
  'google-oauth': createGoogleSigner,
};

/** The signer of a provider, by its name; undefined for all whose credential is a header, or nothing. */
export type FindSigner = (provider: string) => Signer | undefined;

export function createSigners(providers: ReadonlyMap<string, Provider>, deps: SignerDeps): FindSigner {
  const signers = new Map<string, Signer>();
  for (const [name, provider] of providers) {
    const { credential } = provider.definition;
    // A key of the usual kind goes into its header, where the provider takes both.
    if (typeof credential === 'object' && 'signing' in credential && provider.config.api_key === undefined)
      signers.set(name, SIGNERS[credential.signing](provider, deps));
  }
  return (provider) => signers.get(provider);
}
