/*
 * IP addresses as text, strictly: four decimal octets without leading zeros, or RFC 4291 text. What `inet_aton` would also take
 * (`127.1`, `0x7f000001`, `017700000001`, `2130706433`) is no address here, and neither are zone ids (`fe80::1%eth0`), ports or
 * brackets: filters that read an address otherwise than the one who connects are how server-side request forgery gets through.
 *
 * Inside, every address is eight 16-bit groups. IPv4 is held as `::ffff:a.b.c.d`, so that the mapped form of an address
 * is the same address to every rule.
 */

/** What a rule may ask of an address; `public` is everything that has no special use. Sources: the IANA special-purpose registries. */
export type AddressKind =
  | 'public'
  | 'loopback'
  | 'private'
  /** 169.254.0.0/16 and fe80::/10. Cloud metadata services live here (169.254.169.254). */
  | 'link-local'
  | 'unique-local'
  /** 100.64.0.0/10: carrier-grade NAT, and the inside of several clouds. */
  | 'cgnat'
  | 'unspecified'
  | 'multicast'
  | 'documentation'
  | 'reserved';

export type IpAddress = readonly number[];

/** The address, or `undefined` when the text is not exactly one. */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

export interface CidrSet {
  /** Whether the address lies in one of the ranges; false for what is no address. */
  has(address: string): boolean;
}

/** A set of ranges such as `10.0.0.0/8`, `fd00::/8`, or single addresses. Throws a RangeError that names the first bad entry. */
export function createCidrSet(list: readonly string[]): CidrSet {
  const ranges = list.map(parseCidr);
  return {
    has(text) {
      if (ranges.length === 0) return false;
      const address = parseIp(text);
      return address !== undefined && ranges.some((range) => covers(range, address));
    },
  };
}

/** What kind of address this is, or `undefined` when the text is not an address. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) decides. */
export function classifyAddress(text: string): AddressKind | undefined {
  const address = parseIp(text);
  if (address === undefined) return undefined;
  return classify(embeddedIpv4(address) ?? address);
}

interface Range {
  readonly address: IpAddress;
  /** Leading bits that count, 0 to 128. */
  readonly bits: number;
}

// Above KINDS, which is parsed when this file loads.
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

// The first row that covers an address decides, so narrower rows come first.
const KINDS: readonly (readonly [AddressKind, readonly string[]])[] = [
  ['unspecified', ['0.0.0.0/8', '::/128']],
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['cgnat', ['100.64.0.0/10']],
  ['unique-local', ['fc00::/7']],
  ['documentation', ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  // IETF protocol assignments, benchmarking, class E with the broadcast address; the discard prefix, Teredo and other
  // protocol assignments, local NAT64, SRv6, deprecated site-local and IPv4-compatible addresses.
  ['reserved', ['192.0.0.0/24', '192.88.99.0/24', '198.18.0.0/15', '240.0.0.0/4']],
  ['reserved', ['100::/64', '2001::/23', '64:ff9b:1::/48', '5f00::/16', 'fec0::/10', '::/96']],
];

const KIND_RANGES = KINDS.flatMap(([kind, list]) => list.map((text) => ({ kind, range: parseCidr(text) })));
const MAPPED = parseCidr('::ffff:0:0/96');
const NAT64 = parseCidr('64:ff9b::/96');
const SIX_TO_FOUR = parseCidr('2002::/16');

function classify(address: IpAddress): AddressKind {
  for (const { kind, range } of KIND_RANGES) {
    if (covers(range, address)) return kind;
  }
  return 'public';
}

function embeddedIpv4(address: IpAddress): IpAddress | undefined {
  if (covers(MAPPED, address)) return address;
  if (covers(NAT64, address)) return mapped(address[6] ?? 0, address[7] ?? 0);
  if (covers(SIX_TO_FOUR, address)) return mapped(address[1] ?? 0, address[2] ?? 0);
  return undefined;
}

function mapped(high: number, low: number): IpAddress {
  return [0, 0, 0, 0, 0, 0xffff, high, low];
}

function covers(range: Range, address: IpAddress): boolean {
  let bits = range.bits;
  for (let group = 0; group < 8 && bits > 0; group += 1, bits -= 16) {
    const ignored = bits >= 16 ? 0 : 16 - bits;
    if ((address[group] ?? 0) >> ignored !== (range.address[group] ?? 0) >> ignored) return false;
  }
  return true;
}

function parseCidr(text: string): Range {
  const slash = text.indexOf('/');
  const address = parseIp(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) throw new RangeError(`not an IP address or CIDR range: '${text}'`);
  if (slash === -1) return { address, bits: 128 };
  const isIpv4 = !text.includes(':');
  const suffix = text.slice(slash + 1);
  const bits = /^(0|[1-9]\d{0,2})$/.test(suffix) ? Number(suffix) : Infinity;
  if (bits > (isIpv4 ? 32 : 128)) throw new RangeError(`not a CIDR range: '${text}' (the prefix goes up to /${isIpv4 ? 32 : 128})`);
  return { address, bits: isIpv4 ? bits + 96 : bits };
}

function parseIpv4(text: string): IpAddress | undefined {
  const match = IPV4.exec(text);
  if (match === null) return undefined;
  const octets = match.slice(1).map(Number);
  for (const [index, octet] of octets.entries()) {
    // A leading zero means octal to some readers and decimal to others.
    if (octet > 255 || String(octet) !== match[index + 1]) return undefined;
  }
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return mapped(a * 256 + b, c * 256 + d);
}

function parseIpv6(text: string): IpAddress | undefined {
  if (text.length > 45) return undefined;
  const gap = text.indexOf('::');
  if (gap === -1) {
    const groups = parseGroups(text, true);
    return groups?.length === 8 ? groups : undefined;
  }
  const head = parseGroups(text.slice(0, gap), false);
  const tail = parseGroups(text.slice(gap + 2), true);
  // "::" stands for at least one group of zeros (RFC 5952 §4.2.2 forbids writing it for one, but readers must take it).
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** Groups between colons; the last may be a dotted IPv4 address when `dotted`. */
function parseGroups(text: string, dotted: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const ipv4 = dotted && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (ipv4 === undefined) return undefined;
    groups.push(ipv4[6] ?? 0, ipv4[7] ?? 0);
  }
  return groups;
}
