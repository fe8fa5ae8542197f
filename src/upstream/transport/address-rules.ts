/*
 * Which addresses an upstream may have (server-side request forgery). The operator names every upstream, callers never do; so what is
 * guarded against is a public name that turns out to lead inside, and a cloud's metadata service, which hands out credentials to
 * whoever can send it a GET.
 *
 *   written in the URL                        | may be
 *   an IP address                             | anything but link-local and metadata
 *   localhost, a single label, *.internal, …  | may resolve to anything but link-local and metadata
 *   any other name                            | must resolve to public addresses alone
 *   anything, with `allow_private`            | anything
 *
 * This file is pure; host-check.ts resolves and remembers.
 */

import { classifyAddress, createCidrSet } from '../../base/ip.ts';

export type HostKind =
  | { readonly kind: 'address'; readonly address: string }
  /** A name of this machine or of an inner network, by its form. */
  | { readonly kind: 'inner-name' }
  | { readonly kind: 'public-name' };

/**
 * Metadata services outside the link-local ranges: Amazon's and Google's over IPv6, Alibaba's, Oracle's, and Azure's host agent.
 * Source: the providers' documentation of their instance metadata.
 */
const METADATA = createCidrSet(['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '192.0.0.192', '168.63.129.16']);

/** `.local`, `.internal` and `home.arpa` are reserved for inner use (RFC 6762, ICANN 2024, RFC 8375); the others are customs. */
const INNER_SUFFIXES = [
  '.localhost',
  '.local',
  '.internal',
  '.intranet',
  '.lan',
  '.home.arpa',
  '.svc',
  '.cluster.local',
  '.consul',
  '.test',
];

/** `hostname` is that of a parsed URL: lower case, IPv6 in brackets, odd spellings of IPv4 already made plain. */
export function kindOfHost(hostname: string): HostKind {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (classifyAddress(bare) !== undefined) return { kind: 'address', address: bare };
  const name = bare.endsWith('.') ? bare.slice(0, -1) : bare;
  if (!name.includes('.') || name.includes('.svc.') || INNER_SUFFIXES.some((suffix) => name.endsWith(suffix)))
    return { kind: 'inner-name' };
  return { kind: 'public-name' };
}

/** Why an address that `host` stands for or resolved to may not be called; undefined when it may. */
export function refusalOf(host: HostKind, address: string): string | undefined {
  const kind = classifyAddress(address);
  if (kind === undefined) return 'is no address';
  if (kind === 'link-local' || METADATA.has(address)) return 'is a link-local or metadata address';
  if (host.kind === 'public-name' && kind !== 'public') return `is not public (${kind})`;
  return undefined;
}
