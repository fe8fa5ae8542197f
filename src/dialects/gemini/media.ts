/*
 * Pictures, sound, films and files. The media type alone says which of them a part is, so where nobody says it, it is guessed from the address; and a guess
 * never makes a picture of a file. Source: ai.google.dev/gemini-api/docs/files, /image-understanding, /audio, /video-understanding.
 */

import type { AudioPart, ChatPart, FilePart, ImagePart, MediaSource, VideoPart } from '../../operations/chat.ts';
import { GEMINI } from './dialect-name.ts';
import { type Fields, fieldsOf, textOf } from './fields.ts';

type MediaPart = ImagePart | FilePart | AudioPart | VideoPart;
type MediaKind = MediaPart['kind'];

/** What a kind is taken to be where its address does not tell. */
const USUAL: Readonly<Record<MediaKind, string>> = {
  image: 'image/jpeg',
  audio: 'audio/mpeg',
  video: 'video/mp4',
  file: 'application/pdf',
};

const BY_EXTENSION: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  avif: 'image/avif',
  bmp: 'image/bmp',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  aac: 'audio/aac',
  aiff: 'audio/aiff',
  m4a: 'audio/mp4',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mpeg: 'video/mpeg',
  avi: 'video/x-msvideo',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  csv: 'text/csv',
  json: 'application/json',
};

function guess(uri: string): string | undefined {
  const extension = /\.([A-Za-z0-9]{2,4})(?:[?#].*)?$/.exec(uri)?.[1]?.toLowerCase();
  return extension !== undefined && Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined;
}

function kindOf(media: string): MediaKind {
  const [type] = media.split('/', 1);
  return type === 'image' || type === 'audio' || type === 'video' ? type : 'file';
}

/** Only Google can read these. */
const UPLOADED = /^gs:\/\/|^https:\/\/generativelanguage\.googleapis\.com\/|^(?!https?:\/\/)/i;
const FILM = /^https?:\/\/(?:www\.|m\.)?(?:youtube\.com|youtu\.be)\//i;

/** `inlineData`; undefined where it is none. */
export function readInline(value: unknown): MediaPart | undefined {
  const blob = fieldsOf(value);
  const base64 = textOf(blob?.['data']);
  if (blob === undefined || base64 === undefined) return undefined;
  const media = (textOf(blob['mimeType']) ?? '').toLowerCase();
  return named(kindOf(media), { kind: 'data', media, base64: standard(base64) }, blob);
}

/** Bytes may come in the other alphabet of base64, or without padding; other dialects take neither. */
function standard(base64: string): string {
  return base64.length % 4 === 0 && !/[-_]/.test(base64) ? base64 : Buffer.from(base64, 'base64').toString('base64');
}

/** `fileData`; undefined where it is none. */
export function readFile(value: unknown): MediaPart | undefined {
  const file = fieldsOf(value);
  const uri = textOf(file?.['fileUri']);
  if (file === undefined || uri === undefined || uri === '') return undefined;
  const told = textOf(file['mimeType'])?.toLowerCase();
  const more = told === undefined || told === '' ? {} : { media: told };
  const source: MediaSource = UPLOADED.test(uri) ? { kind: 'id', id: uri, dialect: GEMINI, ...more } : { kind: 'url', url: uri, ...more };
  return named(FILM.test(uri) ? 'video' : kindOf(more.media ?? guess(uri) ?? ''), source, file);
}

function named(kind: MediaKind, source: MediaSource, fields: Fields): MediaPart {
  const name = textOf(fields['displayName']);
  return kind === 'file' && name !== undefined && name !== '' ? { kind, source, name } : { kind, source };
}

export function isMedia(part: ChatPart): part is MediaPart {
  return part.kind === 'image' || part.kind === 'audio' || part.kind === 'video' || part.kind === 'file';
}

export function writeMedia({ kind, source }: Pick<MediaPart, 'kind' | 'source'>): Fields {
  if (source.kind === 'data') return { inlineData: { mimeType: source.media, data: source.base64 } };
  const uri = source.kind === 'url' ? source.url : source.id;
  const guessed = source.media ?? guess(uri);
  const mimeType = guessed !== undefined && kindOf(guessed) === kind ? guessed : USUAL[kind];
  // Of what was uploaded the vendor knows better.
  const isKnown = source.kind === 'id' && source.media === undefined && kind === 'file' && guessed === undefined;
  return { fileData: { ...(isKnown || FILM.test(uri) ? {} : { mimeType }), fileUri: uri } };
}
