import { expect, test } from 'bun:test';
import { kindOfHost, refusalOf } from './address-rules.ts';

for (const [url, want] of [
  ['http://10.0.0.1', 'address'],
  ['http://0x7f.1', 'address'],
  ['http://2130706433', 'address'],
  ['http://[::1]', 'address'],
  ['http://[::ffff:169.254.169.254]', 'address'],
  ['http://pricing:8003', 'inner-name'],
  ['http://pricing.', 'inner-name'],
  ['http://LOCALHOST', 'inner-name'],
  ['http://box.local', 'inner-name'],
  ['http://metadata.google.internal', 'inner-name'],
  ['http://pricing.shop.svc', 'inner-name'],
  ['http://pricing.shop.svc.cluster.local', 'inner-name'],
  ['http://pricing.shop.svc.corp.example', 'inner-name'],
  ['https://api.openai.com', 'public-name'],
  ['https://internal.example.com', 'public-name'],
  ['https://127.0.0.1.nip.io', 'public-name'],
] as const) {
  test(`${url} is a host of kind ${want}`, () => {
    expect(kindOfHost(new URL(url).hostname).kind).toBe(want);
  });
}

for (const [address, literal, inner, outer] of [
  ['93.184.215.14', true, true, true],
  ['2606:2800:21f:cb07::1', true, true, true],
  ['10.1.2.3', true, true, false],
  ['127.0.0.1', true, true, false],
  ['fd12::1', true, true, false],
  ['100.64.0.1', true, true, false],
  ['0.0.0.0', true, true, false],
  ['::ffff:192.168.0.1', true, true, false],
  ['64:ff9b::7f00:1', true, true, false],
  ['169.254.169.254', false, false, false],
  ['::ffff:169.254.169.254', false, false, false],
  ['fe80::1', false, false, false],
  ['fd00:ec2::254', false, false, false],
  ['100.100.100.200', false, false, false],
  ['168.63.129.16', false, false, false],
  ['no address', false, false, false],
] as const) {
  test(`${address} may be called as written, by an inner name, by a public name: ${literal}, ${inner}, ${outer}`, () => {
    const kinds = [{ kind: 'address', address }, { kind: 'inner-name' }, { kind: 'public-name' }] as const;
    expect(kinds.map((kind) => refusalOf(kind, address) === undefined)).toEqual([literal, inner, outer]);
  });
}
