/* Citations, both ways. Source: Citation and CitationLocation in the API reference of Bedrock Runtime. */

import type { Citation } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import type { Block } from './block.ts';
import { BEDROCK_CONVERSE } from './dialect-name.ts';
import { textsOf } from './media.ts';

type Unit = NonNullable<Citation['document']>['unit'];

const PLACES: readonly (readonly [name: string, unit: Unit])[] = [
  ['documentChar', 'character'],
  ['documentPage', 'page'],
  ['documentChunk', 'block'],
];

/** Undefined for what is no citation at all. */
export function decodeCitation(value: unknown): Citation | undefined {
  if (!isRecord(value)) return undefined;
  const { p: _padding, ...plain } = value;
  const citation: { -readonly [Key in keyof Citation]: Citation[Key] } = { native: { dialect: BEDROCK_CONVERSE, value: plain } };
  const { title, source, sourceContent } = value;
  const quoted = textsOf(sourceContent)?.join('');
  if (quoted !== undefined && quoted !== '') citation.citedText = quoted;
  if (typeof title === 'string') citation.title = title;
  const location = isRecord(value['location']) ? value['location'] : {};
  const web = isRecord(location['web']) ? location['web']['url'] : undefined;
  const url = typeof web === 'string' ? web : source;
  if (typeof url === 'string' && /^https?:/.test(url)) citation.url = url;
  const document = decodePlace(location);
  if (document !== undefined) citation.document = document;
  return citation;
}

function decodePlace(location: Block): Citation['document'] {
  for (const [name, unit] of PLACES) {
    const place = location[name];
    if (!isRecord(place)) continue;
    const { documentIndex: index, start, end } = place;
    if (typeof index === 'number' && typeof start === 'number' && typeof end === 'number') return { index, unit, start, end };
  }
  return undefined;
}

export function encodeCitation({ native, citedText, title, url, document }: Citation): Block {
  if (native?.dialect === BEDROCK_CONVERSE && isRecord(native.value)) return native.value;
  const location = encodePlace(document, url);
  return {
    ...(title === undefined ? {} : { title }),
    ...(url === undefined ? {} : { source: url }),
    ...(citedText === undefined ? {} : { sourceContent: [{ text: citedText }] }),
    ...(location === undefined ? {} : { location }),
  };
}

function encodePlace(document: Citation['document'], url: string | undefined): Block | undefined {
  if (document === undefined) return url === undefined ? undefined : { web: { url, ...domainOf(url) } };
  const { index, unit, start, end } = document;
  const name = PLACES.find((place) => place[1] === unit)?.[0];
  return name === undefined ? undefined : { [name]: { documentIndex: index, start, end } };
}

function domainOf(url: string): { domain?: string } {
  return URL.canParse(url) ? { domain: new URL(url).hostname } : {};
}
