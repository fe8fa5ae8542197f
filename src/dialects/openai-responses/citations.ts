/* Annotations of a text: where in the sources a statement comes from. What is no citation of a web page is kept as it stood. */

import type { Citation } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { NAME } from './name.ts';

export function readCitations(annotations: unknown): readonly Citation[] {
  return Array.isArray(annotations) ? annotations.flatMap((annotation: unknown) => readCitation(annotation)) : [];
}

export function readCitation(annotation: unknown): readonly Citation[] {
  if (!isRecord(annotation)) return [];
  const { type, url, title, filename, start_index: start, end_index: end } = annotation;
  const native = { dialect: NAME, value: annotation };
  const name = typeof title === 'string' ? title : filename;
  return [
    {
      ...(isPlace(start) ? { start } : {}),
      ...(isPlace(end) ? { end } : {}),
      ...(typeof name === 'string' ? { title: name } : {}),
      ...(typeof url === 'string' ? { url } : {}),
      ...(type === 'url_citation' ? {} : { native }),
    },
  ];
}

/** A source without an address is told as one with an empty address: there is no other word for it that makes nothing up. */
export function writeCitation({ start, end, url, title, native, document }: Citation, text: string): unknown {
  if (native?.dialect === NAME) return native.value;
  return {
    type: 'url_citation',
    start_index: start ?? 0,
    end_index: end ?? text.length,
    url: url ?? '',
    title: title ?? document?.id ?? '',
  };
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
