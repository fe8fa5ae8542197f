/*
 * The form of an upload, multipart/form-data (RFC 7578), read as it comes: one file, and what belongs to it. A file that is too large is
 * refused at the byte that is too much, and what there was of it is dropped.
 */

import {
  MaxFileSizeExceededError,
  MaxHeaderSizeExceededError,
  MaxPartsExceededError,
  MaxTotalSizeExceededError,
  MultipartParseError,
  MultipartParser,
  type MultipartPart,
} from '@remix-run/multipart-parser';
import { GatewayError } from '../../base/errors.ts';
import { JsonScanError, scanJson } from '../../base/json-scan.ts';
import { displayName } from './file-name.ts';

/** Disposed of when the file was read: its memory goes back at once, for a collector comes when a dozen such files lie about. */
export interface UploadForm extends Disposable {
  /** Empty afterwards. */
  readonly bytes: Uint8Array;
  /** For display alone. */
  readonly filename: string;
  /** Empty when none is named. */
  readonly collection: string;
  /** A JSON object, as text. */
  readonly metadata: string;
  /** What the file is for; empty when nothing is said. */
  readonly purpose: string;
}

const PARTS_MAX = 8;
const PART_HEAD_BYTES_MAX = 4_096;
const FIELD_BYTES_MAX = 16_384;
/** What all that is not the file may take: the other fields, heads, boundaries. */
export const FORM_BYTES_MAX = 262_144;
const METADATA_LIMITS = { depthMax: 8, nodesMax: 1_000, keyBytesMax: 256, membersMax: 64 };
const COLLECTION = /^[\w][\w.-]{0,63}$/;
export type FormField = 'file' | 'metadata' | 'collection' | 'purpose';

/** The boundary of a multipart/form-data body. Throws `content_type_unsupported`, or `request_invalid` when there is none. */
export function boundaryOf(contentType: string | null): string {
  const media = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (media !== 'multipart/form-data') {
    const got = contentType === null ? 'and no content type is given' : `not ${contentType.slice(0, 100)}`;
    throw new GatewayError('content_type_unsupported', `an upload is multipart/form-data with a part named 'file', ${got}`);
  }
  const found = /;\s*boundary=(?:"([^"]*)"|([^\s;"]*))/i.exec(contentType ?? '');
  const boundary = found?.[1] ?? found?.[2] ?? '';
  // RFC 2046 §5.1.1: 1 to 70 characters of these, and no space at the end.
  if (!/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary))
    throw new GatewayError('request_invalid', 'the content type names no boundary (multipart/form-data; boundary=…) of 1 to 70 characters');
  return boundary;
}

/** Reads the whole form. Throws `body_too_large`, `request_invalid` with the part at fault, and whatever the stream throws. */
export async function readUploadForm(
  stream: ReadableStream<Uint8Array>,
  { boundary, bytesMax, fields }: { readonly boundary: string; readonly bytesMax: number; readonly fields: readonly FormField[] },
): Promise<UploadForm> {
  const parser = new MultipartParser(boundary, {
    maxHeaderSize: PART_HEAD_BYTES_MAX,
    maxFileSize: Math.max(bytesMax, FIELD_BYTES_MAX),
    maxParts: PARTS_MAX,
    maxTotalSize: bytesMax + FORM_BYTES_MAX,
  });
  const form = new FormReader(bytesMax, fields);
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      // What follows the last boundary means nothing (RFC 2046 §5.1.1), but is read, so that the connection lives on.
      if (isOver(parser)) continue;
      for (const part of parser.write(value)) form.take(part);
    }
    parser.finish();
    return form.finish();
  } catch (cause) {
    await reader.cancel().catch(() => undefined);
    throw cause instanceof MultipartParseError ? refusal(cause, bytesMax) : cause;
  }
}

function isOver(parser: MultipartParser): boolean {
  try {
    parser.finish();
    return true;
  } catch {
    return false;
  }
}

function refusal(cause: MultipartParseError, bytesMax: number): GatewayError {
  if (cause instanceof MaxFileSizeExceededError || cause instanceof MaxTotalSizeExceededError) return fileTooLarge(bytesMax);
  if (cause instanceof MaxPartsExceededError) return invalid(`the form has more than ${PARTS_MAX} parts`);
  if (cause instanceof MaxHeaderSizeExceededError)
    return invalid(`a part of the form has a head of more than ${PART_HEAD_BYTES_MAX} bytes`);
  return invalid(
    'the body is not the multipart form that its content type announces: it was cut, or the boundary is another',
    undefined,
    cause,
  );
}

export function fileTooLarge(bytesMax: number): GatewayError {
  return new GatewayError('body_too_large', `the file is larger than ${bytesMax} bytes`, {
    param: 'file',
    detail: { bytes_max: bytesMax },
  });
}

class FormReader {
  readonly #bytesMax: number;
  readonly #fields: readonly FormField[];
  readonly #parts = new Map<FormField, MultipartPart>();

  constructor(bytesMax: number, fields: readonly FormField[]) {
    this.#bytesMax = bytesMax;
    this.#fields = fields;
  }

  take(part: MultipartPart): void {
    const given = nameOf(part);
    const name = this.#fields.find((field) => field === given);
    if (name === undefined) {
      const shown = given === undefined ? 'without a name' : `named '${displayName(given)}'`;
      throw invalid(`the form has a part ${shown}; its parts are: ${this.#fields.join(', ')}`);
    }
    if (this.#parts.has(name)) throw invalid(name === 'file' ? 'one file at a time: the form has two' : `'${name}' is given twice`, name);
    const bytesMax = name === 'file' ? this.#bytesMax : FIELD_BYTES_MAX;
    if (name === 'file' && part.size > bytesMax) throw fileTooLarge(bytesMax);
    if (part.size > bytesMax) throw invalid(`'${name}' is larger than ${bytesMax} bytes`, name);
    const encoding = part.headers['content-transfer-encoding'];
    if (encoding !== undefined && !/^(?:7bit|8bit|binary)$/i.test(encoding))
      throw invalid(
        `'${name}' has the transfer encoding ${encoding.slice(0, 40)}, which is not read (RFC 7578 §4.7): send it as it is`,
        name,
      );
    // Another charset would be told on standard error by the parser; RFC 7578 §4.2 does not want `filename*` at all.
    if (/filename\*\s*=(?!\s*"?utf-8')/i.test(part.headers['content-disposition'] ?? ''))
      throw invalid(`the name of '${name}' is in another charset than UTF-8`, name);
    this.#parts.set(name, part);
  }

  finish(): UploadForm {
    const file = this.#parts.get('file');
    if (file === undefined) throw invalid("the form has no part named 'file'", 'file');
    if (file.size === 0) throw invalid('the file is empty', 'file');
    // A copy, and alone in its memory.
    const bytes = file.bytes;
    return {
      bytes,
      // How a form escapes a quotation mark (HTML, multipart/form-data encoding algorithm).
      filename: displayName(file.filename?.replaceAll('%22', '"')),
      collection: this.#collection(),
      metadata: this.#metadata(),
      purpose: this.#purpose(),
      [Symbol.dispose]: () => void (bytes.buffer as ArrayBuffer).transfer(0),
    };
  }

  #collection(): string {
    const part = this.#parts.get('collection');
    if (part === undefined) return '';
    const collection = decode(part, 'collection');
    if (!COLLECTION.test(collection))
      throw invalid("'collection' must be a name of 1 to 64 letters, digits, dots, dashes and underscores", 'collection');
    return collection;
  }

  #purpose(): string {
    const part = this.#parts.get('purpose');
    return part === undefined ? '' : decode(part, 'purpose');
  }

  #metadata(): string {
    const part = this.#parts.get('metadata');
    if (part === undefined) return '{}';
    const text = decode(part, 'metadata');
    try {
      if (scanJson(part.bytes, METADATA_LIMITS).kind === 'object') return text;
    } catch (cause) {
      if (!(cause instanceof JsonScanError)) throw cause;
      throw invalid(`'metadata' must be a JSON object: ${cause.message}`, 'metadata', cause);
    }
    throw invalid("'metadata' must be a JSON object", 'metadata');
  }
}

function nameOf(part: MultipartPart): string | undefined {
  try {
    return part.name;
  } catch (cause) {
    // The head of the part is not UTF-8.
    throw invalid('a part of the form has a head that cannot be read', undefined, cause);
  }
}

function decode(part: MultipartPart, name: FormField): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(part.bytes);
  } catch (cause) {
    throw invalid(`'${name}' is not UTF-8`, name, cause);
  }
}

function invalid(message: string, param?: string, cause?: unknown): GatewayError {
  return new GatewayError('request_invalid', message, {
    ...(param === undefined ? {} : { param }),
    ...(cause === undefined ? {} : { cause }),
  });
}
