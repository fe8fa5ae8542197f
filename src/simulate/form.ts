/*
 * A multipart/form-data body (RFC 7578), read as it comes, with the limits of the API that takes it. What is found at fault is told in
 * OpenAI's words. Fields come out as a JSON body would give them, so that one reader serves both: `image[]` is a list, `anchor[seconds]`
 * an object in an object, and the fields that a route calls numbers or booleans are such.
 */
import {
  MaxFileSizeExceededError,
  MaxTotalSizeExceededError,
  MultipartParseError,
  MultipartParser,
  type MultipartPart,
} from '@remix-run/multipart-parser';
import { isObject, type JsonObject } from './json-instance.ts';
import { RequestRefused, refuse } from './openai-request.ts';
import type { Visit } from './visit.ts';

export interface FormFile {
  readonly filename: string;
  /** Media type, as the client says. */
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Form {
  readonly fields: JsonObject;
  readonly files: ReadonlyMap<string, readonly FormFile[]>;
}

interface FormRules {
  /** Bytes of one file. */
  readonly fileBytesMax: number;
  /** Files of one form. Default 1. */
  readonly filesMax?: number;
  /** Bytes of all files. Default: of one. */
  readonly bytesMax?: number;
  readonly numbers?: readonly string[];
  readonly booleans?: readonly string[];
}

const FIELDS_MAX = 64;
const PART_HEAD_BYTES_MAX = 8_192;
const FIELD_BYTES_MAX = 1_048_576;
/** Names that would reach beyond the object they are put into. */
const NAMES_REFUSED = new Set(['__proto__', 'constructor', 'prototype']);

/** Throws RequestRefused; rejects when the client leaves. */
export async function readForm(visit: Visit, rules: FormRules): Promise<Form> {
  const boundary = boundaryOf(visit.request.headers.get('content-type') ?? '');
  const filesMax = rules.filesMax ?? 1;
  const parser = new MultipartParser(boundary, {
    maxHeaderSize: PART_HEAD_BYTES_MAX,
    maxFileSize: Math.max(rules.fileBytesMax, FIELD_BYTES_MAX),
    maxParts: FIELDS_MAX + filesMax,
    maxTotalSize: (rules.bytesMax ?? rules.fileBytesMax) + FIELD_BYTES_MAX,
  });
  const parts: MultipartPart[] = [];
  const body: AsyncIterable<Uint8Array> | null = visit.request.body;
  try {
    for await (const chunk of body ?? []) {
      // What follows the last boundary means nothing (RFC 2046 §5.1.1).
      if (chunk.length > 0 && !isOver(parser)) parts.push(...parser.write(chunk));
    }
    parser.finish();
    const form = formOf(parts, rules);
    visit.record.readBody(JSON.stringify(summaryOf(form)));
    return form;
  } catch (cause) {
    throw cause instanceof MultipartParseError ? refusalOf(cause, rules.fileBytesMax) : cause;
  }
}

/** The one file of a name. Throws RequestRefused. */
export function fileOf(form: Form, name: string): FormFile {
  const [file, ...more] = form.files.get(name) ?? [];
  if (file === undefined) return refuse(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter');
  if (more.length > 0) return refuse(`Duplicate parameter: '${name}'. You provided multiple values for this parameter.`, name);
  return file;
}

function boundaryOf(contentType: string): string {
  const media = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (media !== 'multipart/form-data') {
    const message = `Invalid Content-Type header (${contentType.slice(0, 100)}), expected multipart/form-data. (HINT: If you're using curl, you can pass -H 'Content-Type: multipart/form-data')`;
    throw new RequestRefused({ status: 415, message });
  }
  const found = /;\s*boundary=(?:"([^"]*)"|([^\s;"]*))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2] ?? '';
  if (!/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary)) return refuse('Could not parse multipart form: no boundary.');
  return boundary;
}

function isOver(parser: MultipartParser): boolean {
  try {
    parser.finish();
    return true;
  } catch {
    return false;
  }
}

function refusalOf(cause: MultipartParseError, bytesMax: number): RequestRefused {
  if (cause instanceof MaxFileSizeExceededError || cause instanceof MaxTotalSizeExceededError) {
    return new RequestRefused({ status: 413, message: `Maximum content size limit (${bytesMax}) exceeded.`, code: 'content_too_large' });
  }
  return new RequestRefused({ status: 400, message: `Could not parse multipart form: ${cause.message}` });
}

function formOf(parts: readonly MultipartPart[], rules: FormRules): Form {
  const fields: Record<string, unknown> = {};
  const files = new Map<string, FormFile[]>();
  for (const part of parts) {
    const name = nameOf(part);
    const bare = name.replace(/\[\d*\]$/, '');
    if (part.filename !== undefined || part.isFile) {
      if (part.size > rules.fileBytesMax) throw refusalOf(new MaxFileSizeExceededError(rules.fileBytesMax), rules.fileBytesMax);
      const file = { filename: part.filename ?? '', type: part.mediaType ?? '', bytes: new Uint8Array(part.bytes) };
      files.set(bare, [...(files.get(bare) ?? []), file]);
    } else if (part.size > FIELD_BYTES_MAX) {
      refuse(`Invalid '${name}': string too long.`, name, 'string_above_max_length');
    } else {
      put(fields, name, valueOf(bare, part.text, rules));
    }
  }
  return { fields, files };
}

function nameOf(part: MultipartPart): string {
  let name: string | undefined;
  try {
    ({ name } = part);
  } catch {
    // The head of the part is not UTF-8.
    return refuse('Could not parse multipart form: a part has a head that cannot be read.');
  }
  if (name === undefined || name === '') return refuse('Could not parse multipart form: a part has no name.');
  if (name.split(/[[\]]/).some((word) => NAMES_REFUSED.has(word)))
    return refuse(`Unknown parameter: '${name}'.`, name, 'unknown_parameter');
  return name;
}

function valueOf(name: string, text: string, rules: FormRules): unknown {
  if (rules.numbers?.includes(name) === true) {
    const number = text.trim() === '' ? Number.NaN : Number(text);
    return Number.isNaN(number) ? text : number;
  }
  if (rules.booleans?.includes(name) === true && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function put(fields: Record<string, unknown>, name: string, value: unknown): void {
  const [, outer = '', inner = ''] = /^([^[\]]+)\[([^[\]]*)\]$/.exec(name) ?? [];
  if (outer === '') fields[name] = value;
  else if (inner === '' || /^\d+$/.test(inner)) {
    const list = fields[outer];
    fields[outer] = [...(Array.isArray(list) ? (list as unknown[]) : []), value];
  } else {
    const object = fields[outer];
    fields[outer] = { ...(isObject(object) ? object : {}), [inner]: value };
  }
}

/** What the record of requests keeps of a form: the fields, and of each file what tells it from another. */
function summaryOf({ fields, files }: Form): JsonObject {
  const described = Array.from(files, ([name, list]) => [
    name,
    list.map(({ filename, type, bytes }) => ({ filename, type, bytes: bytes.length, sha256: Bun.SHA256.hash(bytes, 'hex') })),
  ]);
  return { ...fields, ...(Object.fromEntries(described) as JsonObject) };
}
