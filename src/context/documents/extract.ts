/*
 * From the bytes of a file to its text, as far as the content itself says what it is. Runs in a process of its own (extract-program.ts):
 * the parsers of PDF and of Word's format are large, and what they are fed comes from strangers.
 */

import { JsonScanError, scanJson } from '../../base/json-scan.ts';
import { docxToText } from './docx-text.ts';
import { FileRefusal } from './file-refusal.ts';
import { readableKind } from './file-signature.ts';
import { htmlToText } from './html-text.ts';
import { pdfToText } from './pdf-text.ts';
import { cleanText, type DecodedText, decodeText } from './text-decoding.ts';
import type { FileKind } from './uploads-config.ts';

export interface ExtractRequest {
  /** Of the file's name, in lower case: it tells Markdown and CSV from other text, which nothing else can, and no more than that. */
  readonly extension: string;
  readonly kinds: readonly FileKind[];
  readonly charactersMax: number;
  readonly pagesMax: number;
}

export interface Extraction {
  readonly text: string;
  readonly facts: ExtractionFacts;
}

export interface ExtractionFacts {
  readonly kind: FileKind;
  readonly mediaType: string;
  /** Unicode characters (code points) of the text; at least 1. */
  readonly characters: number;
  /** Of a PDF. */
  readonly pages?: number;
  /** Where in its text each page begins, in UTF-16 units. */
  readonly pageStarts?: readonly number[];
  /** Of a text file: the encoding it was in. */
  readonly charset?: string;
}

type Found = Omit<ExtractionFacts, 'characters' | 'mediaType'> & { readonly text: string };

const MEDIA_TYPES: Readonly<Record<FileKind, string>> = {
  text: 'text/plain',
  markdown: 'text/markdown',
  html: 'text/html',
  csv: 'text/csv',
  json: 'application/json',
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
};

/** Throws a FileRefusal for whatever may not, or cannot, be read. */
export async function extract(bytes: Uint8Array, request: ExtractRequest): Promise<Extraction> {
  const { text: raw, ...found } = await read(bytes, request);
  if (!request.kinds.includes(found.kind))
    throw new FileRefusal('file_type_unsupported', `files of type ${found.kind} are not taken here, but: ${request.kinds.join(', ')}`);
  const text = cleanText(raw);
  if (text.trim() === '') {
    const hint = found.pages === undefined ? '' : ': a scan must go through text recognition (OCR) first';
    throw new FileRefusal('file_unreadable', `there is no text in the file${hint}`);
  }
  const characters = countCharacters(text);
  if (characters > request.charactersMax)
    throw new FileRefusal('file_too_complex', `the file holds more than ${request.charactersMax} characters of text`);
  return { text, facts: { ...found, mediaType: MEDIA_TYPES[found.kind], characters } };
}

async function read(bytes: Uint8Array, request: ExtractRequest): Promise<Found> {
  switch (readableKind(bytes)) {
    case 'pdf':
      return { kind: 'pdf', ...(await sound('PDF', () => pdfToText(bytes, request))) };
    case 'zip':
      return { kind: 'docx', text: await sound('Word document', () => docxToText(bytes)) };
    case 'perhaps-text':
      return readText(decodeText(bytes), request.extension);
  }
}

/** The parsers throw all kinds of errors at broken files. What they say is for those who know the format's insides. */
async function sound<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof FileRefusal) throw cause;
    // The stack is full: elements inside elements, thousands deep.
    if (cause instanceof RangeError) throw new FileRefusal('file_too_complex', `the ${what} is nested too deeply`);
    const reason = cause instanceof Error ? cause.message.replace(/\s+/g, ' ').slice(0, 120) : 'it cannot be read';
    throw new FileRefusal('file_unreadable', `the ${what} is damaged: ${reason}`);
  }
}

/** Beginnings of a page. Source: WHATWG MIME Sniffing, 7.1, without its single letters, which other texts have as well. */
const PAGE = /^<(?:!doctype html|html|head|body|script|title|style|table|div|h1)[\s>]/i;
const PAGE_HEAD_CHARACTERS = 4_096;

function isPage(text: string): boolean {
  let rest = text.slice(0, PAGE_HEAD_CHARACTERS).trimStart();
  if (rest.startsWith('<?xml')) rest = afterEnd(rest, '?>');
  while (rest.startsWith('<!--')) rest = afterEnd(rest, '-->');
  return PAGE.test(rest);
}

function afterEnd(text: string, end: string): string {
  const at = text.indexOf(end);
  return at === -1 ? '' : text.slice(at + end.length).trimStart();
}

function readText({ text, charset }: DecodedText, extension: string): Found {
  if (isPage(text)) return { kind: 'html', text: htmlToText(text), charset };
  if ((extension === 'html' || extension === 'htm') && /<[a-z!/]/i.test(text)) return { kind: 'html', text: htmlToText(text), charset };
  if (isJson(text, extension === 'json')) return { kind: 'json', text, charset };
  if (extension === 'md' || extension === 'markdown') return { kind: 'markdown', text, charset };
  if (extension === 'csv' || extension === 'tsv') return { kind: 'csv', text, charset };
  return { kind: 'text', text, charset };
}

const JSON_LIMITS = { depthMax: 256, nodesMax: 10_000_000, keyBytesMax: 1_048_576, membersMax: 1_000_000 };

/** An object or array that is JSON throughout. What says so by its name has to be; all else that is not is another text. */
function isJson(text: string, claimed: boolean): boolean {
  const first = text.trimStart().charAt(0);
  if (!claimed && first !== '{' && first !== '[') return false;
  try {
    scanJson(new TextEncoder().encode(text), JSON_LIMITS);
    return true;
  } catch (cause) {
    if (!(cause instanceof JsonScanError)) throw cause;
    if (!claimed) return false;
    if (cause.fault === 'duplicate') return true;
    const isDamaged = cause.fault === 'syntax' || cause.fault === 'truncated' || cause.fault === 'utf8';
    throw new FileRefusal(isDamaged ? 'file_unreadable' : 'file_too_complex', `the file is no JSON that can be read: ${cause.message}`);
  }
}

function countCharacters(text: string): number {
  let halves = 0;
  for (let index = 0; index < text.length; index += 1) if ((text.charCodeAt(index) & 0xfc00) === 0xdc00) halves += 1;
  return text.length - halves;
}
