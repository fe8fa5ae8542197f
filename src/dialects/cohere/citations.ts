/*
 * Citations: which words of the answer come from which documents, or which results of tools. Ours have one source each, so one of several sources is several.
 */

import type { Citation } from '../../operations/chat.ts';
import { countOf } from '../dialect-embed.ts';
import { isRecord } from '../dialect-errors.ts';
import { COHERE } from './dialect-name.ts';

export interface ReadCitation {
  /** Which of the answer's pieces of content it is about; absent: the text. */
  readonly content?: number;
  readonly citation: Citation;
}

/** Those about the text; thoughts and plans are cited too, which no other dialect knows. */
export function readCitation(value: unknown): readonly ReadCitation[] {
  if (!isRecord(value) || (value['type'] !== undefined && value['type'] !== null && value['type'] !== 'TEXT_CONTENT')) return [];
  const start = countOf(value['start']);
  const end = countOf(value['end']);
  const content = countOf(value['content_index']);
  const sources: readonly unknown[] = Array.isArray(value['sources']) && value['sources'].length > 0 ? value['sources'] : [undefined];
  return sources.map((source) => ({
    ...(content === undefined ? {} : { content }),
    citation: {
      ...(start === undefined || end === undefined || end < start ? {} : { start, end }),
      ...readSource(source),
      native: { dialect: COHERE, value },
    },
  }));
}

function readSource(source: unknown): Pick<Citation, 'title' | 'url' | 'citedText'> {
  const inner = isRecord(source) ? (source['document'] ?? source['tool_output']) : undefined;
  if (!isRecord(inner)) return {};
  const [title, url, text] = [inner['title'], inner['url'], inner['text'] ?? inner['snippet'] ?? inner['content']];
  return {
    ...(isText(title) ? { title } : {}),
    ...(isText(url) ? { url } : {}),
    ...(isText(text) ? { citedText: text } : {}),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** `text`: the part that it is about; `content`: its place among the pieces of content. */
export function writeCitation(citation: Citation, text: string, content: number): Record<string, unknown> {
  const start = Math.min(citation.start ?? 0, text.length);
  const end = Math.min(citation.end ?? text.length, text.length);
  return {
    start,
    end,
    text: text.slice(start, end),
    sources: [writeSource(citation)],
    content_index: content,
    type: 'TEXT_CONTENT',
  };
}

function writeSource({ title, url, citedText, document }: Citation): Record<string, unknown> {
  const id = document?.id ?? (document === undefined ? (url ?? 'source') : `doc:${document.index}`);
  return { type: 'document', id, document: { id, title, url, text: citedText } };
}
