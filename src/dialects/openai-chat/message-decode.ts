/* The messages of a chat completion request in our words. Parts that only this dialect knows are kept as they are, for targets that speak it. */

import { GatewayError } from '../../base/errors.ts';
import type { CacheMark, ChatMessage, ChatPart, ChatRole } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { readDataUrl, readUrl } from '../dialect-media.ts';
import { FieldReader } from '../dialect-reader.ts';
import { OPENAI_CHAT } from './dialect-name.ts';
import { readThoughts, readToolSignature } from './thoughts.ts';

const ROLES: Readonly<Record<string, ChatRole>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
};

export class MessageReader {
  readonly #unread: Set<string>;
  /** Ids of calls that took text instead of JSON: their results don't say so. */
  readonly #custom = new Set<string>();
  /** Calls in the older form, which have no ids. */
  #older = 0;

  constructor(unread: Set<string>) {
    this.#unread = unread;
  }

  messages(body: FieldReader): readonly ChatMessage[] {
    return body.objects('messages').map((message) => this.#message(message));
  }

  #message(message: FieldReader): ChatMessage {
    const said = message.requiredString('role');
    const role = Object.hasOwn(ROLES, said) ? ROLES[said] : undefined;
    if (role === undefined) throw message.wrong('role', '"system", "developer", "user", "assistant" or "tool"');
    const name = message.string('name');
    const parts =
      role === 'tool' ? [this.#result(message, said, name)] : role === 'assistant' ? this.#spoken(message) : this.#content(message);
    const mark = cacheMark(message);
    message.leftOver(this.#unread);
    return {
      role,
      parts: mark.cache === undefined ? parts : markLast(parts, mark.cache),
      ...(name === undefined || role === 'tool' ? {} : { name }),
      ...(said === 'developer' ? { developer: true as const } : {}),
    };
  }

  #result(message: FieldReader, said: string, name: string | undefined): ChatPart {
    // Of the older form, a result is that of the last call.
    const callId = said === 'function' ? olderId(this.#older - 1) : message.requiredString('tool_call_id');
    return {
      kind: 'tool-result',
      callId,
      parts: this.#content(message),
      ...(name === undefined ? {} : { name }),
      ...(this.#custom.has(callId) ? { custom: true as const } : {}),
    };
  }

  #spoken(message: FieldReader): readonly ChatPart[] {
    const thoughts = readThoughts(message.value);
    for (const name of ['reasoning_content', 'reasoning', 'reasoning_details']) message.any(name);
    const parts: ChatPart[] = [...thoughts, ...this.#content(message)];
    const refusal = message.string('refusal');
    if (refusal !== undefined && refusal !== '') parts.push({ kind: 'refusal', text: refusal });
    for (const call of message.objects('tool_calls')) parts.push(this.#call(call));
    const older = message.object('function_call');
    if (older !== undefined) {
      parts.push({
        kind: 'tool-call',
        id: olderId(this.#older),
        name: older.requiredString('name'),
        arguments: older.string('arguments') ?? '',
      });
      this.#older += 1;
    }
    // What an answer says of itself, and clients send back with the rest of it.
    for (const name of ['annotations', 'parsed', 'provider_specific_fields']) message.any(name);
    const audio = message.object('audio');
    if (audio !== undefined) parts.push({ kind: 'native', dialect: OPENAI_CHAT, value: { type: 'audio', audio: audio.value } });
    return parts;
  }

  #call(call: FieldReader): ChatPart {
    const id = call.requiredString('id');
    const signature = readToolSignature(call.any('extra_content'));
    call.any('index');
    const custom = call.object('custom');
    if (custom !== undefined) {
      this.#custom.add(id);
      return { kind: 'tool-call', id, name: custom.requiredString('name'), arguments: custom.string('input') ?? '', custom: true };
    }
    const named = call.object('function');
    if (named === undefined) throw call.wrong('function', 'an object');
    const written = named.any('arguments');
    return {
      kind: 'tool-call',
      id,
      name: named.requiredString('name'),
      // Some clients send the object that they made of it.
      arguments: isRecord(written) ? JSON.stringify(written) : (named.string('arguments') ?? ''),
      ...(signature === undefined ? {} : { signature }),
    };
  }

  #content(message: FieldReader): readonly ChatPart[] {
    const content = message.any('content');
    if (content === undefined || content === '') return [];
    if (typeof content === 'string') return [{ kind: 'text', text: content }];
    if (!Array.isArray(content)) throw message.wrong('content', 'a string or an array of parts');
    return message.objects('content').map((part) => this.#part(part));
  }

  #part(part: FieldReader): ChatPart {
    const type = part.requiredString('type');
    const read = Object.hasOwn(PARTS, type) ? PARTS[type]?.(part) : undefined;
    if (read === undefined) return { kind: 'native', dialect: OPENAI_CHAT, value: part.value };
    const mark = cacheMark(part);
    part.leftOver(this.#unread);
    return { ...read, ...(read.kind === 'text' || read.kind === 'image' || read.kind === 'file' ? mark : {}) };
  }
}

function olderId(index: number): string {
  return `call_function_${Math.max(0, index)}`;
}

const text = (part: FieldReader): ChatPart => ({ kind: 'text', text: part.requiredString('text') });

/** `input_text` and `output_text` are the Responses API's words, which some clients mix up with these. */
const PARTS: Readonly<Record<string, (part: FieldReader) => ChatPart | undefined>> = {
  text,
  input_text: text,
  output_text: text,
  refusal: (part) => ({ kind: 'refusal', text: part.requiredString('refusal') }),
  image_url: readImage,
  image_file: readUploadedImage,
  input_audio: readAudio,
  audio_url: (part) => ({ kind: 'audio', source: readUrl(urlOf(part, 'audio_url').url, 'audio/wav') }),
  video_url: (part) => ({ kind: 'video', source: readUrl(urlOf(part, 'video_url').url, 'video/mp4') }),
  file: readFile,
};

function readImage(part: FieldReader): ChatPart {
  const { url, detail } = urlOf(part, 'image_url');
  return { kind: 'image', source: readUrl(url, 'image/png'), ...(detail === undefined ? {} : { detail }) };
}

function readUploadedImage(part: FieldReader): ChatPart {
  const file = part.object('image_file');
  if (file === undefined) throw part.wrong('image_file', 'an object with a file_id');
  const detail = file.string('detail');
  const source = { kind: 'id', id: file.requiredString('file_id'), dialect: OPENAI_CHAT } as const;
  return { kind: 'image', source, ...(detail === undefined ? {} : { detail }) };
}

/** The object, or as some write it the URL alone. */
function urlOf(part: FieldReader, name: string): { readonly url: string; readonly detail?: string } {
  const plain = part.any(name);
  if (typeof plain === 'string') return { url: plain };
  const inner = part.object(name);
  if (inner === undefined) throw part.wrong(name, 'an object with a url');
  const detail = inner.string('detail');
  return { url: inner.requiredString('url'), ...(detail === undefined ? {} : { detail }) };
}

function readAudio(part: FieldReader): ChatPart {
  const audio = part.object('input_audio');
  if (audio === undefined) throw part.wrong('input_audio', 'an object with data and format');
  const data = audio.requiredString('data');
  const media = audioType(audio.string('format') ?? 'wav');
  return { kind: 'audio', source: readDataUrl(data, media) ?? { kind: 'data', media, base64: data } };
}

/** `mp3` is the one format whose media type has another name. */
export function audioType(format: string): string {
  return format === 'mp3' ? 'audio/mpeg' : `audio/${format.toLowerCase()}`;
}

function readFile(part: FieldReader): ChatPart | undefined {
  const file = part.object('file');
  if (file === undefined) throw part.wrong('file', 'an object with file_data or file_id');
  const name = file.string('filename');
  const named = name === undefined ? {} : { name };
  const id = file.string('file_id');
  if (id !== undefined) return { kind: 'file', source: { kind: 'id', id, dialect: OPENAI_CHAT }, ...named };
  const data = file.string('file_data');
  if (data === undefined)
    throw new GatewayError('request_invalid', `'${file.at('file_data')}' is required, or 'file_id'`, { param: file.at('file_data') });
  // OpenRouter takes a URL here.
  if (/^https?:\/\//i.test(data.slice(0, 8))) return { kind: 'file', source: { kind: 'url', url: data }, ...named };
  return {
    kind: 'file',
    source: readDataUrl(data, 'application/pdf') ?? { kind: 'data', media: 'application/pdf', base64: data },
    ...named,
  };
}

/** Kin of OpenAI that stand before Anthropic's models take its mark. */
export function cacheMark(reader: FieldReader): { readonly cache?: CacheMark } {
  const mark = reader.object('cache_control');
  if (mark === undefined) return {};
  const ttl = mark.string('ttl');
  return { cache: ttl === undefined ? {} : { ttl } };
}

function markLast(parts: readonly ChatPart[], cache: CacheMark): readonly ChatPart[] {
  const last = parts.at(-1);
  if (last === undefined || !('kind' in last) || (last.kind !== 'text' && last.kind !== 'image' && last.kind !== 'tool-result'))
    return parts;
  return [...parts.slice(0, -1), { ...last, cache }];
}
