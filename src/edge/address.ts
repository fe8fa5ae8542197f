/*
 * Who the caller is behind the proxies. A proxy appends the address that it saw to X-Forwarded-For, so the list is read from
 * the right, for as long as the proxies that wrote it are trusted: everything further left may be invented.
 */

import { createCidrSet, parseIp } from '../base/ip.ts';

export interface Caller {
  readonly address: string;
  /** Whether the caller's own connection is encrypted. */
  readonly https: boolean;
}

export interface CallerResolver {
  /** `socketAddress`: the other end of the connection; `encrypted`: whether that connection is. */
  resolve(headers: Headers, socketAddress: string, encrypted: boolean): Caller;
}

/** `trustedProxies`: addresses and CIDR ranges; empty: the connection alone counts. */
export function createCallerResolver(trustedProxies: readonly string[]): CallerResolver {
  const trusted = createCidrSet(trustedProxies);
  const trustsNobody = trustedProxies.length === 0;
  return {
    resolve(headers, socketAddress, encrypted) {
      const peer = plainAddress(socketAddress);
      if (trustsNobody || !trusted.has(peer)) return { address: peer, https: encrypted };
      const scheme = lastItem(headers.get('x-forwarded-proto'));
      return {
        address: callerBehind(peer, headers.get('x-forwarded-for'), (address) => trusted.has(address)),
        https: scheme === undefined ? encrypted : scheme.toLowerCase() === 'https',
      };
    },
  };
}

/** Hops that are looked at. Beyond, the list was made to cost us time. */
const HOPS_MAX = 32;

function callerBehind(peer: string, forwardedFor: string | null, isTrusted: (address: string) => boolean): string {
  if (forwardedFor === null) return peer;
  let caller = peer;
  for (const item of forwardedFor.split(',', 1_000).toReversed().slice(0, HOPS_MAX)) {
    const address = forwardedAddress(item.trim());
    // What is no address was not written by a proxy of ours; the one to the right of it is the last that we know.
    if (address === undefined) return caller;
    caller = address;
    if (!isTrusted(address)) return caller;
  }
  return caller;
}

/** `1.2.3.4`, `1.2.3.4:56`, `::1` or `[::1]:56`. */
function forwardedAddress(item: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(item)?.[1] ?? /^([\d.]+):\d+$/.exec(item)?.[1] ?? item;
  return parseIp(bare) === undefined ? undefined : plainAddress(bare);
}

function lastItem(list: string | null): string | undefined {
  return list?.slice(list.lastIndexOf(',') + 1).trim();
}

/** An IPv4 caller of a socket that listens on `::` has a mapped address. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
