/* Media on their way from one dialect to another: data URLs (RFC 2397), and the type of data that a dialect gives without a word of what it is. */

import type { MediaSource } from '../operations/chat.ts';

/** A URL as it stands in a request: data, or a place. `fallback`: the media type of data that do not say theirs. */
export function readUrl(url: string, fallback: string): MediaSource {
  return readDataUrl(url, fallback) ?? { kind: 'url', url };
}

/** Undefined where it is no data URL. Text instead of base64 is put into base64. */
export function readDataUrl(url: string, fallback: string): (MediaSource & { kind: 'data' }) | undefined {
  if (!/^data:/i.test(url.slice(0, 5))) return undefined;
  const comma = url.indexOf(',');
  if (comma === -1) return undefined;
  const [type = '', ...parameters] = url.slice(5, comma).split(';');
  const media = type === '' ? fallback : type.toLowerCase();
  const data = url.slice(comma + 1);
  if (parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64')) return { kind: 'data', media, base64: data };
  return { kind: 'data', media, base64: Buffer.from(unescaped(data)).toString('base64') };
}

export function writeUrl(source: Exclude<MediaSource, { kind: 'id' }>): string {
  return source.kind === 'url' ? source.url : `data:${source.media};base64,${source.base64}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray per cent sign: then it means itself.
    return text;
  }
}

/** How files of a kind begin, in base64. Source: the registrations of these types, and mimesniff.spec.whatwg.org. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['Qk', 'image/bmp'],
];

/** The type of an image, as its first bytes tell it; where they don't, the commonest. */
export function imageType(base64: string): string {
  return BEGINNINGS.find(([beginning]) => base64.startsWith(beginning))?.[1] ?? 'image/png';
}
