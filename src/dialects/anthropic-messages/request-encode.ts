/*
 * Client side: a chat as the body of a request. The vendor's rules for a conversation, where ours are wider:
 *
 *   - the first turn is the user's, and turns of one role that follow each other are one;
 *   - results of tools come in the user's turn right after the calls, before anything else in it;
 *   - instructions stand before the talk; newer models take them between turns too, after the user's and before the assistant's;
 *   - no content is empty, and the last words of an assistant do not end in white space.
 */

import type { ChatMessage, ChatRequest, ChatTool } from '../../operations/chat.ts';
import { type ModelLimits, modelLimits } from '../dialect-claude-limits.ts';
import { encodeSettings } from '../dialect-claude-settings.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import { encodeCache, encodeParts } from './block-encode.ts';
import { outputSchema } from './output-schema.ts';
import type { Block } from './thoughts.ts';
import { ToolIds } from './tool-ids.ts';

interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  readonly blocks: Block[];
}

type Json = Record<string, unknown>;

const encoder = new TextEncoder();

export function encodeChat(request: ChatRequest, target: EncodeTarget): Uint8Array {
  return encoder.encode(JSON.stringify(chatBody(request, target)));
}

/** What is counted is what the model would read; how it is to answer has no place there. */
export function encodeCount(request: ChatRequest, target: EncodeTarget): Uint8Array {
  const { max_tokens: _length, stream: _stream, temperature: _t, top_p: _p, top_k: _k, ...rest } = chatBody(request, target);
  const { stop_sequences: _stops, metadata: _metadata, service_tier: _tier, ...body } = rest;
  return encoder.encode(JSON.stringify(body));
}

function chatBody(request: ChatRequest, target: EncodeTarget): Json {
  const limits = modelLimits(target.model);
  const { system, turns } = encodeTalk(request.messages, limits);
  const { effort, ...settings } = encodeSettings({ request, target, limits, thoughtless: isThoughtless(turns) });
  const { output, stop, user, serviceTier } = request;
  const tools = encodeTools(request);
  const config = {
    ...(effort === undefined ? {} : { effort }),
    ...(output?.kind === 'schema' ? { format: { type: 'json_schema', schema: outputSchema(output.schema) } } : {}),
  };
  const stops = stop?.filter((text) => text.trim() !== '') ?? [];
  const tier = tierOf(serviceTier);
  return {
    model: target.model,
    ...settings,
    ...(system.length === 0 ? {} : { system: shortened(system) }),
    messages: turns.map(({ role, blocks }) => ({ role, content: shortened(blocks) })),
    ...(tools === undefined ? {} : { tools }),
    ...(Object.keys(config).length === 0 ? {} : { output_config: config }),
    ...(stops.length === 0 ? {} : { stop_sequences: stops }),
    ...(user === undefined ? {} : { metadata: { user_id: user } }),
    ...(tier === undefined ? {} : { service_tier: tier }),
    ...(target.stream ? { stream: true } : {}),
  };
}

/** One plain text is written as such. */
function shortened(blocks: readonly Block[]): unknown {
  const [first] = blocks;
  const isPlain = blocks.length === 1 && first?.['type'] === 'text' && Object.keys(first).length === 2;
  return isPlain ? first['text'] : blocks;
}

/** The vendor knows whether spare priority may be used; other names of tiers mean one of the two, or nothing. */
const TIERS: Readonly<Record<string, string>> = {
  auto: 'auto',
  priority: 'auto',
  standard_only: 'standard_only',
  default: 'standard_only',
  standard: 'standard_only',
};

function tierOf(tier: string | undefined): string | undefined {
  return tier !== undefined && Object.hasOwn(TIERS, tier) ? TIERS[tier] : undefined;
}

function encodeTools({ tools, toolChoice }: ChatRequest): readonly Json[] | undefined {
  const names = toolChoice?.kind === 'allowed' ? new Set(toolChoice.names) : undefined;
  const kept: Json[] = [];
  for (const tool of tools ?? []) {
    const encoded = names === undefined || names.has(tool.name) ? encodeTool(tool) : undefined;
    if (encoded !== undefined) kept.push(encoded);
  }
  return kept.length === 0 ? undefined : kept;
}

function encodeTool(tool: ChatTool): Json | undefined {
  if (tool.kind === 'native') return tool.value as Json;
  // Declared as beyond this dialect, so it does not come here.
  if (tool.kind === 'custom') return undefined;
  const { name, description, parameters, strict, cache } = tool;
  const schema = (strict === true ? outputSchema(parameters) : parameters) as Json | undefined;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    input_schema: schema?.['type'] === 'object' ? schema : { ...(schema ?? { properties: {} }), type: 'object' },
    ...(strict === undefined ? {} : { strict }),
    ...encodeCache(cache),
  };
}

function encodeTalk(messages: readonly ChatMessage[], limits: ModelLimits): { readonly system: Block[]; readonly turns: Turn[] } {
  const system: Block[] = [];
  const turns: Turn[] = [];
  const ids = new ToolIds();
  for (const [index, message] of messages.entries()) {
    const blocks = encodeParts(message.parts, ids);
    if (blocks.length === 0) continue;
    if (message.role !== 'system') addTurn(turns, message.role === 'assistant' ? 'assistant' : 'user', blocks);
    else if (limits.takesLateSystem && turns.at(-1)?.role === 'user' && isBeforeAssistant(messages, index))
      turns.push({ role: 'system', blocks });
    else system.push(...blocks.filter(({ type }) => type === 'text'));
  }
  endTalk(turns, limits);
  if (turns[0]?.role === 'assistant') turns.unshift({ role: 'user', blocks: [{ type: 'text', text: 'Begin.' }] });
  return { system, turns };
}

function isBeforeAssistant(messages: readonly ChatMessage[], index: number): boolean {
  const next = messages[index + 1];
  return next === undefined || next.role === 'assistant';
}

function addTurn(turns: Turn[], role: 'user' | 'assistant', blocks: readonly Block[]): void {
  const last = turns.at(-1);
  if (last?.role !== role) {
    turns.push({ role, blocks: role === 'user' ? resultsFirst(blocks) : [...blocks] });
    return;
  }
  const joined = [...last.blocks, ...blocks];
  turns[turns.length - 1] = { role, blocks: role === 'user' ? resultsFirst(joined) : joined };
}

function resultsFirst(blocks: readonly Block[]): Block[] {
  const isResult = ({ type }: Block) => type === 'tool_result';
  return [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))];
}

/** What an answer is to go on with. */
function endTalk(turns: Turn[], { refusesPrefill }: ModelLimits): void {
  const last = turns.at(-1);
  if (last?.role !== 'assistant') return;
  // A turn that a tool of the vendor's interrupted goes on by itself.
  if (last.blocks.some(({ type }) => type !== 'text' && type !== 'thinking' && type !== 'redacted_thinking')) return;
  if (refusesPrefill) {
    turns.push({ role: 'user', blocks: [{ type: 'text', text: 'Go on.' }] });
    return;
  }
  const block = last.blocks.at(-1);
  const text = block?.['text'];
  if (typeof text === 'string') last.blocks[last.blocks.length - 1] = { ...block, text: text.trimEnd() };
}

/** Whether the talk goes on from calls of tools whose thoughts are not there, or are another vendor's. */
function isThoughtless(turns: readonly Turn[]): boolean {
  let first: Block | undefined;
  for (const { role, blocks } of turns.toReversed()) {
    if (role === 'assistant') first = blocks[0];
    else if (role === 'user' && !blocks.some(({ type }) => type === 'tool_result')) break;
  }
  return first !== undefined && first['type'] !== 'thinking' && first['type'] !== 'redacted_thinking';
}
