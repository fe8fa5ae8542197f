/* What a body says it is, whether it is, and the pieces of text in it. */

import { JSON_LIMITS, type JsonLimits, JsonScanError, scanJson } from '../../base/json-scan.ts';
import { type Field, formFields, jsonFields, multipartFields, parameter } from './screen-fields.ts';

/** `none`: there is no text in it that we know how to find. */
export type BodyKind = 'json' | 'json-lines' | 'form' | 'multipart' | 'text' | 'unlabelled' | 'none';

export interface BodyShape {
  readonly kind: BodyKind;
  /** Small letters, without parameters; empty when there is none. */
  readonly media: string;
  readonly boundary: string | undefined;
  /** Of the text; undefined for UTF-8. */
  readonly charset: string | undefined;
}

export function bodyShape(contentType: string | null): BodyShape {
  if (contentType === null) return { kind: 'unlabelled', media: '', boundary: undefined, charset: undefined };
  const media = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const charset = parameter(contentType, 'charset')?.toLowerCase();
  return {
    kind: kindOf(media),
    media: media.slice(0, 100),
    boundary: parameter(contentType, 'boundary'),
    charset: charset === undefined || /^(?:utf-?8|us-ascii)$/.test(charset) ? undefined : charset,
  };
}

function kindOf(media: string): BodyKind {
  if (media === '') return 'unlabelled';
  if (/^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq)$/.test(media)) return 'json-lines';
  if (/[/+]json$/.test(media) || /^(?:application|text)\/(?:x-)?json/.test(media)) return 'json';
  if (media === 'application/x-www-form-urlencoded') return 'form';
  if (media.startsWith('multipart/')) return 'multipart';
  if (media.startsWith('text/') || /[/+](?:xml|yaml|x-yaml|graphql|javascript|x-javascript|ecmascript|sql)$/.test(media)) return 'text';
  return 'none';
}

export interface BodyReading {
  readonly fields: Iterable<Field>;
  /** Why it is not what it says; nothing of its content is in it. */
  readonly fault: string | undefined;
}

export interface BodyInput {
  readonly shape: BodyShape;
  readonly bytes: Uint8Array;
  /** False when only the beginning of the body is there: then nothing is missing from it. */
  readonly isWhole: boolean;
  readonly limits: Pick<JsonLimits, 'depthMax' | 'nodesMax'>;
}

/** Throws a RangeError for a charset that is not known. */
export function readBody({ shape, bytes, isWhole, limits }: BodyInput): BodyReading {
  const { kind, charset, boundary } = shape;
  if (kind === 'multipart') {
    if (boundary === undefined || boundary === '') return { fields: [], fault: 'its content type has no boundary' };
    return multipartFields(bytes, boundary, isWhole);
  }
  const text = charset === undefined ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : decode(bytes, charset);
  switch (kind) {
    case 'json':
      return { fields: jsonFields(text), fault: jsonFault(charset === undefined ? bytes : Buffer.from(text), isWhole, limits) };
    case 'json-lines':
      return { fields: jsonFields(text), fault: undefined };
    case 'form':
      return {
        fields: formFields(text, 'body'),
        fault: /%(?![\da-f]{2})/i.test(text) && isWhole ? 'it has a % that begins no escape' : undefined,
      };
    default:
      return {
        fields: kind === 'unlabelled' && /^\s{0,64}[[{]/.test(text) ? jsonFields(text) : [{ where: 'body', text }],
        fault: undefined,
      };
  }
}

function decode(bytes: Uint8Array, charset: string): string {
  return new TextDecoder(charset as Bun.Encoding).decode(bytes);
}

/** Services choose their own keys: what matters here is what another parser may choke on, or read differently. */
const SERVICE_JSON: JsonLimits = { ...JSON_LIMITS, keyBytesMax: 65_536, membersMax: 100_000 };

function jsonFault(bytes: Uint8Array, isWhole: boolean, limits: BodyInput['limits']): string | undefined {
  try {
    scanJson(bytes, { ...SERVICE_JSON, ...limits });
    return undefined;
  } catch (cause) {
    if (!(cause instanceof JsonScanError)) throw cause;
    if (!isWhole && (cause.fault === 'truncated' || cause.fault === 'utf8')) return undefined;
    // The key that occurs twice is the caller's word; where it is, is ours.
    if (cause.fault === 'duplicate') return `a key occurs twice (line ${cause.line}, column ${cause.column})`;
    return cause.message;
  }
}
