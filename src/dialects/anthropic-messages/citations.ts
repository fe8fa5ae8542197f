/* Citations, both ways. Source: platform.claude.com/docs/en/build-with-claude/citations; the types of @anthropic-ai/sdk (TextCitation). */

import type { Citation } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { ANTHROPIC_MESSAGES } from './dialect-name.ts';
import type { Block } from './thoughts.ts';

type Unit = NonNullable<Citation['document']>['unit'];

interface Place {
  readonly unit: Unit;
  readonly type: string;
  readonly start: string;
  readonly end: string;
}

const PLACES: readonly Place[] = [
  { unit: 'character', type: 'char_location', start: 'start_char_index', end: 'end_char_index' },
  { unit: 'page', type: 'page_location', start: 'start_page_number', end: 'end_page_number' },
  { unit: 'block', type: 'content_block_location', start: 'start_block_index', end: 'end_block_index' },
];

/** Undefined for what is no citation at all. */
export function decodeCitation(value: unknown): Citation | undefined {
  if (!isRecord(value) || typeof value['type'] !== 'string') return undefined;
  const citation: { -readonly [Key in keyof Citation]: Citation[Key] } = { native: { dialect: ANTHROPIC_MESSAGES, value } };
  const { cited_text: quoted, url, source } = value;
  const title = value['document_title'] ?? value['title'];
  if (typeof quoted === 'string') citation.citedText = quoted;
  if (typeof title === 'string') citation.title = title;
  if (typeof url === 'string') citation.url = url;
  else if (typeof source === 'string' && /^https?:/.test(source)) citation.url = source;
  const document = decodePlace(value);
  if (document !== undefined) citation.document = document;
  return citation;
}

function decodePlace(value: Block): Citation['document'] {
  const place = PLACES.find(({ type }) => type === value['type']);
  const { document_index: index, file_id: id } = value;
  if (place === undefined || typeof index !== 'number') return undefined;
  const [start, end] = [value[place.start], value[place.end]];
  if (typeof start !== 'number' || typeof end !== 'number') return undefined;
  return { index, unit: place.unit, start, end, ...(typeof id === 'string' ? { id } : {}) };
}

/** Undefined where this dialect has no word for it: a source without an address or a place. */
export function encodeCitation({ native, citedText = '', title: told, url, document }: Citation): Block | undefined {
  const title = told ?? null;
  if (native?.dialect === ANTHROPIC_MESSAGES && isRecord(native.value)) return native.value;
  if (document !== undefined) {
    const place = PLACES.find(({ unit }) => unit === document.unit);
    if (place === undefined) return undefined;
    const where = { [place.start]: document.start, [place.end]: document.end };
    return {
      type: place.type,
      cited_text: citedText,
      document_index: document.index,
      document_title: title,
      ...where,
      file_id: document.id ?? null,
    };
  }
  // The vendor's index of a search, which nobody else has, is what it wants back; callers show the rest.
  return url === undefined ? undefined : { type: 'web_search_result_location', cited_text: citedText, title, url, encrypted_index: '' };
}

/** For the vendor itself, which takes back what it said, and places in documents; it refuses a search that it did not make. */
export function encodeCitationBack(citation: Citation): Block | undefined {
  if (citation.native?.dialect !== ANTHROPIC_MESSAGES && citation.document === undefined) return undefined;
  const encoded = encodeCitation(citation);
  if (encoded === undefined) return undefined;
  const { file_id: _told, ...asked } = encoded;
  return asked;
}
