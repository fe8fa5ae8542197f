/*
 * Where a request keeps text that a caller chose, piece by piece: each with a name that may be told, for names may be attacks themselves.
 * The readers are lenient: what is broken, cut off or said twice is looked at all the same, for a service may be lenient, too.
 */

import { decodePercent } from './text-forms.ts';

export interface Field {
  /** `query.name`, `body.user.name`, `body.items[3]`; safe to be shown. */
  readonly where: string;
  readonly text: string;
}

/** A name as it may be shown, after what it belongs to. */
export function placeOf(parent: string, name: string): string {
  return /^[\w-]{1,40}$/.test(name) ? `${parent}.${name}` : `${parent}[key]`;
}

/** Fields of one request: a longer list has nothing new to say. */
const FIELDS_MAX = 100_000;

export function* pathFields(path: string): Generator<Field> {
  for (const segment of path.split('/')) if (segment.length > 2) yield { where: 'path', text: decodePercent(segment) };
}

/** A query, without its `?`, or a form. */
export function* formFields(text: string, parent: string): Generator<Field> {
  let from = 0;
  for (let count = 0; from < text.length && count < FIELDS_MAX; count += 1) {
    const separator = text.indexOf('&', from);
    const end = separator === -1 ? text.length : separator;
    const equals = text.indexOf('=', from);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    const name = decodeForm(text.slice(from, nameEnd));
    const where = placeOf(parent, name);
    if (where.endsWith('[key]')) yield { where, text: name };
    if (nameEnd < end) yield { where, text: decodeForm(text.slice(nameEnd + 1, end)) };
    from = end + 1;
  }
}

function decodeForm(text: string): string {
  return decodePercent(text.includes('+') ? text.replaceAll('+', ' ') : text);
}

const JSON_PATH_MAX = 16;

/** Strings and keys of a JSON text, also of several one after the other, and of one that is none. */
export function* jsonFields(text: string): Generator<Field> {
  // Names of the containers we are in, as they are shown; beyond JSON_PATH_MAX they go unnamed.
  const path: string[] = ['body'];
  let depth = 0;
  let position = text.indexOf('"');
  let from = 0;
  for (let count = 0; position !== -1 && count < FIELDS_MAX; count += 1) {
    depth = walkBetween(text.slice(from, position), path, depth);
    const end = stringEnd(text, position);
    const value = unescapeJson(text.slice(position + 1, end));
    let next = end + 1;
    while (next < text.length && text.charCodeAt(next) <= 32) next += 1;
    const parent = path[Math.min(depth, JSON_PATH_MAX)] ?? 'body';
    if (text[next] === ':') {
      const where = placeOf(path[Math.min(Math.max(depth - 1, 0), JSON_PATH_MAX)] ?? 'body', value);
      if (depth <= JSON_PATH_MAX) path[depth] = where;
      if (where.endsWith('[key]')) yield { where, text: value };
    } else if (value !== '') yield { where: parent, text: value };
    from = end + 1;
    position = text.indexOf('"', from);
  }
}

/** What stands between two strings opens and closes containers; everything else in it is of no interest. */
function walkBetween(between: string, path: string[], depthBefore: number): number {
  let depth = depthBefore;
  for (let at = 0; at < between.length; at += 1) {
    const code = between.charCodeAt(at);
    if (code === 123 || code === 91) {
      const parent = path[Math.min(depth, JSON_PATH_MAX)] ?? 'body';
      depth += 1;
      if (depth <= JSON_PATH_MAX) path[depth] = code === 91 && !parent.endsWith('[]') ? `${parent}[]` : parent;
    } else if ((code === 125 || code === 93) && depth > 0) depth -= 1;
  }
  return depth;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 92) at += 1;
    else if (code === 34) return at;
  }
  return text.length;
}

const SIMPLE: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

function unescapeJson(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(?:u([\da-f]{4})|([^u]))/gi, (_, hex?: string, letter?: string) =>
    hex === undefined ? (SIMPLE[letter ?? ''] ?? letter ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const PARTS_MAX = 1_000;
const CRLF_CRLF = '\r\n\r\n';

export type Multipart = { readonly fields: readonly Field[]; readonly fault: string | undefined };

/** The text fields of a multipart body, with the names of its files; what is in files is not looked at. `isWhole`: its end is there. */
export function multipartFields(bytes: Uint8Array, boundary: string, isWhole: boolean): Multipart {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = Buffer.from(`--${boundary}`);
  const fields: Field[] = [];
  let at = buffer.indexOf(delimiter);
  if (at === -1) return { fields, fault: 'the boundary of its content type is not in it' };
  for (let count = 0; count < PARTS_MAX; count += 1) {
    const head = at + delimiter.length;
    if (buffer.toString('latin1', head, head + 2) === '--') return { fields, fault: undefined };
    const next = buffer.indexOf(delimiter, head);
    const end = next === -1 ? buffer.length : next;
    const body = buffer.indexOf(CRLF_CRLF, head);
    if (body === -1 || body > end) return { fields, fault: isWhole ? 'a part has no end to its headers' : undefined };
    pushPart(fields, buffer.toString('utf8', head, body), () => buffer.toString('utf8', body + 4, Math.max(body + 4, end - 2)));
    if (next === -1) return { fields, fault: isWhole ? 'its end is missing' : undefined };
    at = next;
  }
  return { fields, fault: `more than ${PARTS_MAX} parts` };
}

function pushPart(fields: Field[], head: string, content: () => string): void {
  const disposition = /^content-disposition:([^\r\n]*)/im.exec(head)?.[1] ?? '';
  const name = parameter(disposition, 'name') ?? '';
  const where = placeOf('body', name);
  if (where.endsWith('[key]') && name !== '') fields.push({ where, text: name });
  const file = parameter(disposition, 'filename') ?? parameter(disposition, 'filename*');
  fields.push(file === undefined ? { where, text: content() } : { where: `${where} (file name)`, text: file });
}

/** A parameter of a header's value: quoted, or a token. */
export function parameter(header: string, name: string): string | undefined {
  for (const match of header.matchAll(/;\s{0,8}([\w*-]{1,32})\s{0,8}=\s{0,8}(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g)) {
    if (match[1]?.toLowerCase() === name) return match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? '';
  }
  return undefined;
}
