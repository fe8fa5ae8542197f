/*
 * Content blocks into our words: those of messages, of results of tools, and of answers. What only Bedrock has (guarded content, its own tools, blocks that
 * do not exist yet) is a native part, and comes back as it was.
 */

import type { CacheMark, ChatPart, Citation, FilePart, ToolCallPart } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { type At, below } from '../dialect-place.ts';
import { invalid } from '../dialect-request.ts';
import { type Block, memberOf } from './block.ts';
import { decodeCitation } from './citations.ts';
import { BEDROCK_CONVERSE } from './dialect-name.ts';
import { decodeSource, type MediaKind, textsOf } from './media.ts';
import { answeredThought, type CallSignature, readThought } from './thoughts.ts';

/** The parts of a message, or of a tool's result. Throws `request_invalid`. */
export function decodeContent(content: unknown, at: At): readonly (ChatPart | CallSignature)[] {
  if (!Array.isArray(content)) throw invalid(at.param, `'${at.param}' must be an array of content blocks`);
  const parts: (ChatPart | CallSignature)[] = [];
  for (const [index, block] of (content as readonly unknown[]).entries()) {
    const here = { ...at, param: `${at.param}[${index}]`, path: `${at.path}[]` };
    const member = memberOf(block);
    if (member === undefined) throw invalid(here.param, `'${here.param}' must be a content block with one member`);
    if (member[0] === 'cachePoint') addMark(parts, member[1]);
    else parts.push(decodeBlock(member, block as Block, here));
  }
  return parts;
}

/** Everything up to it is worth keeping: it marks the part before, where that can bear a mark, and else is a part of its own. */
function addMark(parts: (ChatPart | CallSignature)[], point: unknown): void {
  const cache = decodeMark(point);
  const last = parts.at(-1);
  if (last !== undefined && isMarkable(last) && last.cache === undefined) parts[parts.length - 1] = { ...last, cache };
  else parts.push(native({ cachePoint: point }));
}

export function decodeMark(point: unknown): CacheMark {
  const ttl = isRecord(point) ? point['ttl'] : undefined;
  return typeof ttl === 'string' ? { ttl } : {};
}

type Markable = Extract<ChatPart, { readonly cache?: CacheMark }>;
const MARKABLE: ReadonlySet<string> = new Set(['text', 'image', 'file', 'tool-call', 'tool-result']);

function isMarkable(part: ChatPart | CallSignature): part is Markable {
  return MARKABLE.has(part.kind);
}

function decodeBlock([kind, value]: readonly [string, unknown], block: Block, at: At): ChatPart | CallSignature {
  switch (kind) {
    case 'text':
      if (typeof value !== 'string') throw invalid(`${at.param}.text`, `'${at.param}.text' must be a string`);
      return { kind: 'text', text: value };
    case 'image':
      return mediaPart(value, 'image') ?? native(block);
    case 'audio':
      return mediaPart(value, 'audio') ?? native(block);
    case 'video':
      return mediaPart(value, 'video') ?? native(block);
    case 'document':
      return documentPart(value, at) ?? native(block);
    case 'toolUse':
      return isServerTool(value) ? native(block) : calledTool(value, at);
    case 'toolResult':
      return isServerTool(value) ? native(block) : toolResult(value, at);
    case 'reasoningContent':
      return readThought(value) ?? native(block);
    case 'citationsContent':
      return citedText(value) ?? native(block);
    case 'json':
      return { kind: 'text', text: JSON.stringify(value) };
    default:
      return native(block);
  }
}

/** A block of an answer; as the target told it, so that signatures are its own. Undefined for what is no block. */
export function decodeAnswerBlock(block: unknown): ChatPart | CallSignature | undefined {
  const member = memberOf(block);
  if (member === undefined || !isRecord(block)) return undefined;
  const [kind, value] = member;
  switch (kind) {
    case 'text':
      return { kind: 'text', text: typeof value === 'string' ? value : '' };
    case 'toolUse':
      return isServerTool(value) || !isRecord(value) ? native(block) : toolCall(value);
    case 'reasoningContent':
      return answeredThought(value) ?? native(block);
    case 'citationsContent':
      return citedText(value) ?? native(block);
    case 'image':
      return mediaPart(value, 'image') ?? native(block);
    case 'audio':
      return mediaPart(value, 'audio') ?? native(block);
    default:
      return native(block);
  }
}

export function native(value: unknown): ChatPart & { readonly kind: 'native' } {
  return { kind: 'native', dialect: BEDROCK_CONVERSE, value };
}

/** A call of a tool that the vendor runs, or the result of one: the plain call would not say so. */
export function isServerTool(value: unknown): boolean {
  return isRecord(value) && typeof value['type'] === 'string';
}

function mediaPart(value: unknown, kind: Exclude<MediaKind, 'document'>): ChatPart | undefined {
  if (!isRecord(value)) return undefined;
  const source = decodeSource(kind, value['format'], value['source']);
  return source === undefined ? undefined : { kind, source };
}

function documentPart(value: unknown, at: At): FilePart | undefined {
  if (!isRecord(value)) return undefined;
  const source = decodeSource('document', value['format'], value['source']);
  if (source === undefined) return undefined;
  at.unread.note(value, ['format', 'name', 'source', 'context', 'citations'], `${at.path}.document`);
  const { name, context, citations } = value;
  const citable = isRecord(citations) ? citations['enabled'] : undefined;
  return {
    kind: 'file',
    source,
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof context === 'string' ? { context } : {}),
    ...(typeof citable === 'boolean' ? { citable } : {}),
  };
}

function calledTool(value: unknown, at: At): ToolCallPart {
  const place = `${at.param}.toolUse`;
  if (!isRecord(value)) throw invalid(place, `'${place}' must be an object`);
  for (const name of ['toolUseId', 'name'])
    if (typeof value[name] !== 'string') throw invalid(`${place}.${name}`, `'${place}.${name}' is required: a string`);
  at.unread.note(value, ['toolUseId', 'name', 'input'], `${at.path}.toolUse`);
  return toolCall(value);
}

function toolCall({ toolUseId: id, name, input }: Block): ToolCallPart {
  return {
    kind: 'tool-call',
    id: typeof id === 'string' ? id : '',
    name: typeof name === 'string' ? name : '',
    arguments: JSON.stringify(input ?? {}),
  };
}

function toolResult(value: unknown, at: At): ChatPart {
  const place = { ...at, param: `${at.param}.toolResult`, path: `${at.path}.toolResult` };
  if (!isRecord(value)) throw invalid(place.param, `'${place.param}' must be an object`);
  const { toolUseId: callId, content, status } = value;
  if (typeof callId !== 'string') throw invalid(`${place.param}.toolUseId`, `'${place.param}.toolUseId' is required: a string`);
  place.unread.note(value, ['toolUseId', 'content', 'status'], place.path);
  const parts = content === undefined || content === null ? [] : decodeContent(content, below(place, 'content'));
  return {
    kind: 'tool-result',
    callId,
    parts: parts.flatMap((part) => (part.kind === 'call-signature' ? [] : [part])),
    ...(status === 'error' ? { failed: true } : {}),
  };
}

function citedText(value: unknown): ChatPart | undefined {
  if (!isRecord(value)) return undefined;
  const texts = textsOf(value['content'] ?? []);
  if (texts === undefined) return undefined;
  const told: readonly unknown[] = Array.isArray(value['citations']) ? value['citations'] : [];
  const citations: Citation[] = told.flatMap((citation) => decodeCitation(citation) ?? []);
  return { kind: 'text', text: texts.join(''), ...(citations.length === 0 ? {} : { citations }) };
}
