/** What the model says in Anthropic's words, whole and as the events of a stream: what InvokeModel answers with for its models. */
import type { Faults } from '../faults.ts';
import type { Cited, Said, SaidBlock } from './said.ts';

export interface AnthropicReply {
  readonly id: string;
  readonly model: string;
  readonly said: Said;
  readonly usage: AnthropicUsage;
}

interface AnthropicUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
}

export interface AnthropicEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

const STOP_REASONS: Readonly<Record<Said['end'], string>> = {
  turn: 'end_turn',
  length: 'max_tokens',
  stop: 'stop_sequence',
  tool: 'tool_use',
  refusal: 'refusal',
  guardrail: 'end_turn',
};

export function anthropicMessage(reply: AnthropicReply, faults: Faults): object {
  const usage = faults.noUsage ? {} : { usage: reply.usage };
  return { ...frame(reply), content: reply.said.blocks.map(wholeBlock), ...stopOf(reply, faults), ...usage };
}

function frame({ id, model }: AnthropicReply): object {
  return { model, id, type: 'message', role: 'assistant' };
}

function stopOf({ said }: AnthropicReply, faults: Faults): object {
  if (faults.noFinish) return { stop_reason: null, stop_sequence: null };
  return { stop_reason: faults.finish ?? STOP_REASONS[said.end], stop_sequence: said.stopSequence };
}

export function messageStart(reply: AnthropicReply, faults: Faults): AnthropicEvent {
  const usage = faults.noUsage ? {} : { usage: { ...reply.usage, output_tokens: 1 } };
  return { type: 'message_start', message: { ...frame(reply), content: [], stop_reason: null, stop_sequence: null, ...usage } };
}

/** How it ended and what was used; nothing when both are left out. */
export function messageDelta(reply: AnthropicReply, faults: Faults): readonly AnthropicEvent[] {
  if (faults.noFinish && faults.noUsage) return [];
  const usage = faults.noUsage ? {} : { usage: reply.usage };
  return [{ type: 'message_delta', delta: stopOf(reply, faults), ...usage }];
}

/** A block of a stream: how it opens, a piece for each token, and what comes after. */
export interface BlockEvents {
  readonly open: object;
  readonly tokens: readonly object[];
  readonly after: readonly object[];
}

export function blockEvents(block: SaidBlock): BlockEvents {
  switch (block.kind) {
    case 'thought':
      return {
        open: { type: 'thinking', thinking: '', signature: '' },
        tokens: block.tokens.map((thinking) => ({ type: 'thinking_delta', thinking })),
        after: [{ type: 'signature_delta', signature: block.signature }],
      };
    case 'redacted':
      return { open: wholeBlock(block), tokens: [], after: [] };
    case 'tool':
      return {
        open: { type: 'tool_use', id: block.call.id, name: block.call.name, input: {} },
        tokens: block.tokens.map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
        after: [],
      };
    case 'text':
      return {
        open: { type: 'text', text: '', ...(block.cited.length === 0 ? {} : { citations: [] }) },
        tokens: block.tokens.map((text) => ({ type: 'text_delta', text })),
        after: block.cited.map((quote) => ({ type: 'citations_delta', citation: citation(quote) })),
      };
  }
}

function wholeBlock(block: SaidBlock): object {
  switch (block.kind) {
    case 'thought':
      return { type: 'thinking', thinking: block.tokens.join(''), signature: block.signature };
    case 'redacted':
      return { type: 'redacted_thinking', data: block.data };
    case 'tool':
      return { type: 'tool_use', id: block.call.id, name: block.call.name, input: block.call.arguments };
    case 'text':
      return {
        type: 'text',
        text: block.tokens.join(''),
        ...(block.cited.length === 0 ? {} : { citations: block.cited.map(citation) }),
      };
  }
}

function citation({ title, text, index }: Cited): object {
  const place = { document_index: index, document_title: title, start_char_index: 0, end_char_index: text.length };
  return { type: 'char_location', cited_text: text, ...place };
}
