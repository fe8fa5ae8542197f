/*
 * The head of an HTTP/1.1 reply (RFC 9112 §4 and §5), read strictly: what two readers could understand in different ways is an error, for
 * the reply after it on the same connection would go to somebody else. Pure.
 */

import { NEVER_NAMED, NOT_PASSED_ON } from '../hop-headers.ts';
import { TransportError } from '../transport-error.ts';

/** How the end of a body is known (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

export interface ReplyHead {
  readonly status: number;
  /** Lower-case names and values in turn, without what belongs to the connection alone. */
  readonly fields: readonly string[];
  readonly framing: Framing;
  /** The connection may carry another request after this reply. */
  readonly keepAlive: boolean;
}

const HEADERS_MAX = 256;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** All but horizontal tab, visible characters and bytes beyond ASCII. */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const DIGITS = /^\d{1,15}$/;

const EMPTY: Framing = { kind: 'length', length: 0 };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'until-close' };

/** `text`: everything before the empty line, as Latin-1. Throws a TransportError (`protocol`). */
export function parseReplyHead(text: string, method: string): ReplyHead {
  const firstEnd = endOfLine(text, 0);
  const [, minor, statusText] = STATUS_LINE.exec(text.slice(0, firstEnd)) ?? [];
  if (statusText === undefined) throw invalid('it does not begin with a status line');
  const status = Number(statusText);
  const fields: string[] = [];
  let length: string | undefined;
  let coding: string | undefined;
  let connection: string | undefined;
  let count = 0;
  for (let at = firstEnd + 2; at < text.length; ) {
    const end = endOfLine(text, at);
    const colon = text.indexOf(':', at);
    if (colon === -1 || colon > end) throw invalid('a header has no colon');
    const rawName = text.slice(at, colon);
    if (!TOKEN.test(rawName)) throw invalid('the name of a header is malformed');
    const value = withoutSpace(text, colon + 1, end);
    if (BAD_VALUE.test(value)) throw invalid('the value of a header has control characters');
    const name = rawName.toLowerCase();
    if (name === 'content-length') {
      if (length !== undefined && length !== value) throw invalid('its lengths differ');
      if (length === undefined) fields.push(name, value);
      length = value;
    } else if (name === 'transfer-encoding') coding = coding === undefined ? value : `${coding}, ${value}`;
    else if (name === 'connection') connection = connection === undefined ? value : `${connection},${value}`;
    else if (!NOT_PASSED_ON.has(name)) fields.push(name, value);
    count += 1;
    if (count > HEADERS_MAX) throw invalid(`it has more than ${HEADERS_MAX} headers`);
    at = end + 2;
  }
  const options = connection?.toLowerCase() ?? '';
  const framing = framingOf({ status, method, length, coding, isOld: minor === '0' });
  const persistent = !hasToken(options, 'close') && (minor === '1' || hasToken(options, 'keep-alive'));
  // Both framings at once are how replies are smuggled: the body is read as RFC 9112 §6.3 says, and nothing after it is believed.
  const keepAlive = persistent && framing.kind !== 'until-close' && !(coding !== undefined && length !== undefined);
  // Beside a coding the length says nothing about the body (RFC 9112 §6.2).
  const untrue = coding !== undefined && length !== undefined;
  const plain = connection === undefined ? fields : withoutNamed(fields, options);
  return { status, fields: untrue ? without(plain, 'content-length') : plain, framing, keepAlive };
}

interface FramingInput {
  readonly status: number;
  readonly method: string;
  readonly length: string | undefined;
  readonly coding: string | undefined;
  /** HTTP/1.0, which knows no codings. */
  readonly isOld: boolean;
}

function framingOf({ status, method, length, coding, isOld }: FramingInput): Framing {
  if (length !== undefined && !DIGITS.test(length)) throw invalid('its length is no number');
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return EMPTY;
  if (coding !== undefined) {
    if (isOld || coding.toLowerCase() !== 'chunked') throw invalid('its transfer coding is not understood');
    return CHUNKED;
  }
  return length === undefined ? UNTIL_CLOSE : { kind: 'length', length: Number(length) };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end === -1 ? text.length : end;
}

function hasToken(list: string, token: string): boolean {
  return list === token || list.split(',').some((part) => part.trim() === token);
}

/** Only space and tab are taken off: `trim` would take bytes of a UTF-8 letter, and hide a control character. */
function withoutSpace(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9;
}

function withoutNamed(fields: readonly string[], options: string): readonly string[] {
  if (options === 'keep-alive' || options === 'close') return fields;
  const named = new Set(options.split(',').map((part) => part.trim()));
  return fields.filter((_text, at) => {
    const name = fields[at - (at % 2)] ?? '';
    return !named.has(name) || NEVER_NAMED.has(name);
  });
}

function without(fields: readonly string[], name: string): readonly string[] {
  return fields.filter((_text, at) => fields[at - (at % 2)] !== name);
}

function invalid(message: string): TransportError {
  return new TransportError('protocol', message);
}
