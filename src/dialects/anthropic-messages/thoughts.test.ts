/* Thoughts and calls of any vendor through a caller of this dialect, whole and streamed: what comes back with the next request is what was told. */
import { describe, expect, test } from 'bun:test';
import type { ChatPart, ChatReply } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
import { anthropicMessages } from './anthropic-messages.ts';
import { encodeReply } from './reply-codec.ts';
import { decodeChat } from './request-decode.ts';
import { AnthropicStreamDecoder } from './stream-decode.ts';
import { AnthropicStreamEncoder } from './stream-encode.ts';

const FACTS: EncodeFacts = { id: 'x', model: 'm', nowMs: 0, usageWanted: true };
const signature = { dialect: 'gemini', value: 'CAIQ==' };

const ROWS: readonly { readonly name: string; readonly part: ChatPart }[] = [
  { name: 'a thought with a signature', part: { kind: 'reasoning', text: 'hm', signature } },
  {
    name: 'a thought with the vendor’s own signature',
    part: { kind: 'reasoning', text: 'hm', signature: { dialect: 'anthropic-messages', value: 'EqQ=' } },
  },
  { name: 'a thought without one', part: { kind: 'reasoning', text: 'hm' } },
  { name: 'a thought with an id alone', part: { kind: 'reasoning', text: 'hm', id: 'rs_1' } },
  { name: 'a sealed thought', part: { kind: 'reasoning', text: '', signature, sealed: true } },
  { name: 'a sealed thought with an id and a summary', part: { kind: 'reasoning', text: 'in short', signature, sealed: true, id: 'rs_1' } },
  { name: 'a sealed thought with an id', part: { kind: 'reasoning', text: '', signature, sealed: true, id: 'rs_1' } },
  { name: 'a signed call of a tool', part: { kind: 'tool-call', id: 'call_1', name: 'f', arguments: '{"a":1}', signature } },
];

/** The blocks as a client sends them back. */
function sentBack(content: unknown): readonly ChatPart[] {
  const bytes = Buffer.from(
    JSON.stringify({
      model: 'm',
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content },
      ],
    }),
  );
  return decodeChat(anthropicMessages.decode('chat', bytes, { hasModel: () => false })).messages[1]?.parts ?? [];
}

function wholeOf(part: ChatPart): unknown {
  const reply: ChatReply = { choices: [{ parts: [part], finish: 'stop' }] };
  return (JSON.parse(encodeReply(reply, FACTS)) as { content: unknown }).content;
}

function eventsOf(part: ChatPart): ChatEvent[] {
  const of = { choice: 0, part: 0 };
  const told: ChatEvent[] = [];
  if (part.kind === 'tool-call') {
    const { arguments: text, ...opening } = part;
    told.push({ kind: 'part', opening: opening as PartOpening, ...of }, { kind: 'arguments', text, ...of });
  } else if (part.kind === 'reasoning') {
    const { text, signature: sealed, ...opening } = part;
    told.push({ kind: 'part', opening, ...of });
    // Some vendors sign before they speak.
    if (sealed !== undefined) told.push({ kind: 'signature', signature: sealed, ...of });
    if (text !== '') told.push({ kind: 'text', text, ...of });
  }
  return [{ kind: 'start' }, ...told, { kind: 'part-end', ...of }, { kind: 'finish', choice: 0, reason: 'stop' }, { kind: 'end' }];
}

/** The blocks as a client puts them together from a stream. */
function gathered(bytes: Uint8Array): Record<string, unknown>[] {
  const blocks: Record<string, unknown>[] = [];
  for (const line of Buffer.from(bytes).toString().split('\n')) {
    if (!line.startsWith('data: ')) continue;
    const event = JSON.parse(line.slice(6)) as {
      type: string;
      index: number;
      content_block: Record<string, unknown>;
      delta: Record<string, string>;
    };
    if (event.type === 'content_block_start') blocks[event.index] = event.content_block;
    const block = blocks[event.index];
    if (event.type !== 'content_block_delta' || block === undefined) continue;
    const { thinking, signature: signed, partial_json: json } = event.delta;
    if (thinking !== undefined) block['thinking'] = String(block['thinking']) + thinking;
    if (signed !== undefined) block['signature'] = signed;
    if (json !== undefined) block['input'] = JSON.parse(json);
  }
  return blocks;
}

for (const { name, part } of ROWS) {
  test(`${name} comes back as it was`, () => {
    expect(sentBack(wholeOf(part))).toEqual([part]);
    const streamed = new AnthropicStreamEncoder(FACTS).encode(eventsOf(part)) ?? new Uint8Array(0);
    expect(sentBack(gathered(streamed))).toEqual([part]);
  });
}

describe('a gateway before a gateway', () => {
  test('gives a signed call back with its signature, to the one that signed', () => {
    const { part } = ROWS.at(-1) ?? {};
    if (part === undefined) throw new Error('no row');
    const streamed = new AnthropicStreamEncoder(FACTS).encode(eventsOf(part)) ?? new Uint8Array(0);
    const opened = new AnthropicStreamDecoder().push(streamed).find((event) => event.kind === 'part');
    expect(opened).toMatchObject({ opening: { kind: 'tool-call', id: 'call_1', signature: { dialect: 'anthropic-messages' } } });
    if (opened?.kind !== 'part' || opened.opening.kind !== 'tool-call') throw new Error('no call');
    const request = { messages: [{ role: 'assistant', parts: [{ ...opened.opening, arguments: '{}' }] }], unread: [] } as const;
    const bytes =
      anthropicMessages.codecs.chat?.encodeRequest(request, { model: 'm', stream: false, streamUsage: true }) ?? new Uint8Array(0);
    expect(decodeChat(anthropicMessages.decode('chat', bytes, { hasModel: () => false })).messages.at(-1)?.parts).toEqual([
      { ...part, arguments: '{}' } as ChatPart,
    ]);
  });
});
