/*
 * Content blocks into our words: those of messages, of results of tools, and of answers. What only this vendor has (its own tools, and blocks that do not
 * exist yet) is a native part, and comes back as it was.
 */

import type { CacheMark, ChatPart, Citation, FilePart, MediaSource, NativePart, ReasoningPart } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { type At, below } from '../dialect-place.ts';
import { invalid } from '../dialect-request.ts';
import { decodeCitation } from './citations.ts';
import { ANTHROPIC_MESSAGES } from './dialect-name.ts';
import { type Block, type CallSignature, callOf, ownSignature, readThought } from './thoughts.ts';

/** A text, or a list of blocks. Throws `request_invalid`. */
export function decodeContent(content: unknown, at: At): readonly (ChatPart | CallSignature)[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) throw invalid(at.param, `'${at.param}' must be a text or an array of content blocks`);
  return content.map((block: unknown, index) => {
    const here = { ...at, param: `${at.param}[${index}]`, path: `${at.path}[]` };
    if (!isRecord(block) || typeof block['type'] !== 'string')
      throw invalid(here.param, `'${here.param}' must be a content block with a type`);
    return decodeBlock(block, here);
  });
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  text: ['text', 'citations', 'cache_control'],
  image: ['source', 'cache_control'],
  document: ['source', 'title', 'context', 'citations', 'cache_control'],
  search_result: ['content', 'source', 'title', 'citations', 'cache_control'],
  tool_use: ['id', 'name', 'input', 'caller', 'cache_control'],
  tool_result: ['tool_use_id', 'content', 'is_error', 'cache_control'],
  thinking: ['thinking', 'signature'],
  redacted_thinking: ['data'],
};

function decodeBlock(block: Block, at: At): ChatPart | CallSignature {
  const type = String(block['type']);
  if (Object.hasOwn(FIELDS, type) && !isToolset(block)) at.unread.note(block, ['type', ...(FIELDS[type] ?? [])], at.path);
  switch (type) {
    case 'text':
      return { ...textPart(block, at), ...cacheOf(block) };
    case 'image': {
      const source = sourceOf(block['source']);
      return source === undefined ? native(block) : { kind: 'image', source, ...cacheOf(block) };
    }
    case 'document':
      return documentPart(block, at);
    case 'search_result':
      return searchResult(block);
    case 'tool_use':
      return isToolset(block) ? native(block) : { ...toolCall(block, at), ...cacheOf(block) };
    case 'tool_result':
      return isToolset(block) ? native(block) : toolResult(block, at);
    case 'thinking':
      return readThought(textOf(block, 'thinking', at), typeof block['signature'] === 'string' ? block['signature'] : '', false);
    case 'redacted_thinking':
      return readThought('', textOf(block, 'data', at), true);
    default:
      return native(block);
  }
}

/** A block of an answer; as target told it, so that signatures are its own. Undefined for what is no block. */
export function decodeAnswerBlock(block: unknown): ChatPart | CallSignature | undefined {
  if (!isRecord(block)) return undefined;
  const { text, thinking } = block;
  switch (block['type']) {
    case 'text':
      return { kind: 'text', text: typeof text === 'string' ? text : '', ...citationsOf(block) };
    case 'thinking':
      return { kind: 'reasoning', text: typeof thinking === 'string' ? thinking : '', ...signatureOf(block['signature']) };
    case 'redacted_thinking': {
      const call = callOf(block['data']);
      if (call !== undefined)
        return { kind: 'call-signature', call, signature: { dialect: ANTHROPIC_MESSAGES, value: String(block['data']) } };
      return { kind: 'reasoning', text: '', sealed: true, ...signatureOf(block['data']) };
    }
    case 'tool_use':
      if (isToolset(block)) return native(block);
      return {
        kind: 'tool-call',
        id: typeof block['id'] === 'string' ? block['id'] : '',
        name: typeof block['name'] === 'string' ? block['name'] : '',
        arguments: JSON.stringify(block['input'] ?? {}),
      };
    default:
      return native(block);
  }
}

function signatureOf(value: unknown): Pick<ReasoningPart, 'signature'> {
  const signature = ownSignature(value);
  return signature === undefined ? {} : { signature };
}

export function native(value: unknown): NativePart {
  return { kind: 'native', dialect: ANTHROPIC_MESSAGES, value };
}

/** A call of a tool that the vendor defines, or that the vendor's own code made: the plain call would not say so. */
export function isToolset(block: Block): boolean {
  const { caller, toolset_name: toolset } = block;
  return (toolset !== undefined && toolset !== null) || (isRecord(caller) && caller['type'] !== 'direct');
}

function textPart(block: Block, at: At): ChatPart & { kind: 'text' } {
  return { kind: 'text', text: textOf(block, 'text', at), ...citationsOf(block) };
}

function citationsOf(block: Block): { citations?: readonly Citation[] } {
  const told: readonly unknown[] = Array.isArray(block['citations']) ? block['citations'] : [];
  const citations = told.flatMap((value) => decodeCitation(value) ?? []);
  return citations.length === 0 ? {} : { citations };
}

function toolCall(block: Block, at: At): ChatPart & { kind: 'tool-call' } {
  return {
    kind: 'tool-call',
    id: textOf(block, 'id', at),
    name: textOf(block, 'name', at),
    arguments: JSON.stringify(block['input'] ?? {}),
  };
}

function toolResult(block: Block, at: At): ChatPart {
  const { content } = block;
  const parts = content === undefined || content === null ? [] : decodeContent(content, below(at, 'content'));
  return {
    kind: 'tool-result',
    callId: textOf(block, 'tool_use_id', at),
    parts: parts.flatMap((part) => (part.kind === 'call-signature' ? [] : [part])),
    ...(block['is_error'] === true ? { failed: true } : {}),
    ...cacheOf(block),
  };
}

function documentPart(block: Block, at: At): ChatPart {
  const source = documentSource(block['source'], at);
  if (source === undefined) return native(block);
  const { title, context, citations } = block;
  const citable = isRecord(citations) ? citations['enabled'] : undefined;
  const part: FilePart = {
    kind: 'file',
    source,
    ...(typeof title === 'string' ? { name: title } : {}),
    ...(typeof context === 'string' ? { context } : {}),
    ...(typeof citable === 'boolean' ? { citable } : {}),
    ...cacheOf(block),
  };
  return part;
}

function documentSource(source: unknown, at: At): MediaSource | undefined {
  if (!isRecord(source)) return undefined;
  const { type, data, content } = source;
  if (type === 'text' && typeof data === 'string') return plainText(data);
  if (type !== 'content') return sourceOf(source);
  // Blocks are the vendor's units for citations; the text of them is what others can read.
  const text = innerText(content);
  if (text === undefined) return undefined;
  if (typeof content !== 'string') at.unread.add(`${at.path}.source.content[]`);
  return plainText(text);
}

/** What a search of the caller's own found is a document with a source. */
function searchResult(block: Block): ChatPart {
  const { title, source, citations } = block;
  const text = innerText(block['content']);
  if (text === undefined) return native(block);
  const citable = isRecord(citations) ? citations['enabled'] : undefined;
  return {
    kind: 'file',
    source: plainText(text),
    ...(typeof title === 'string' ? { name: title } : {}),
    ...(typeof source === 'string' ? { context: source } : {}),
    ...(typeof citable === 'boolean' ? { citable } : {}),
    ...cacheOf(block),
  };
}

/** Of blocks that are all texts. */
function innerText(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((block: unknown) => (isRecord(block) && typeof block['text'] === 'string' ? block['text'] : undefined));
  return texts.includes(undefined) ? undefined : texts.join('\n\n');
}

function plainText(text: string): MediaSource {
  return { kind: 'data', media: 'text/plain', base64: Buffer.from(text).toString('base64') };
}

/** Undefined for a source that this dialect did not have when this was written. */
function sourceOf(source: unknown): MediaSource | undefined {
  if (!isRecord(source)) return undefined;
  const { type, media_type: media, data, url, file_id: id } = source;
  if (type === 'base64' && typeof media === 'string' && typeof data === 'string')
    return { kind: 'data', media: media.toLowerCase(), base64: data };
  if (type === 'url' && typeof url === 'string') return { kind: 'url', url };
  if (type === 'file' && typeof id === 'string') return { kind: 'id', id, dialect: ANTHROPIC_MESSAGES };
  return undefined;
}

export function cacheOf(block: Block): { cache?: CacheMark } {
  const { cache_control: control } = block;
  if (!isRecord(control)) return {};
  const { ttl } = control;
  return { cache: typeof ttl === 'string' ? { ttl } : {} };
}

function textOf(block: Block, name: string, at: At): string {
  const value = block[name];
  if (typeof value === 'string') return value;
  const param = `${at.param}.${name}`;
  throw invalid(param, `'${param}' ${value === undefined ? 'is required: a string' : 'must be a string'}`);
}
