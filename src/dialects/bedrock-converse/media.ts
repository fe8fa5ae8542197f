/* Kinds of media: Bedrock names them by a format of a word, and names of documents have rules of their own. */

import type { MediaSource } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import type { Block } from './block.ts';
import { BEDROCK_CONVERSE } from './dialect-name.ts';

export type MediaKind = 'image' | 'document' | 'audio' | 'video';

/** Media types of the formats, the usual one first. */
const FORMATS: Readonly<Record<MediaKind, Readonly<Record<string, readonly string[]>>>> = {
  image: { png: ['image/png'], jpeg: ['image/jpeg', 'image/jpg'], gif: ['image/gif'], webp: ['image/webp'] },
  document: {
    pdf: ['application/pdf'],
    csv: ['text/csv'],
    doc: ['application/msword'],
    docx: ['application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    xls: ['application/vnd.ms-excel'],
    xlsx: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
    html: ['text/html'],
    txt: ['text/plain'],
    md: ['text/markdown'],
  },
  audio: {
    mp3: ['audio/mpeg', 'audio/mp3'],
    wav: ['audio/wav', 'audio/x-wav', 'audio/wave'],
    aac: ['audio/aac'],
    'x-aac': ['audio/x-aac'],
    flac: ['audio/flac', 'audio/x-flac'],
    ogg: ['audio/ogg'],
    opus: ['audio/opus'],
    m4a: ['audio/m4a', 'audio/x-m4a'],
    mp4: ['audio/mp4'],
    webm: ['audio/webm'],
    pcm: ['audio/pcm', 'audio/l16'],
    mka: ['audio/x-matroska'],
    mkv: ['audio/matroska'],
    mpga: ['audio/mpga'],
    mpeg: ['audio/x-mpeg'],
  },
  video: {
    mp4: ['video/mp4'],
    mov: ['video/quicktime'],
    mkv: ['video/x-matroska'],
    webm: ['video/webm'],
    flv: ['video/x-flv'],
    mpeg: ['video/mpeg'],
    mpg: ['video/mpg'],
    wmv: ['video/x-ms-wmv'],
    three_gp: ['video/3gpp'],
  },
};

const DEFAULTS: Readonly<Record<MediaKind, string>> = { image: 'png', document: 'txt', audio: 'wav', video: 'mp4' };

/** A format that is not known is the end of a media type all the same: whoever put it there knows it. */
export function mediaOf(kind: MediaKind, format: unknown): string {
  const name = typeof format === 'string' ? format.toLowerCase() : DEFAULTS[kind];
  const known = Object.hasOwn(FORMATS[kind], name) ? FORMATS[kind][name]?.[0] : undefined;
  return known ?? `${kind === 'document' ? 'application' : kind}/${name}`;
}

export function formatOf(kind: MediaKind, source: MediaSource): string {
  const named = source.media ?? (source.kind === 'data' ? '' : '');
  const media = named.split(';', 1)[0]?.trim() ?? '';
  for (const [format, medias] of Object.entries(FORMATS[kind])) if (medias.includes(media)) return format;
  if (source.kind !== 'data') {
    const extension = /\.([a-z0-9]+)$/i.exec(source.kind === 'url' ? source.url : source.id)?.[1]?.toLowerCase() ?? '';
    const name = extension === 'jpg' ? 'jpeg' : extension;
    return Object.hasOwn(FORMATS[kind], name) ? name : kind === 'document' ? 'pdf' : DEFAULTS[kind];
  }
  // Text of any kind is text.
  if (kind === 'document') return media.startsWith('text/') || TEXTUAL.test(media) ? 'txt' : media.slice(media.indexOf('/') + 1) || 'txt';
  return media.slice(media.indexOf('/') + 1) || DEFAULTS[kind];
}

const TEXTUAL = /^application\/(?:json|xml|yaml|x-yaml|javascript|x-ndjson|sql)$|\+(?:json|xml)$/;

/** Undefined for a source that there was not when this was written, or that says more than our words hold. */
export function decodeSource(kind: MediaKind, format: unknown, source: unknown): MediaSource | undefined {
  if (!isRecord(source)) return undefined;
  const media = mediaOf(kind, format);
  const { bytes, s3Location, text, content } = source;
  if (typeof bytes === 'string') return { kind: 'data', media, base64: bytes };
  if (isRecord(s3Location) && typeof s3Location['uri'] === 'string' && Object.keys(s3Location).length === 1)
    return { kind: 'id', id: s3Location['uri'], dialect: BEDROCK_CONVERSE, media };
  const plain = typeof text === 'string' ? text : textsOf(content)?.join('\n\n');
  return plain === undefined ? undefined : { kind: 'data', media: 'text/plain', base64: Buffer.from(plain).toString('base64') };
}

/** Of blocks that are all texts. */
export function textsOf(content: unknown): readonly string[] | undefined {
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((block: unknown) => (isRecord(block) && typeof block['text'] === 'string' ? block['text'] : undefined));
  return texts.includes(undefined) ? undefined : (texts as string[]);
}

/** `url` does not come here, but for audio and video. */
export function encodeSource(source: MediaSource): Block {
  return source.kind === 'data' ? { bytes: source.base64 } : { s3Location: { uri: source.kind === 'id' ? source.id : source.url } };
}

const NAME_CHARS_MAX = 200;

/**
 * Names of one request's documents: letters, digits, hyphens, underscores, parentheses, brackets and single spaces, each once, whatever its case.
 * Source: DocumentBlock in the API reference; that a name may occur once is told by the service alone.
 */
export class DocumentNames {
  readonly #taken = new Set<string>();

  of(name: string | undefined): string {
    const valid = validDocumentName(name);
    let free = valid;
    for (let count = 2; this.#taken.has(free.toLowerCase()); count += 1) free = `${valid} ${count}`;
    this.#taken.add(free.toLowerCase());
    return free;
  }
}

export function validDocumentName(name: string | undefined): string {
  const plain = (name ?? '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_()[\]-]+/g, ' ')
    .trim();
  return plain === '' ? 'document' : plain.slice(0, NAME_CHARS_MAX).trim();
}
