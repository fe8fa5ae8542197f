/*
 * Client side: a chat as the body of a request. The vendor's rules for a conversation, where ours are wider:
 *
 *   - the first turn is the user's, and turns of one role that follow each other are one;
 *   - every call of a tool is answered in the turn after it, results before anything else;
 *   - where the talk has called tools, tools are declared;
 *   - instructions stand before the talk; no text is blank; a turn with a document has a text.
 */

import type { ChatMessage, ChatPart, ChatRequest, ChatTool } from '../../operations/chat.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import type { Block } from './block.ts';
import { type BlockDeps, cachePoint, encodeParts } from './block-encode.ts';
import { DocumentNames } from './media.ts';
import { familyOf, takesCachePoints, takesPrefill, takesUnsignedThoughts } from './models.ts';
import { encodeSettings } from './settings-encode.ts';
import { ToolIds } from './tool-ids.ts';

interface Turn {
  readonly role: 'user' | 'assistant';
  blocks: Block[];
}

const encoder = new TextEncoder();

export function encodeChat(request: ChatRequest, target: EncodeTarget): Uint8Array {
  const family = familyOf(target.model);
  const deps: BlockDeps = {
    ids: new ToolIds(),
    names: new DocumentNames(),
    marks: takesCachePoints(family),
    unsignedThoughts: takesUnsignedThoughts(family),
  };
  const { system, turns } = encodeTalk(request.messages, deps);
  endTalk(turns, target.model);
  const hasCalls = turns.some(({ blocks }) => blocks.some((block) => 'toolUse' in block || 'toolResult' in block));
  const tools = encodeTools(request, { hasCalls, marks: deps.marks });
  if (tools !== undefined && request.toolChoice?.kind === 'none') system.push({ text: NO_TOOLS });
  const { toolChoice, ...settings } = encodeSettings({ request, target, family, thoughtless: isThoughtless(turns) });
  return encoder.encode(
    JSON.stringify({
      messages: turns.map(({ role, blocks }) => ({ role, content: blocks })),
      ...(system.length === 0 ? {} : { system }),
      ...(tools === undefined ? {} : { toolConfig: { tools, ...(toolChoice === undefined ? {} : { toolChoice }) } }),
      ...settings,
    }),
  );
}

const NO_TOOLS = 'Do not call any tool. Answer in text.';

interface ToolInput {
  /** The talk has calls of tools or results. */
  readonly hasCalls: boolean;
  readonly marks: boolean;
}

/** Tools that may not be called are left out, unless the talk has called some: then the vendor wants to see them. */
function encodeTools({ tools = [], toolChoice, messages }: ChatRequest, { hasCalls, marks }: ToolInput): readonly Block[] | undefined {
  if (toolChoice?.kind === 'none' && !hasCalls) return undefined;
  const names = toolChoice?.kind === 'allowed' ? new Set(toolChoice.names) : undefined;
  const kept = tools.flatMap((tool) => (names === undefined || names.has(tool.name) ? encodeTool(tool, marks) : []));
  if (kept.length > 0) return kept;
  return hasCalls ? calledTools(messages) : undefined;
}

function encodeTool(tool: ChatTool, marks: boolean): Block[] {
  if (tool.kind === 'native') return [tool.value as Block];
  // Declared as beyond this dialect, so it does not come here.
  if (tool.kind === 'custom') return [];
  const { name, description, parameters, strict, cache } = tool;
  const schema = parameters as Block | undefined;
  const json = schema?.['type'] === 'object' ? schema : { ...(schema ?? { properties: {} }), type: 'object' };
  const spec = {
    name,
    ...(description === undefined || description === '' ? {} : { description }),
    inputSchema: { json },
    ...(strict === undefined ? {} : { strict }),
  };
  return [{ toolSpec: spec }, ...(cache === undefined || !marks ? [] : [{ cachePoint: cachePoint(cache) }])];
}

/** Of a caller who declares none any more: their names stand in the talk. */
function calledTools(messages: readonly ChatMessage[]): readonly Block[] {
  const names = new Set(messages.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'tool-call' ? [part.name] : []))));
  if (names.size === 0) names.add('unknown');
  return [...names].map((name) => ({ toolSpec: { name, inputSchema: { json: { type: 'object', properties: {} } } } }));
}

function encodeTalk(messages: readonly ChatMessage[], deps: BlockDeps): { readonly system: Block[]; readonly turns: Turn[] } {
  const system: Block[] = [];
  const turns: Turn[] = [];
  for (const { role, parts } of messages) {
    const blocks = encodeParts(parts.map(markedOutside), deps);
    if (blocks.length === 0) continue;
    if (role === 'system') {
      system.push(...blocks.filter((block) => SYSTEM_KINDS.some((kind) => kind in block)));
      continue;
    }
    const side = role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === side) last.blocks.push(...blocks);
    else turns.push({ role: side, blocks });
  }
  for (const turn of turns) if (turn.role === 'user') turn.blocks = withText(resultsFirst(turn.blocks));
  if (turns[0]?.role === 'assistant') turns.unshift({ role: 'user', blocks: [{ text: 'Begin.' }] });
  return { system, turns };
}

const SYSTEM_KINDS = ['text', 'guardContent', 'cachePoint'];

/** A mark inside a result stands behind the result: there it can be said. */
function markedOutside(part: ChatPart): ChatPart {
  if (part.kind !== 'tool-result' || part.cache !== undefined) return part;
  const inner = part.parts.findLast((given) => 'cache' in given && given.cache !== undefined);
  return inner === undefined || !('cache' in inner) || inner.cache === undefined ? part : { ...part, cache: inner.cache };
}

/** A mark stays behind what it stood behind. */
function resultsFirst(blocks: readonly Block[]): Block[] {
  const results: Block[] = [];
  const others: Block[] = [];
  let side = others;
  for (const block of blocks) {
    if (!('cachePoint' in block)) side = 'toolResult' in block ? results : others;
    side.push(block);
  }
  return [...results, ...others];
}

function withText(blocks: Block[]): Block[] {
  if (!blocks.some((block) => 'document' in block) || blocks.some((block) => 'text' in block)) return blocks;
  return [{ text: blocks.some((block) => 'toolResult' in block) ? 'Go on.' : 'See the document.' }, ...blocks];
}

/** What an answer is to go on with. */
function endTalk(turns: Turn[], model: string): void {
  const last = turns.at(-1);
  if (last === undefined) {
    turns.push({ role: 'user', blocks: [{ text: 'Begin.' }] });
    return;
  }
  // A turn that a tool of the vendor's interrupted goes on by itself.
  if (last.role === 'user' || last.blocks.some((block) => !('text' in block) && !('reasoningContent' in block))) return;
  if (!takesPrefill(model)) {
    turns.push({ role: 'user', blocks: [{ text: 'Go on.' }] });
    return;
  }
  const text = last.blocks.at(-1)?.['text'];
  if (typeof text === 'string') last.blocks[last.blocks.length - 1] = { text: text.trimEnd() };
}

/** Whether the talk goes on from calls of tools whose thoughts are not there, or are another vendor's. */
function isThoughtless(turns: readonly Turn[]): boolean {
  let first: Block | undefined;
  for (const { role, blocks } of turns.toReversed()) {
    if (role === 'assistant') first = blocks[0];
    else if (!blocks.some((block) => 'toolResult' in block)) break;
  }
  return first !== undefined && !('reasoningContent' in first);
}
