/* Streams as Cohere sends them (docs.cohere.com/v2/docs/streaming, tool-use-streaming), recorded in shape: metered, and read. */
import { describe, expect, test } from 'bun:test';
import type { ChatEvent } from '../../operations/chat-events.ts';
import { cohere } from './cohere.ts';
import { CohereStreamMeter } from './stream.ts';
import { CohereStreamDecoder } from './stream-decode.ts';

const event = (type: string, rest: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
const START = event('message-start', {
  id: '29f14a5a',
  delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
});
const delta = (content: object, more: object = {}) => event('content-delta', { index: 0, delta: { message: { content } }, ...more });
const END = event('message-end', {
  delta: {
    finish_reason: 'COMPLETE',
    usage: { billed_units: { input_tokens: 5, output_tokens: 3 }, tokens: { input_tokens: 71, output_tokens: 3 }, cached_tokens: 64 },
  },
});
const TEXT =
  START +
  event('content-start', { index: 0, delta: { message: { content: { type: 'text', text: '' } } } }) +
  delta({ text: 'Größe ' }) +
  delta({ text: '☕' }) +
  event('content-end', { index: 0 }) +
  END +
  'data: [DONE]\n\n';
const PLAN =
  START +
  event('tool-plan-delta', { delta: { message: { tool_plan: 'I will ' } } }) +
  event('tool-plan-delta', { delta: { message: { tool_plan: 'look.' } } }) +
  event('tool-call-start', {
    index: 0,
    delta: { message: { tool_calls: { id: 'look_1', type: 'function', function: { name: 'look', arguments: '' } } } },
  }) +
  event('tool-call-delta', { index: 0, delta: { message: { tool_calls: { function: { arguments: '{"at":' } } } } }) +
  event('tool-call-delta', { index: 0, delta: { message: { tool_calls: { function: { arguments: '1}' } } } } }) +
  event('tool-call-end', { index: 0 }) +
  event('message-end', { delta: { finish_reason: 'TOOL_CALL', usage: { tokens: { input_tokens: 7, output_tokens: 9 } } } });

function meterOf(stream: string, size = stream.length) {
  const meter = new CohereStreamMeter();
  const bytes = Buffer.from(stream);
  const passed: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const given = meter.push(bytes.subarray(at, at + size));
    if (given !== undefined) passed.push(Uint8Array.from(given));
  }
  const { whole, rest } = meter.finish();
  if (rest !== undefined) passed.push(rest);
  return { meter, whole, told: Buffer.concat(passed).toString() };
}

describe('the meter', () => {
  for (const [name, stream] of [
    ['text', TEXT],
    ['a plan and a call', PLAN],
  ] as const) {
    test(`lets a stream of ${name} through as it is, however it is cut`, () => {
      for (const size of [1, 2, 7, 64, stream.length * 2]) {
        const { meter, whole, told } = meterOf(stream, size);
        expect(told).toBe(stream);
        expect(whole).toBe(true);
        expect(meter.started).toBe(true);
        expect(meter.failure).toBeUndefined();
      }
    });
  }

  test('reads the usage: what the model read, and how much of it from a cache', () => {
    expect(meterOf(TEXT).meter.usage).toEqual({ inputTokens: 71, outputTokens: 3, totalTokens: 74, cachedInputTokens: 64 });
  });

  test('holds no stream for whole that has no end', () => {
    const open = TEXT.slice(0, TEXT.indexOf('event: message-end'));
    for (let at = 1; at <= open.length; at += 1) expect(meterOf(open.slice(0, at)).whole).toBe(false);
  });

  test('has not begun with the first event alone: another model may still answer', () => {
    expect(meterOf(START).meter.started).toBe(false);
  });

  for (const [name, last, message] of [
    ['an end that is an error', event('message-end', { delta: { finish_reason: 'ERROR', error: 'out of memory' } }), 'out of memory'],
    ['an end for want of time', event('message-end', { delta: { finish_reason: 'TIMEOUT' } }), 'reported an error'],
    ['a proxy’s own error', 'data: {"message":"bad gateway"}\n\n', 'bad gateway'],
    ['half an event', 'event: content-delta\ndata: {"type":"content-delta","ind\n\n', 'malformed'],
    ['an event that is cut', 'event: content-delta\ndata: {"type":"content-delta"}', 'cut'],
  ] as const) {
    test(`keeps ${name} back, and what came before it not`, () => {
      const begun = START + delta({ text: 'a' });
      const { meter, whole, told } = meterOf(begun + last);
      expect(told).toBe(begun);
      expect(whole).toBe(false);
      expect(meter.failure?.code).toBe('upstream_stream_interrupted');
      expect(meter.failure?.message).toContain(message);
    });
  }

  test('lets comments and events of tomorrow through, and what is no event not', () => {
    const odd = `: ping\n\n${START}${event('content-sparkle', { x: 1 })}data: <html>\n\n${END}`;
    expect(meterOf(odd).told).toBe(odd.replace('data: <html>\n\n', ''));
  });
});

function read(stream: string): ChatEvent[] {
  const decoder = new CohereStreamDecoder();
  return [...decoder.push(Buffer.from(stream)), ...decoder.finish()];
}

describe('the decoder', () => {
  test('reads text, its end and its usage', () => {
    expect(read(TEXT)).toEqual([
      { kind: 'start', id: '29f14a5a' },
      { kind: 'part', opening: { kind: 'text' }, choice: 0, part: 0 },
      { kind: 'text', text: 'Größe ', choice: 0, part: 0 },
      { kind: 'text', text: '☕', choice: 0, part: 0 },
      { kind: 'part-end', choice: 0, part: 0 },
      { kind: 'finish', choice: 0, reason: 'stop' },
      { kind: 'usage', usage: { inputTokens: 71, outputTokens: 3, totalTokens: 74, cachedInputTokens: 64 } },
      { kind: 'end' },
    ]);
  });

  test('reads a plan as text before the calls', () => {
    const told = read(PLAN);
    expect(told.filter(({ kind }) => kind === 'part')).toMatchObject([
      { opening: { kind: 'text' }, part: 0 },
      { opening: { kind: 'tool-call', id: 'look_1', name: 'look' }, part: 1 },
    ]);
    expect(told.flatMap((one) => (one.kind === 'arguments' ? [one.text] : [])).join('')).toBe('{"at":1}');
    expect(told.find(({ kind }) => kind === 'finish')).toMatchObject({ reason: 'tool-calls' });
  });

  test('reads citations also after the content that they are about', () => {
    const citations = {
      start: 0,
      end: 5,
      text: 'Größe',
      sources: [
        { type: 'document', id: 'doc:0', document: { id: 'doc:0', title: 'T', snippet: 'S' } },
        { type: 'tool', id: 'look_1:0', tool_output: { url: 'https://example.com' } },
      ],
      content_index: 0,
      type: 'TEXT_CONTENT',
    };
    const cited = event('citation-start', { index: 0, delta: { message: { citations } } }) + event('citation-end', { index: 0 });
    const told = read(TEXT.replace('event: message-end', `${cited}event: message-end`)).filter(({ kind }) => kind === 'citation');
    expect(told).toMatchObject([
      { part: 0, citation: { start: 0, end: 5, title: 'T', citedText: 'S' } },
      { part: 0, citation: { start: 0, end: 5, url: 'https://example.com' } },
    ]);
  });

  test('reads thoughts and log probabilities', () => {
    const logprobs = { text: ' yes', token_ids: [1, 2], logprobs: [-0.5, -0.25] };
    const told = read(START + delta({ thinking: 'hm' }) + event('content-end', { index: 0 }) + delta({ text: ' yes' }, { logprobs }) + END);
    expect(told.filter(({ kind }) => kind === 'part')).toMatchObject([{ opening: { kind: 'reasoning' } }, { opening: { kind: 'text' } }]);
    expect(told.find(({ kind }) => kind === 'log-probabilities')).toMatchObject({
      part: 1,
      tokens: [{ token: ' yes', logProbability: -0.75, top: [] }],
    });
  });
});

describe('citations, written', () => {
  test('say where they stand in the text, and what of whom', () => {
    const citation = { start: 2, end: 4, title: 'T', url: 'https://example.com', citedText: 'S' };
    const text = cohere.codecs.chat?.encodeReply(
      {
        choices: [
          {
            parts: [
              { kind: 'reasoning', text: 'hm' },
              { kind: 'text', text: 'abcdef', citations: [citation] },
            ],
            finish: 'stop',
          },
        ],
      },
      { id: 'x', model: 'm', nowMs: 0, usageWanted: true },
    );
    expect(JSON.parse(text ?? '')).toMatchObject({
      message: {
        citations: [
          {
            start: 2,
            end: 4,
            text: 'cd',
            content_index: 1,
            type: 'TEXT_CONTENT',
            sources: [{ type: 'document', id: 'https://example.com', document: { title: 'T', url: 'https://example.com', text: 'S' } }],
          },
        ],
      },
    });
  });
});
