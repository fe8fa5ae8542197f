/* The messages of a chat in our words, and the documents that stand beside them. */

import type { ChatMessage, ChatPart, ChatRole, FilePart } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { readUrl } from '../dialect-media.ts';
import type { FieldReader } from '../dialect-reader.ts';

const ROLES: ReadonlySet<string> = new Set<ChatRole>(['system', 'user', 'assistant', 'tool']);

export function readMessages(body: FieldReader, unread: Set<string>): readonly ChatMessage[] {
  const messages = body.objects('messages').map((message): ChatMessage => {
    const role = message.requiredString('role');
    if (!ROLES.has(role)) throw message.wrong('role', '"system", "user", "assistant" or "tool"');
    const parts =
      role === 'tool' ? [readResult(message, unread)] : role === 'assistant' ? readSpoken(message, unread) : readContent(message, unread);
    message.leftOver(unread);
    return { role: role as ChatRole, parts };
  });
  return withDocuments(messages, readDocuments(body));
}

/** What the model wrote: what it thought and said, what it planned, and what it called. */
function readSpoken(message: FieldReader, unread: Set<string>): readonly ChatPart[] {
  const parts = [...readContent(message, unread)];
  const plan = message.string('tool_plan') ?? '';
  if (plan !== '') parts.push({ kind: 'text', text: plan });
  for (const call of message.objects('tool_calls')) {
    const named = call.object('function');
    if (named === undefined) throw call.wrong('function', 'an object');
    const written = named.any('arguments');
    parts.push({
      kind: 'tool-call',
      id: call.requiredString('id'),
      name: named.requiredString('name'),
      // Some clients send the object that they made of it.
      arguments: isRecord(written) ? JSON.stringify(written) : (named.string('arguments') ?? ''),
    });
    call.any('type');
    call.leftOver(unread);
    named.leftOver(unread);
  }
  // Where an answer's words come from: its own, and nothing that is asked.
  message.any('citations');
  return parts;
}

function readResult(message: FieldReader, unread: Set<string>): ChatPart {
  return { kind: 'tool-result', callId: message.requiredString('tool_call_id'), parts: readContent(message, unread) };
}

function readContent(message: FieldReader, unread: Set<string>): readonly ChatPart[] {
  const content = message.any('content');
  if (content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) throw message.wrong('content', 'a string or an array of parts');
  return message.objects('content').map((part) => {
    const type = part.requiredString('type');
    const read = Object.hasOwn(PARTS, type) ? PARTS[type]?.(part) : undefined;
    if (read === undefined) throw part.wrong('type', Object.keys(PARTS).join(', '));
    part.leftOver(unread);
    return read;
  });
}

const PARTS: Readonly<Record<string, (part: FieldReader) => ChatPart>> = {
  text: (part) => ({ kind: 'text', text: part.requiredString('text') }),
  thinking: (part) => ({ kind: 'reasoning', text: part.requiredString('thinking') }),
  image_url: readImage,
  document: readToolDocument,
};

/** The object, or as some write it the URL alone. */
function readImage(part: FieldReader): ChatPart {
  const plain = part.any('image_url');
  if (typeof plain === 'string') return { kind: 'image', source: readUrl(plain, 'image/png') };
  const inner = part.object('image_url');
  if (inner === undefined) throw part.wrong('image_url', 'an object with a url');
  const detail = inner.string('detail');
  return { kind: 'image', source: readUrl(inner.requiredString('url'), 'image/png'), ...(detail === undefined ? {} : { detail }) };
}

/** What a tool found: an object, which the model reads as JSON. */
function readToolDocument(part: FieldReader): ChatPart {
  const document = part.object('document');
  if (document === undefined) throw part.wrong('document', 'an object with data');
  document.any('id');
  const data = document.any('data') ?? {};
  return { kind: 'text', text: typeof data === 'string' ? data : JSON.stringify(data) };
}

/** Texts that the answer is to be taken from, and to cite, unless citations are switched off. */
function readDocuments(body: FieldReader): readonly FilePart[] {
  const documents = body.array('documents') ?? [];
  if (documents.length === 0) return [];
  const mode = body.object('citation_options')?.string('mode')?.toUpperCase();
  const isCited = mode !== 'OFF' && mode !== 'DISABLED';
  return documents.map((given: unknown, index): FilePart => {
    const { text, name } = readDocument(given) ?? {};
    if (text === undefined) throw body.wrong(`documents[${index}]`, 'a text, or an object with data');
    return {
      kind: 'file',
      source: { kind: 'data', media: 'text/plain', base64: Buffer.from(text).toString('base64') },
      ...(name === undefined ? {} : { name }),
      ...(isCited ? { citable: true } : {}),
    };
  });
}

/** The names that the one field goes by which is the text; with others beside it, each is a line with its name. */
const TEXT_FIELDS: ReadonlySet<string> = new Set(['text', 'snippet', 'content', 'contents']);

function readDocument(given: unknown): { readonly text: string; readonly name?: string } | undefined {
  if (typeof given === 'string') return { text: given };
  if (!isRecord(given)) return undefined;
  const { id, data } = given;
  const named = typeof id === 'string' && id !== '' ? { name: id } : {};
  if (typeof data === 'string') return { text: data, ...named };
  if (!isRecord(data)) return undefined;
  const { title, ...fields } = data;
  const name = typeof title === 'string' && title !== '' ? { name: title } : named;
  const rows = Object.entries(fields).map(([field, value]) => [field, typeof value === 'string' ? value : JSON.stringify(value)] as const);
  const [only] = rows;
  if (rows.length === 1 && only !== undefined && TEXT_FIELDS.has(only[0])) return { text: only[1], ...name };
  return { text: rows.map(([field, value]) => `${field}: ${value}`).join('\n'), ...name };
}

/** They belong to the last question. */
function withDocuments(messages: readonly ChatMessage[], documents: readonly FilePart[]): readonly ChatMessage[] {
  if (documents.length === 0) return messages;
  const last = messages.findLastIndex(({ role }) => role === 'user');
  if (last === -1) return [...messages, { role: 'user', parts: documents }];
  return messages.map((message, index) => (index === last ? { ...message, parts: [...documents, ...message.parts] } : message));
}
