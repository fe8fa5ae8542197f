/* Our parts as content blocks of a request. */

import type { CacheMark, ChatPart, FilePart, MediaSource, TextPart, ToolCallPart } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { encodeCitationBack } from './citations.ts';
import { type Block, callOf } from './thoughts.ts';
import type { ToolIds } from './tool-ids.ts';

/** Less what says nothing: the vendor refuses empty texts, and texts of nothing but white space. */
export function encodeParts(parts: readonly ChatPart[], ids: ToolIds): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    const block = encodePart(part, ids);
    // A gateway behind us has signed a call: it gets its block back where it stood.
    if (part.kind === 'tool-call' && part.signature !== undefined && callOf(part.signature.value) !== undefined)
      blocks.push({ type: 'redacted_thinking', data: part.signature.value });
    if (block !== undefined) blocks.push(block);
  }
  return blocks;
}

function encodePart(part: ChatPart, ids: ToolIds): Block | undefined {
  switch (part.kind) {
    case 'text':
      return encodeText(part);
    case 'refusal':
      return part.text.trim() === '' ? undefined : { type: 'text', text: part.text };
    case 'image':
      return { type: 'image', source: encodeSource(part.source), ...encodeCache(part.cache) };
    case 'file':
      return encodeDocument(part);
    case 'reasoning':
      return encodeThought(part);
    case 'tool-call':
      return { type: 'tool_use', id: ids.ofCall(part.id), name: part.name, input: toolInput(part), ...encodeCache(part.cache) };
    case 'tool-result': {
      const blocks = encodeParts(part.parts, ids);
      const [first] = blocks;
      // The short form of one plain text.
      const isText = blocks.length === 1 && first?.['type'] === 'text' && Object.keys(first).length === 2;
      return {
        type: 'tool_result',
        tool_use_id: ids.ofResult(part.callId),
        ...(blocks.length === 0 ? {} : { content: isText ? first['text'] : blocks }),
        ...(part.failed === undefined ? {} : { is_error: true }),
        ...encodeCache(part.cache),
      };
    }
    case 'native':
      return isRecord(part.value) ? part.value : undefined;
    case 'audio':
    case 'video':
      // Declared as beyond this dialect, so it does not come here.
      return undefined;
  }
}

function encodeText({ text, citations, cache }: TextPart): Block | undefined {
  if (text.trim() === '') return undefined;
  const kept = citations?.flatMap((citation) => encodeCitationBack(citation) ?? []) ?? [];
  return { type: 'text', text, ...(kept.length === 0 ? {} : { citations: kept }), ...encodeCache(cache) };
}

/** What is left here has the vendor's own signature. */
function encodeThought({ text, signature, sealed }: ChatPart & { kind: 'reasoning' }): Block | undefined {
  if (signature === undefined) return undefined;
  return sealed === true && text === ''
    ? { type: 'redacted_thinking', data: signature.value }
    : { type: 'thinking', thinking: text, signature: signature.value };
}

function encodeDocument({ source, name, context, citable, cache }: FilePart): Block {
  return {
    type: 'document',
    source: documentSource(source),
    ...(name === undefined ? {} : { title: name }),
    ...(context === undefined ? {} : { context }),
    ...(citable === undefined ? {} : { citations: { enabled: citable } }),
    ...encodeCache(cache),
  };
}

const TEXTUAL = /^(?:text\/|application\/(?:json|xml|yaml|x-yaml|javascript|x-ndjson|sql)(?:$|;))|\+(?:json|xml)$/;
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The vendor takes PDF, and text as text of no other kind than plain. */
function documentSource(source: MediaSource): Block {
  if (source.kind !== 'data' || !TEXTUAL.test(source.media)) return encodeSource(source);
  try {
    return { type: 'text', media_type: 'text/plain', data: strictDecoder.decode(Buffer.from(source.base64, 'base64')) };
  } catch {
    // It is no UTF-8, so no text that JSON could hold: the vendor will say what it thinks of it.
    return encodeSource(source);
  }
}

function encodeSource(source: MediaSource): Block {
  switch (source.kind) {
    case 'data':
      return { type: 'base64', media_type: source.media, data: source.base64 };
    case 'url':
      return { type: 'url', url: source.url };
    case 'id':
      return { type: 'file', file_id: source.id };
  }
}

export function encodeCache(cache: CacheMark | undefined): { cache_control?: Block } {
  if (cache === undefined) return {};
  return { cache_control: cache.ttl === undefined ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: cache.ttl } };
}

/** The vendor takes objects alone. What a model wrote beside the rules is kept in one, so that the next model sees it. */
export function toolInput({ arguments: text, custom }: Pick<ToolCallPart, 'arguments' | 'custom'>): unknown {
  if (custom === true) return { input: text };
  if (text.trim() === '') return {};
  try {
    const input: unknown = JSON.parse(text);
    return isRecord(input) ? input : { value: input };
  } catch {
    return { value: text };
  }
}
