import { expect, test } from 'bun:test';
import { createCallerResolver } from './address.ts';

const BEHIND = ['10.0.0.0/8', 'fd00::/8'];

for (const { name, trusted = BEHIND, peer = '10.0.0.1', forwardedFor, scheme, want, https = false } of [
  { name: 'without a header, the peer', want: '10.0.0.1' },
  {
    name: 'an untrusted peer speaks for itself alone',
    peer: '198.51.100.7',
    forwardedFor: '1.1.1.1',
    scheme: 'https',
    want: '198.51.100.7',
  },
  { name: 'nobody is trusted by default', trusted: [], forwardedFor: '1.1.1.1', scheme: 'https', want: '10.0.0.1' },
  { name: 'what the proxy saw', forwardedFor: '203.0.113.9', want: '203.0.113.9' },
  { name: 'the right-most that is not a proxy of ours', forwardedFor: '1.1.1.1, 203.0.113.9, 10.0.0.2', want: '203.0.113.9' },
  { name: 'the left-most, when all of them are ours', forwardedFor: '10.0.0.3, 10.0.0.2', want: '10.0.0.3' },
  { name: 'nothing behind what is no address', forwardedFor: '1.1.1.1, unknown, 10.0.0.2', want: '10.0.0.2' },
  { name: 'the peer, when the last hop is no address', forwardedFor: '1.1.1.1, <script>', want: '10.0.0.1' },
  { name: 'a port is dropped', forwardedFor: '203.0.113.9:4711', want: '203.0.113.9' },
  { name: 'brackets are dropped', forwardedFor: '[2001:db8::1]:4711', want: '2001:db8::1' },
  { name: 'IPv6 as it is', forwardedFor: '2001:db8::1', want: '2001:db8::1' },
  { name: 'a mapped peer is its IPv4 address', peer: '::ffff:10.0.0.1', forwardedFor: '203.0.113.9', want: '203.0.113.9' },
  { name: 'the scheme of the caller', forwardedFor: '203.0.113.9', scheme: 'https', want: '203.0.113.9', https: true },
  { name: 'the scheme that the last proxy says', forwardedFor: '203.0.113.9', scheme: 'https, http', want: '203.0.113.9' },
  { name: 'a list made to cost time', forwardedFor: Array.from({ length: 5_000 }, () => '10.0.0.2').join(','), want: '10.0.0.2' },
] as { name: string; trusted?: string[]; peer?: string; forwardedFor?: string; scheme?: string; want: string; https?: boolean }[]) {
  test(`the caller is ${name}`, () => {
    const headers = new Headers();
    if (forwardedFor !== undefined) headers.set('x-forwarded-for', forwardedFor);
    if (scheme !== undefined) headers.set('x-forwarded-proto', scheme);
    expect(createCallerResolver(trusted).resolve(headers, peer, false)).toEqual({ address: want, https });
  });
}
