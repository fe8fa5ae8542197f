/*
 * AWS Signature Version 4, as callers of AWS's own clients sign: the access key's id is the name of one of our keys, its secret the key itself. What is signed is
 * the request as it arrived, so a proxy in front must leave its path and Host alone.
 *
 * Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
 */

import { timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../../base/errors.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** A request may be so old, or so far ahead. */
const SKEW_MS = 300_000;
/** Longer than any that a client writes. */
const AUTHORIZATION_CHARS_MAX = 4_096;

export interface AwsAuthorization {
  /** Name of a key. */
  readonly keyName: string;
  /** Day, region, service and `aws4_request`. */
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Undefined where the request is not signed; throws `signature_invalid` for what is no signature that can be checked. */
export function readAwsAuthorization(headers: Headers): AwsAuthorization | undefined {
  const text = headers.get('authorization');
  if (text === null || !text.startsWith('AWS4-')) return undefined;
  if (!text.startsWith(`${ALGORITHM} `) || text.length > AUTHORIZATION_CHARS_MAX) throw invalid(`only ${ALGORITHM} is known`);
  const fields = new Map(
    text
      .slice(ALGORITHM.length)
      .split(',')
      .map((field) => {
        const at = field.indexOf('=');
        return [field.slice(0, at).trim(), field.slice(at + 1).trim()] as const;
      }),
  );
  const scope = (fields.get('Credential') ?? '').split('/');
  const keyName = scope.splice(0, scope.length - 4).join('/');
  const signedHeaders = (fields.get('SignedHeaders') ?? '').toLowerCase().split(';');
  const signature = fields.get('Signature') ?? '';
  if (keyName === '' || scope[3] !== 'aws4_request') throw invalid('Credential must be the name of a key, and the scope behind it');
  if (!signedHeaders.includes('host')) throw invalid('Host must be signed');
  return { keyName, scope, signedHeaders, signature };
}

/** Checks what can be checked before the secret is looked up. Throws `signature_invalid`. */
export function checkSignatureDate(headers: Headers, { scope }: AwsAuthorization, nowMs: number): void {
  const date = headers.get('x-amz-date') ?? '';
  const atMs = /^\d{8}T\d{6}Z$/.test(date) ? Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')) : Number.NaN;
  if (Number.isNaN(atMs)) throw invalid("the header 'x-amz-date' must say when the request was signed, as 20260102T030405Z");
  if (scope[0] !== date.slice(0, 8)) throw invalid('the day of the credential is not that of the request');
  if (Math.abs(atMs - nowMs) > SKEW_MS) throw invalid('the request was signed more than 5 minutes from now, by the clock of the gateway');
}

/** The digest that the request claims its body has; undefined where it claims none. Throws `signature_invalid` for a body that is not signed. */
export function claimedDigest(headers: Headers): string | undefined {
  const claimed = headers.get('x-amz-content-sha256');
  if (claimed === null) return undefined;
  if (!/^[0-9a-f]{64}$/.test(claimed)) throw invalid("the body must be signed: 'x-amz-content-sha256' must be its SHA-256");
  return claimed;
}

export function bodyDigest(bytes: Uint8Array): string {
  return sha256(bytes);
}

/** Throws `signature_invalid` when the request, with a body of this digest, was not signed with this secret. Takes as long for any signature. */
export function checkSignature(
  request: Pick<GatewayRequest, 'method' | 'path' | 'search' | 'headers'>,
  authorization: AwsAuthorization,
  { secret, digest }: { readonly secret: string; readonly digest: string },
): void {
  const { scope, signature } = authorization;
  const canonical = canonicalRequest(request, authorization, digest);
  const toSign = [ALGORITHM, request.headers.get('x-amz-date') ?? '', scope.join('/'), sha256(canonical)].join('\n');
  let key: string | Buffer = `AWS4${secret}`;
  for (const part of scope) key = new Bun.CryptoHasher('sha256', key).update(part).digest();
  const wanted = Buffer.from(new Bun.CryptoHasher('sha256', key).update(toSign).digest('hex'));
  const given = Buffer.from(signature);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw invalid('the signature is not that of this request with this key; a proxy in front must keep path, query and Host');
}

function canonicalRequest(
  { method, path, search, headers }: Pick<GatewayRequest, 'method' | 'path' | 'search' | 'headers'>,
  { signedHeaders }: AwsAuthorization,
  digest: string,
): string {
  const signed = signedHeaders.map((name) => `${name}:${(headers.get(name) ?? '').trim().replace(/\s+/g, ' ')}\n`);
  // Each segment is encoded once more than on the wire: every service but S3 does so.
  const canonicalPath = path.split('/').map(encoded).join('/');
  return [method, canonicalPath, canonicalQuery(search), signed.join(''), signedHeaders.join(';'), digest].join('\n');
}

function canonicalQuery(search: string): string {
  const pairs = search
    .replace(/^\?/, '')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [encoded(decoded(name)), encoded(decoded(value))] as const;
    });
  return pairs
    .toSorted(([a, b], [c, d]) => (a === c ? compare(b, d) : compare(a, c)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // No valid escape: it is what it is, and no client signs such.
    return text;
  }
}

/** All but unreserved characters, as RFC 3986 has them. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(bytes: string | Uint8Array): string {
  return Bun.CryptoHasher.hash('sha256', bytes, 'hex');
}

function invalid(message: string): GatewayError {
  return new GatewayError('signature_invalid', `The request's AWS signature can't be accepted: ${message}`);
}
