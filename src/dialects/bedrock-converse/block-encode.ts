/* Our parts as content blocks of a request. */

import type { CacheMark, ChatPart, FilePart, ToolCallPart } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import type { Block } from './block.ts';
import { encodeCitation } from './citations.ts';
import { type DocumentNames, encodeSource, formatOf } from './media.ts';
import { callSignatureBlocks, writeThought } from './thoughts.ts';
import type { ToolIds } from './tool-ids.ts';

export interface BlockDeps {
  readonly ids: ToolIds;
  readonly names: DocumentNames;
  /** The model takes marks of what is worth caching. */
  readonly marks: boolean;
  /** The model takes thoughts that nobody signed. */
  readonly unsignedThoughts: boolean;
}

/** Less what says nothing: texts of nothing but white space are refused. */
export function encodeParts(parts: readonly ChatPart[], deps: BlockDeps): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    // A gateway behind us has signed a call: it gets its block back where it stood.
    if (part.kind === 'tool-call') blocks.push(...callSignatureBlocks(part.signature, part.id));
    const block = encodePart(part, deps);
    if (block !== undefined) blocks.push(block, ...encodeMark(part, block, deps));
  }
  return blocks;
}

/** After a document that is no PDF a mark is refused. */
function encodeMark(part: ChatPart, block: Block, { marks }: BlockDeps): readonly Block[] {
  if (!marks || !('cache' in part) || part.cache === undefined) return [];
  const { document } = block;
  if (isRecord(document) && document['format'] !== 'pdf') return [];
  return [{ cachePoint: cachePoint(part.cache) }];
}

export function cachePoint({ ttl }: CacheMark): Block {
  return { type: 'default', ...(ttl === undefined ? {} : { ttl }) };
}

function encodePart(part: ChatPart, deps: BlockDeps): Block | undefined {
  switch (part.kind) {
    case 'text':
      return encodeText(part);
    case 'refusal':
      return part.text.trim() === '' ? undefined : { text: part.text };
    case 'image':
      return { image: { format: formatOf('image', part.source), source: encodeSource(part.source) } };
    case 'audio':
    case 'video':
      // An address of the web is nothing that the vendor fetches; the model reads at least where it would be.
      if (part.source.kind === 'url' && !part.source.url.startsWith('s3:')) return { text: `[${part.kind}: ${part.source.url}]` };
      return { [part.kind]: { format: formatOf(part.kind, part.source), source: encodeSource(part.source) } };
    case 'file':
      return { document: encodeDocument(part, deps) };
    case 'reasoning':
      if (part.signature === undefined && (!deps.unsignedThoughts || part.text.trim() === '')) return undefined;
      return { reasoningContent: writeThought(part) };
    case 'tool-call':
      return { toolUse: { toolUseId: deps.ids.ofCall(part.id), name: part.name, input: toolInput(part) } };
    case 'tool-result':
      return { toolResult: encodeResult(part, deps) };
    case 'native':
      return isRecord(part.value) ? part.value : undefined;
  }
}

function encodeText({ text, citations }: ChatPart & { kind: 'text' }): Block | undefined {
  if (text.trim() === '') return undefined;
  if (citations === undefined || citations.length === 0) return { text };
  return { citationsContent: { content: [{ text }], citations: citations.map((citation) => encodeCitation(citation)) } };
}

function encodeDocument({ source, name, context, citable }: FilePart, { names }: BlockDeps): Block {
  return {
    format: formatOf('document', source),
    name: names.of(name),
    source: encodeSource(source),
    ...(context === undefined ? {} : { context }),
    ...(citable === undefined ? {} : { citations: { enabled: citable } }),
  };
}

/** A result takes no marks inside: the last stands behind it (request-encode.ts). */
function encodeResult(part: ChatPart & { kind: 'tool-result' }, deps: BlockDeps): Block {
  const blocks = encodeParts(part.parts, { ...deps, marks: false }).map(inResult);
  // A failure without a word is refused.
  if (blocks.length === 0 && part.failed === true) blocks.push({ text: 'failed' });
  return {
    toolUseId: deps.ids.ofResult(part.callId),
    content: blocks,
    ...(part.failed === undefined ? {} : { status: 'error' }),
  };
}

/** Results know no citations. */
function inResult(block: Block): Block {
  const cited = block['citationsContent'];
  if (!isRecord(cited) || !Array.isArray(cited['content'])) return block;
  return cited['content'][0] as Block;
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
