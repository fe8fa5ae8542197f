/*
 * Verifies AWS Signature Version 4, from its specification (AWS IAM, "Create a signed AWS API request"): the canonical request is made
 * anew from what arrived, signed with the secret that we know, and compared. An API key of Bedrock's (`Authorization: Bearer …`) will do
 * too, whatever it is: to be refused with one is a fault, `status=403`.
 */
import { timingSafeEqual } from 'node:crypto';
import { RequestRefused } from '../openai-request.ts';
import type { Visit } from '../visit.ts';

/**
 * The one key pair that the simulator knows. It is printed in its guide and made up: AWS has given it to nobody.
 */
const ACCESS_KEY_ID = 'AKIASIMULATOR0000000';
const SECRET_ACCESS_KEY = 'simulator/not-a-secret/not-a-secret/0000';

const SERVICE = 'bedrock';
const ALGORITHM = 'AWS4-HMAC-SHA256';
/** A request may be so old, or so far ahead. */
const SKEW_MS = 300_000;

/** Throws RequestRefused, in AWS's words. */
export function checkSignature(visit: Visit, body: Uint8Array): void {
  const authorization = visit.request.headers.get('authorization') ?? '';
  if (/^Bearer\s+\S/i.test(authorization)) return;
  if (authorization === '') denied('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const given = readAuthorization(authorization);
  const date = readDate(visit, given);
  checkClock(date, visit.world.clock.now());
  const bodyHash = sha256(body);
  const claimed = visit.request.headers.get('x-amz-content-sha256');
  if (claimed !== null && claimed !== bodyHash) {
    denied('InvalidSignatureException', "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  const canonical = canonicalRequest(visit, given, bodyHash);
  const toSign = [ALGORITHM, date, given.scope.join('/'), sha256(canonical)].join('\n');
  if (!isSame(sign(given.scope, toSign), given.signature)) {
    denied(
      'InvalidSignatureException',
      `The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'${canonical}'\n\nThe String-to-Sign should have been\n'${toSign}'\n`,
    );
  }
}

interface Given {
  /** Day, region, service and `aws4_request`. */
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

function readAuthorization(authorization: string): Given {
  const [algorithm, ...rest] = authorization.split(/\s+/);
  if (algorithm !== ALGORITHM) {
    incomplete(`Unsupported AWS 'algorithm': '${algorithm}'. '${ALGORITHM}' is supported.`);
  }
  const fields = new Map(
    rest
      .join('')
      .split(',')
      .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const),
  );
  for (const name of ['Credential', 'Signature', 'SignedHeaders']) {
    if ((fields.get(name) ?? '') === '') incomplete(`Authorization header requires '${name}' parameter. Authorization=${algorithm}`);
  }
  const [id, ...scope] = (fields.get('Credential') ?? '').split('/');
  const [, , service, terminal] = scope;
  if (id !== ACCESS_KEY_ID) denied('UnrecognizedClientException', 'The security token included in the request is invalid.');
  if (scope.length !== 4) incomplete('Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.');
  if (service !== SERVICE) denied('InvalidSignatureException', `Credential should be scoped to correct service: '${SERVICE}'.`);
  if (terminal !== 'aws4_request')
    denied('InvalidSignatureException', "Credential should be scoped with a valid terminator: 'aws4_request'.");
  const signedHeaders = (fields.get('SignedHeaders') ?? '').toLowerCase().split(';');
  if (!signedHeaders.includes('host'))
    denied('InvalidSignatureException', "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  return { scope, signedHeaders, signature: fields.get('Signature') ?? '' };
}

/** The date as it was signed. */
function readDate({ request }: Visit, { scope }: Given): string {
  const date = request.headers.get('x-amz-date') ?? '';
  if (date === '') incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  if (!/^\d{8}T\d{6}Z$/.test(date))
    incomplete(`Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`);
  if (!date.startsWith(`${scope[0]}T`)) {
    denied(
      'InvalidSignatureException',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope[0]}' != '${date.slice(0, 8)}', from '${date}'.`,
    );
  }
  return date;
}

function checkClock(date: string, nowMs: number): void {
  const atMs = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
  if (!(atMs >= nowMs - SKEW_MS)) {
    denied(
      'InvalidSignatureException',
      `Signature expired: ${date} is now earlier than ${basic(nowMs - SKEW_MS)} (${basic(nowMs)} - 5 min.)`,
    );
  }
  if (atMs > nowMs + SKEW_MS) {
    denied(
      'InvalidSignatureException',
      `Signature not yet current: ${date} is still later than ${basic(nowMs + SKEW_MS)} (${basic(nowMs)} + 5 min.)`,
    );
  }
}

function basic(atMs: number): string {
  return new Date(atMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

function canonicalRequest(visit: Visit, { signedHeaders }: Given, bodyHash: string): string {
  const { request, path, query } = visit;
  const headers = signedHeaders.map((name) => `${name}:${(request.headers.get(name) ?? '').trim().replaceAll(/\s+/g, ' ')}\n`);
  return [request.method, canonicalPath(path), canonicalQuery(query), headers.join(''), signedHeaders.join(';'), bodyHash].join('\n');
}

/** Each segment is encoded once more than on the wire: every service but S3 does so. */
function canonicalPath(path: string): string {
  return path.split('/').map(encoded).join('/');
}

function canonicalQuery(query: string): string {
  const pairs = Array.from(new URLSearchParams(query), ([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return pairs.toSorted().join('&');
}

/** All but unreserved characters, as RFC 3986 has them. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sign(scope: readonly string[], toSign: string): string {
  let key: string | Buffer = `AWS4${SECRET_ACCESS_KEY}`;
  for (const part of scope) key = new Bun.CryptoHasher('sha256', key).update(part).digest();
  return new Bun.CryptoHasher('sha256', key).update(toSign).digest('hex');
}

function sha256(bytes: string | Uint8Array): string {
  return new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function denied(code: string, message: string): never {
  throw new RequestRefused({ status: 403, message, code });
}

function incomplete(message: string): never {
  denied('IncompleteSignatureException', message);
}
