/* A stream of the shape that the vendor documents, with a search of its own, thoughts shown and sealed, citations and a call: what it says, wherever it is cut. */
import { describe, expect, test } from 'bun:test';
import type { ChatEvent } from '../../operations/chat-events.ts';
import { AnthropicStreamDecoder } from './stream-decode.ts';

const event = (type: string, members: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
const block = (index: number, content_block: object): string => event('content_block_start', { index, content_block });
const delta = (index: number, piece: object): string => event('content_block_delta', { index, delta: piece });
const stop = (index: number): string => event('content_block_stop', { index });

const RESULT = {
  type: 'web_search_tool_result',
  tool_use_id: 'srvtoolu_1',
  content: [{ type: 'web_search_result', title: 'T', url: 'https://t.example', encrypted_content: 'E==' }],
};
const CITATION = { type: 'web_search_result_location', cited_text: 'it is', url: 'https://t.example', title: 'T', encrypted_index: 'I==' };
const OWN = 'anthropic-messages';

const STREAM = [
  event('message_start', {
    message: {
      id: 'msg_01',
      type: 'message',
      role: 'assistant',
      model: 'claude-x',
      content: [],
      stop_reason: null,
      usage: { input_tokens: 5, cache_read_input_tokens: 10, output_tokens: 1 },
    },
  }),
  block(0, { type: 'thinking', thinking: '', signature: '' }),
  event('ping', {}),
  delta(0, { type: 'thinking_delta', thinking: 'Let me ' }),
  delta(0, { type: 'thinking_delta', thinking: 'lööok 🔎' }),
  delta(0, { type: 'signature_delta', signature: 'EqQB==' }),
  stop(0),
  block(1, { type: 'redacted_thinking', data: 'Emw==' }),
  stop(1),
  block(2, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
  delta(2, { type: 'input_json_delta', partial_json: '' }),
  delta(2, { type: 'input_json_delta', partial_json: '{"query": "we' }),
  delta(2, { type: 'input_json_delta', partial_json: 'ather"}' }),
  stop(2),
  block(3, RESULT),
  stop(3),
  block(4, { type: 'text', text: '', citations: [] }),
  delta(4, { type: 'text_delta', text: 'It is ' }),
  delta(4, { type: 'citations_delta', citation: CITATION }),
  stop(4),
  block(5, { type: 'tool_use', id: 'toolu_1', name: 'get', input: {}, caller: { type: 'direct' } }),
  delta(5, { type: 'input_json_delta', partial_json: '' }),
  delta(5, { type: 'input_json_delta', partial_json: '{"a":' }),
  delta(5, { type: 'input_json_delta', partial_json: '1}' }),
  stop(5),
  block(6, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {}, caller: { type: 'direct' } }),
  stop(6),
  block(7, { type: 'compaction', content: null }),
  delta(7, { type: 'compaction_delta', content: 'so far' }),
  stop(7),
  event('message_delta', {
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 40, output_tokens_details: { thinking_tokens: 9 } },
  }),
  event('message_stop', {}),
].join('');

function read(chunks: readonly Uint8Array[]): ChatEvent[] {
  const decoder = new AnthropicStreamDecoder();
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.finish()];
}

test('every block is a part, and what the vendor alone has is told whole', () => {
  const of = (part: number) => ({ choice: 0, part });
  expect(read([Buffer.from(STREAM)])).toEqual([
    { kind: 'start', id: 'msg_01', model: 'claude-x', usage: { inputTokens: 15, outputTokens: 1, totalTokens: 16, cachedInputTokens: 10 } },
    { kind: 'part', opening: { kind: 'reasoning' }, ...of(0) },
    { kind: 'text', text: 'Let me ', ...of(0) },
    { kind: 'text', text: 'lööok 🔎', ...of(0) },
    { kind: 'signature', signature: { dialect: OWN, value: 'EqQB==' }, ...of(0) },
    { kind: 'part-end', ...of(0) },
    { kind: 'part', opening: { kind: 'reasoning', sealed: true }, ...of(1) },
    { kind: 'signature', signature: { dialect: OWN, value: 'Emw==' }, ...of(1) },
    { kind: 'part-end', ...of(1) },
    {
      kind: 'part',
      opening: {
        kind: 'native',
        dialect: OWN,
        value: { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'weather' } },
      },
      ...of(2),
    },
    { kind: 'part-end', ...of(2) },
    { kind: 'part', opening: { kind: 'native', dialect: OWN, value: RESULT }, ...of(3) },
    { kind: 'part-end', ...of(3) },
    { kind: 'part', opening: { kind: 'text' }, ...of(4) },
    { kind: 'text', text: 'It is ', ...of(4) },
    {
      kind: 'citation',
      citation: { citedText: 'it is', title: 'T', url: 'https://t.example', native: { dialect: OWN, value: CITATION } },
      ...of(4),
    },
    { kind: 'part-end', ...of(4) },
    { kind: 'part', opening: { kind: 'tool-call', id: 'toolu_1', name: 'get' }, ...of(5) },
    { kind: 'arguments', text: '{"a":', ...of(5) },
    { kind: 'arguments', text: '1}', ...of(5) },
    { kind: 'part-end', ...of(5) },
    { kind: 'part', opening: { kind: 'tool-call', id: 'toolu_2', name: 'now' }, ...of(6) },
    { kind: 'arguments', text: '{}', ...of(6) },
    { kind: 'part-end', ...of(6) },
    { kind: 'part', opening: { kind: 'native', dialect: OWN, value: { type: 'compaction', content: 'so far' } }, ...of(7) },
    { kind: 'part-end', ...of(7) },
    { kind: 'finish', choice: 0, reason: 'tool-calls' },
    { kind: 'usage', usage: { inputTokens: 15, outputTokens: 40, totalTokens: 55, cachedInputTokens: 10, reasoningTokens: 9 } },
    { kind: 'end' },
  ]);
});

test('it says the same, cut at each byte and fed one byte at a time', () => {
  const bytes = Buffer.from(STREAM);
  const whole = read([bytes]);
  expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  for (let at = 1; at < bytes.length; at += 7) expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
});

describe('a stream that is cut', () => {
  for (const { name, until } of [
    { name: 'in a block', until: STREAM.indexOf('ather') },
    { name: 'between two blocks', until: STREAM.indexOf('event: content_block_start', STREAM.indexOf('"index":4')) },
    { name: 'before it says why it ends', until: STREAM.indexOf('event: message_delta') },
    { name: 'at once', until: 0 },
  ]) {
    test(`${name} is a failure, and never an end`, () => {
      expect(
        read([Buffer.from(STREAM.slice(0, until))])
          .map(({ kind }) => kind)
          .at(-1),
      ).toBe('failure');
    });
  }

  test('after it said why it ends is whole', () => {
    const events = read([Buffer.from(STREAM.slice(0, STREAM.indexOf('event: message_stop')))]);
    expect(events.at(-1)).toEqual({ kind: 'end' });
  });
});
