import { GatewayError } from '../../../base/errors.ts';
import type { SendableHeaders } from '../hop-headers.ts';
import { sendableTarget } from '../request-target.ts';

export interface RequestHead {
  readonly method: string;
  /** The target in origin form: path and query. */
  readonly target: string;
  /** `host` or `host:port`, as the upstream is named. */
  readonly authority: string;
  /** Clean of hop-by-hop headers; lower-case names. */
  readonly headers: SendableHeaders;
  /** Bytes of the body; `given`: the headers say; undefined: not known, so it is sent in chunks; null: there is none. */
  readonly length: number | 'given' | undefined | null;
}

/** A value with a line end would be another header: what could say so is refused, whoever wrote it. */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const BAD_NAME = /[^!#$%&'*+.^_`|~0-9a-zA-Z-]/;
const BAD_NAMES = new RegExp(BAD_NAME, 'g');
/** Methods whose requests usually have a body: without one they say so (RFC 9110 §8.6). */
const EXPECTS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** The head as it goes over the wire, to be written as Latin-1. Throws `header_invalid` and `method_not_allowed` for what HTTP/1.1 cannot carry. */
export function encodeRequestHead({ method, target, authority, headers, length }: RequestHead): string {
  if (BAD_NAME.test(method) || method === '') throw new GatewayError('method_not_allowed', 'The method is no method.');
  let text = `${method} ${sendableTarget(target)} HTTP/1.1\r\nhost: ${authority}\r\n`;
  if (headers instanceof Headers) for (const [name, value] of headers) text += line(name, value);
  else for (const name in headers) text += line(name, headers[name] ?? '');
  if (length === undefined) text += 'transfer-encoding: chunked\r\n';
  else if (typeof length === 'number') text += `content-length: ${length}\r\n`;
  else if (length === null && EXPECTS_BODY.has(method)) text += 'content-length: 0\r\n';
  return `${text}\r\n`;
}

function line(name: string, value: string): string {
  if (BAD_NAME.test(name) || name === '' || BAD_VALUE.test(value))
    throw new GatewayError('header_invalid', `the header ${name.slice(0, 100).replaceAll(BAD_NAMES, '?')} cannot be sent on`);
  return `${name}: ${value}\r\n`;
}
