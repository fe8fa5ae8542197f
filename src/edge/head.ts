/*
 * The head of a request, held to stricter rules than the HTTP parser's. Pure.
 *
 * What the parser (Bun 1.4, measured with raw sockets: test/edge/bad-heads.test.ts) refuses by itself, with a bare 400, 431 or 505: broken
 * framing (both Content-Length and Transfer-Encoding, any coding but `chunked`, lengths that differ or are no number), folded or malformed
 * headers, control characters, bare line feeds, more than 200 headers, no Host in HTTP/1.1, HTTP/0.9. What is left to us is here.
 *
 * What it hides: repeated headers come joined by ", ", so a singleton with a comma is one that was repeated. `request.url` has been through
 * the WHATWG URL parser: dot segments (also `%2e%2e`) and backslashes are resolved, and a target in absolute form lost its
 * authority (RFC 9112 §3.2.2 wants such targets accepted). All of us read that one value (routes, identity, forwarding), so
 * nobody disagrees about it; and no address is ever built from Host.
 */

import { KEY_HEADERS } from '../base/credential-headers.ts';
import { GatewayError } from '../base/errors.ts';

export interface Target {
  /** Begins with `/`; percent-encoding as it was sent. */
  readonly path: string;
  /** With its `?`; empty when there is no query. */
  readonly search: string;
  /**
   * The path as a lenient reader may take it: decoded once, without `;parameters`, slashes merged. Whoever decides by the path must
   * decide the same for this one. The same as `path` for all but odd ones.
   */
  readonly canonical: string;
}

/** The target of a request whose Host is valid, from `request.url`; throws `request_target_invalid`. */
export function parseTarget(url: string): Target {
  // After `http://` or `https://` and at least one character of the host.
  const pathAt = url.indexOf('/', 8);
  const queryAt = url.indexOf('?', pathAt);
  if (url.includes('#', pathAt)) throw targetInvalid('the path has a fragment (#)');
  const path = queryAt === -1 ? url.slice(pathAt) : url.slice(pathAt, queryAt);
  return { path, search: queryAt === -1 ? '' : url.slice(queryAt), canonical: ODD_PATH.test(path) ? canonicalPath(path) : path };
}

const ODD_PATH = /[%;\\]|\/\/|\/\.\.?(?:\/|$)/;
const DOT_SEGMENT = /\/\.\.?(?=[/;]|$)/;

function canonicalPath(path: string): string {
  if (path.includes('//')) throw targetInvalid('the path has two slashes in a row');
  if (/%(?![0-9a-f]{2})/i.test(path)) throw targetInvalid('the path has a % that begins no escape');
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw targetInvalid('the path is no UTF-8');
  }
  if (/[\0-\x1f\x7f]/.test(decoded)) throw targetInvalid('the path has control characters');
  const canonical = decoded.replaceAll('\\', '/').replace(/\/{2,}/g, '/');
  if (DOT_SEGMENT.test(canonical)) throw targetInvalid('the path has dot segments');
  return canonical.replace(/;[^/]*/g, '');
}

function targetInvalid(message: string): GatewayError {
  return new GatewayError('request_target_invalid', message);
}

/** A host name or address with an optional port (RFC 9110 §7.2). Two Host headers, joined by the parser, are none. */
const HOST = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Schemes whose credentials never hold a comma. Others (Digest, signatures) do. */
const REPEATED_AUTHORIZATION = /^(?:bearer|basic)\b[^,]*,/i;

/** A media type: commas in quoted parameters alone. */
const MEDIA_TYPE = /^[^",]*(?:"[^"]*"[^",]*)*$/;

/** Spelt with `_`, these look like the real ones to servers that turn names into variables (CGI, WSGI). */
const ALIASES = [
  'x_api_key',
  'api_key',
  'content_length',
  'content_type',
  'transfer_encoding',
  'x_forwarded_for',
  'x_forwarded_host',
  'x_forwarded_proto',
  'x_real_ip',
] as const;

/** Refuses what no honest caller sends. Throws a GatewayError with a code of the head. Costs ≈ 0.5 µs for an ordinary request. */
export function checkHead(request: { readonly method: string; readonly headers: Headers }, headersMax: number): void {
  const { method, headers } = request;
  const host = headers.get('host');
  if (host === null || !HOST.test(host))
    throw new GatewayError('host_invalid', 'the Host header must be there, once, and be a host name or address');
  if (method === 'TRACE' || method === 'CONNECT') throw new GatewayError('method_not_allowed', `${method} is not served`);
  if (headers.count > headersMax) throw new GatewayError('head_too_large', `more than ${headersMax} headers`);
  checkFraming(method, headers);
  checkSingletons(headers);
  for (const name of ALIASES) {
    if (headers.has(name)) throw headerInvalid(`the header ${name} looks like ${name.replaceAll('_', '-')}, and is refused`);
  }
  const expectation = headers.get('expect');
  // The parser has answered `100-continue` already.
  if (expectation !== null && expectation.toLowerCase() !== '100-continue')
    throw new GatewayError('expectation_unsupported', 'of the values of Expect only 100-continue is known');
}

/** Whether the connection is to become a WebSocket. Any other upgrade (h2c, which Java's client offers with every request) may be passed over: RFC 9110 §7.8. */
export function wantsWebSocket(headers: Headers): boolean {
  return headers.get('upgrade')?.toLowerCase().includes('websocket') === true;
}

export function webSocketUnsupported(): GatewayError {
  return new GatewayError('upgrade_unsupported', 'WebSocket is not served here: use HTTP', { headers: { upgrade: 'HTTP/1.1' } });
}

function checkFraming(method: string, headers: Headers): void {
  const length = headers.get('content-length');
  if (length !== null && !/^\d{1,16}$/.test(length)) throw headerInvalid('Content-Length must be there once, and be a number');
  // Bun drops the bodies of both, and we could only forward half of the request.
  if ((method === 'GET' || method === 'HEAD') && ((length !== null && Number(length) > 0) || headers.has('transfer-encoding')))
    throw headerInvalid(`a ${method} request must not have a body`);
}

function checkSingletons(headers: Headers): void {
  // Keys never hold a comma: one means that the header was repeated, and the parser joined it.
  for (const name of KEY_HEADERS) {
    if (headers.get(name)?.includes(',') === true) throw headerInvalid(`the header ${name} must be there once`);
  }
  const authorization = headers.get('authorization');
  if (authorization !== null && REPEATED_AUTHORIZATION.test(authorization))
    throw headerInvalid('the header authorization must be there once');
  const contentType = headers.get('content-type');
  if (contentType !== null && !MEDIA_TYPE.test(contentType)) throw headerInvalid('the header content-type must be there once');
}

function headerInvalid(message: string): GatewayError {
  return new GatewayError('header_invalid', message);
}

const CORRELATION_ID = /^[\w.:@/+=-]{1,128}$/;

/** The caller's correlation id; undefined when there is none that could go into a log and a header as it is. */
export function correlationId(headers: Headers): string | undefined {
  const given = headers.get('x-correlation-id') ?? headers.get('x-request-id');
  return given !== null && CORRELATION_ID.test(given) ? given : undefined;
}
