import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { AnthropicStreamMeter } from './stream.ts';

const event = (type: string, members: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;

const START = event('message_start', {
  message: {
    id: 'msg_1',
    model: 'claude-x',
    usage: { input_tokens: 3, cache_read_input_tokens: 40, cache_creation_input_tokens: 7, output_tokens: 1 },
  },
});
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';
const OPEN = event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
const TEXT = event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hällo "type":"error" \u{1f600}' } });
const SHUT = event('content_block_stop', { index: 0 });
const FINISH = event('message_delta', {
  delta: { stop_reason: 'end_turn', stop_sequence: null },
  usage: { output_tokens: 12, output_tokens_details: { thinking_tokens: 5 } },
});
const STOP = event('message_stop', {});
const WHOLE = START + PING + OPEN + TEXT + ': a comment\n\n' + event('of_tomorrow', { x: 1 }) + SHUT + FINISH + STOP;

function run(chunks: readonly Uint8Array[]) {
  const meter = new AnthropicStreamMeter();
  const sent: Uint8Array[] = [];
  for (const bytes of chunks) {
    const passed = meter.push(bytes);
    if (passed !== undefined) sent.push(passed);
    if (meter.failure !== undefined) return { sent: Buffer.concat(sent).toString(), whole: false, meter };
  }
  const { whole, rest } = meter.finish();
  if (rest !== undefined) sent.push(rest);
  return { sent: Buffer.concat(sent).toString(), whole, meter };
}

describe('a stream', () => {
  test('goes through byte for byte, whatever is in it, wherever it is cut', () => {
    const bytes = Buffer.from(WHOLE);
    const chunkings = [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))];
    for (let at = 1; at < bytes.length; at += 1) chunkings.push([bytes.subarray(0, at), bytes.subarray(at)]);
    for (const chunks of chunkings) {
      const { sent, whole, meter } = run(chunks);
      expect(sent).toBe(WHOLE);
      expect(whole).toBe(true);
      expect(meter.model).toBe('claude-x');
      // What is cumulative is told last; what a later event leaves out stays.
      expect(meter.usage).toEqual({
        inputTokens: 50,
        outputTokens: 12,
        totalTokens: 62,
        cachedInputTokens: 40,
        cacheWriteTokens: 7,
        reasoningTokens: 5,
      });
    }
  });

  test('that is whole in one chunk is that very chunk', () => {
    const bytes = Buffer.from(WHOLE);
    expect(new AnthropicStreamMeter().push(bytes)).toBe(bytes);
  });

  for (const { name, text, started } of [
    { name: 'its opening', text: START + PING, started: false },
    { name: 'the opening of a block, which may stay without a word while the model thinks', text: START + OPEN, started: true },
    { name: 'a piece', text: START + TEXT, started: true },
    { name: 'a piece whose event has no name', text: TEXT.slice(TEXT.indexOf('\n') + 1), started: true },
    { name: 'an end without a word', text: START + FINISH, started: true },
  ]) {
    test(`${started ? 'has' : 'has not'} begun with ${name}`, () => {
      expect(run([Buffer.from(text)]).meter.started).toBe(started);
    });
  }

  for (const { name, text, whole, sent } of [
    { name: 'whose last word alone is missing is completed', text: WHOLE.replace(STOP, ''), whole: true, sent: WHOLE },
    { name: 'that does not say why it ends is none', text: START + OPEN + TEXT + SHUT, whole: false, sent: START + OPEN + TEXT + SHUT },
    { name: 'that is cut inside an event is none', text: (START + TEXT).slice(0, -9), whole: false, sent: START },
    {
      name: 'loses a stray line that is no event',
      text: START + 'data: <html>\n\n' + TEXT + FINISH + STOP,
      whole: true,
      sent: START + TEXT + FINISH + STOP,
    },
    {
      name: 'ends where an event is no JSON',
      text: START + 'event: content_block_delta\ndata: {"type":"content\n\n' + STOP,
      whole: false,
      sent: START,
    },
  ]) {
    test(`a stream ${name}`, () => {
      expect(run([Buffer.from(text)])).toMatchObject({ whole, sent });
    });
  }
});

describe('an error inside a stream', () => {
  for (const data of [
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    '{"error":{"type":"overloaded_error","message":"Overloaded"}}',
  ]) {
    test(`is withheld and told: ${data}`, () => {
      const { sent, meter } = run([Buffer.from(`${START}event: error\ndata: ${data}\n\n${TEXT}`)]);
      expect(sent).toBe(START);
      expect(meter.failure).toMatchObject({
        code: 'upstream_stream_interrupted',
        message: 'Overloaded',
        options: { detail: { upstream: { type: 'overloaded_error' } } },
      });
    });
  }

  test('of an event without end is a refusal', () => {
    const meter = new AnthropicStreamMeter();
    const push = () => {
      for (let count = 0; count < 20; count += 1) meter.push(Buffer.alloc(1_048_576, 'x'));
    };
    expect(push).toThrow(GatewayError);
  });
});
