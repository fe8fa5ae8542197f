/* Parts of content: what stands in messages and in the outputs of tools. */

import type { ChatPart, FilePart, ImagePart, MediaSource, TextPart } from '../../operations/chat.ts';
import { readDataUrl, readUrl, writeUrl } from '../dialect-media.ts';
import { readCitations, writeCitation } from './citations.ts';
import { NAME } from './name.ts';
import { objectAt, textAt, textOf, type Unread } from './unread.ts';

/** The API wants a name beside data; where the caller gave none, this one stands for none. */
const NO_NAME = 'file';

const TEXT_FIELDS: ReadonlySet<string> = new Set(['type', 'text', 'annotations', 'logprobs']);
const IMAGE_FIELDS: ReadonlySet<string> = new Set(['type', 'image_url', 'file_id', 'detail']);
const FILE_FIELDS: ReadonlySet<string> = new Set(['type', 'file_data', 'file_url', 'file_id', 'filename']);

/** Reads a text or a list of parts; throws `request_invalid`. */
export function readContent(content: unknown, path: string, unread: Unread): ChatPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) return [readPart(content, path, unread)];
  return content.map((part: unknown, index) => readPart(part, `${path}[${index}]`, unread));
}

function readPart(value: unknown, path: string, unread: Unread): ChatPart {
  const part = objectAt(value, path);
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text': {
      unread.note(part, TEXT_FIELDS, 'input[].content[].');
      const citations = readCitations(part['annotations']);
      return { kind: 'text', text: textAt(part, 'text', path), ...(citations.length === 0 ? {} : { citations }) };
    }
    case 'refusal':
      return { kind: 'refusal', text: textAt(part, 'refusal', path) };
    case 'input_image':
      return readImage(part, path, unread);
    case 'input_file':
      return readFile(part, path, unread);
    case 'input_audio': {
      const audio = objectAt(part['input_audio'], `${path}.input_audio`);
      const format = textOf(audio['format']) ?? 'wav';
      const media = format === 'mp3' ? 'audio/mpeg' : `audio/${format.toLowerCase()}`;
      return { kind: 'audio', source: { kind: 'data', media, base64: textAt(audio, 'data', `${path}.input_audio`) } };
    }
    default:
      return { kind: 'native', dialect: NAME, value };
  }
}

function readImage(part: Readonly<Record<string, unknown>>, path: string, unread: Unread): ImagePart {
  unread.note(part, IMAGE_FIELDS, 'input[].content[].');
  const id = textOf(part['file_id']);
  const source: MediaSource = id === undefined ? readUrl(textAt(part, 'image_url', path), 'image/png') : { kind: 'id', id, dialect: NAME };
  const detail = textOf(part['detail']);
  return { kind: 'image', source, ...(detail === undefined ? {} : { detail }) };
}

function readFile(part: Readonly<Record<string, unknown>>, path: string, unread: Unread): FilePart {
  unread.note(part, FILE_FIELDS, 'input[].content[].');
  const name = textOf(part['filename']);
  const id = textOf(part['file_id']);
  const url = textOf(part['file_url']);
  let source: MediaSource;
  if (id !== undefined) source = { kind: 'id', id, dialect: NAME };
  else if (url !== undefined) source = readUrl(url, PDF);
  else source = readData(textAt(part, 'file_data', path));
  return { kind: 'file', source, ...(name === undefined || name === NO_NAME ? {} : { name }) };
}

/** Base64 with or without the words of a data URL before it. Bare, it is a PDF, which for long was all that was taken. */
function readData(text: string): MediaSource {
  return readDataUrl(text, PDF) ?? { kind: 'data', media: PDF, base64: text };
}

const PDF = 'application/pdf';

/** As it stands in a message of this role, or in the output of a tool (which is the caller's word, like a user's). */
export function writePart(part: ChatPart, isAnswer: boolean): unknown {
  switch (part.kind) {
    case 'text':
      return isAnswer ? outputText(part) : { type: 'input_text', text: part.text };
    case 'refusal':
      return isAnswer ? { type: 'refusal', refusal: part.text } : { type: 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', ...imageSource(part.source), ...(part.detail === undefined ? {} : { detail: part.detail }) };
    case 'file':
      return { type: 'input_file', ...fileSource(part) };
    case 'native':
      return part.value;
    default:
      throw new Error(`a part of kind '${part.kind}' has no place in a message of this dialect`);
  }
}

/** A text of the assistant. */
export function outputText({ text, citations }: TextPart): { type: 'output_text'; text: string; annotations: unknown[] } {
  return { type: 'output_text', text, annotations: (citations ?? []).map((citation) => writeCitation(citation, text)) };
}

function imageSource(source: MediaSource): object {
  return source.kind === 'id' ? { file_id: source.id } : { image_url: writeUrl(source) };
}

function fileSource({ source, name }: FilePart): object {
  const named = name === undefined ? {} : { filename: name };
  if (source.kind === 'id') return { file_id: source.id, ...named };
  if (source.kind === 'url') return { file_url: source.url, ...named };
  return { file_data: writeUrl(source), filename: name ?? NO_NAME };
}
