import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { ResponsesStreamMeter } from './stream.ts';

const event = (type: string, fields: object = {}, sequence?: number) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...(sequence === undefined ? {} : { sequence_number: sequence }), ...fields })}\n\n`;

const USAGE = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 12 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 29,
};
const OPENING = event('response.created', { response: { id: 'resp_1', model: 'gpt-x', tools: [{ name: 'sequence_number' }] } }, 0);
const DELTA = event('response.output_text.delta', { output_index: 0, content_index: 0, delta: 'naïve "error"' }, 3);
const END = event('response.completed', { response: { id: 'resp_1', model: 'gpt-x', usage: USAGE } }, 4);
const WHOLE = `: hello\n\n${OPENING}${event('response.output_item.added', { item: { type: 'message' } }, 1)}${DELTA}${END}data: [DONE]\n\n`;

/** What passes of a stream that comes in these pieces. */
function pass(pieces: readonly Uint8Array[]) {
  const meter = new ResponsesStreamMeter();
  const passed: Uint8Array[] = [];
  for (const piece of pieces) {
    const bytes = meter.push(piece);
    if (bytes !== undefined) passed.push(Uint8Array.from(bytes));
  }
  const { whole, rest } = meter.finish();
  if (rest !== undefined) passed.push(rest);
  return { meter, whole, text: Buffer.concat(passed).toString() };
}

const told = (meter: ResponsesStreamMeter) =>
  JSON.parse(
    Buffer.from(meter.encodeError(new GatewayError('upstream_stream_interrupted', 'cut'), 'c1'))
      .toString()
      .split('data: ')[1] ?? '',
  ) as Record<string, unknown>;

test('a whole stream passes byte for byte, wherever it is cut', () => {
  const bytes = Buffer.from(WHOLE);
  for (let at = 0; at <= bytes.length; at += 1) {
    const { meter, whole, text } = pass([bytes.subarray(0, at), bytes.subarray(at)]);
    expect(text).toBe(WHOLE);
    expect(whole).toBe(true);
    expect(meter.usage).toEqual({ inputTokens: 20, outputTokens: 9, totalTokens: 29, cachedInputTokens: 12, reasoningTokens: 4 });
    expect(meter.model).toBe('gpt-x');
  }
  expect(pass([...bytes].map((byte) => Uint8Array.of(byte))).text).toBe(WHOLE);
});

test('another target can take over up to the first word, and not after it', () => {
  const meter = new ResponsesStreamMeter();
  meter.push(Buffer.from(OPENING));
  expect(meter.started).toBe(false);
  meter.push(Buffer.from(DELTA));
  expect([meter.started, meter.ended]).toEqual([true, false]);
});

test('a stream without its last event is not whole, and the error has the next number', () => {
  const { meter, whole } = pass([Buffer.from(OPENING + DELTA)]);
  expect(whole).toBe(false);
  expect(told(meter)).toMatchObject({ type: 'error', sequence_number: 4, code: 'upstream_stream_interrupted', param: null });
});

describe('withheld are', () => {
  for (const { name, bad } of [
    { name: 'an error event in the flat shape', bad: event('error', { code: 'server_error', message: 'no more', param: null }, 4) },
    { name: 'an error event in the nested shape', bad: event('error', { error: { code: 'server_error', message: 'no more' } }, 4) },
    { name: 'an error without a name', bad: 'data: {"error":{"message":"no more"}}\n\n' },
    { name: 'an event that is no JSON', bad: 'event: response.output_text.delta\ndata: {"type":"bro\n\n' },
  ]) {
    test(`${name}, and all after it`, () => {
      const { meter, whole, text } = pass([Buffer.from(OPENING + DELTA + bad + END)]);
      expect(text).toBe(OPENING + DELTA);
      expect(whole).toBe(false);
      expect(meter.failure?.code).toBe('upstream_stream_interrupted');
      expect(told(meter)).toMatchObject({ sequence_number: 4 });
    });
  }
  test('a page of HTML among the events, alone', () => {
    expect(pass([Buffer.from(`${OPENING}data: <html>\n\n${END}`)]).text).toBe(OPENING + END);
  });
});

describe('a response that failed', () => {
  const failed = (code: string) => event('response.failed', { response: { error: { code, message: 'no' }, usage: null } }, 1);
  test('before its first word by the server’s fault lets another target try', () => {
    const { meter, text } = pass([Buffer.from(OPENING + failed('server_error'))]);
    expect([meter.failure?.code, text]).toEqual(['upstream_stream_interrupted', OPENING]);
  });
  test('by the caller’s fault, or after its first word, is told as it was', () => {
    for (const stream of [OPENING + failed('invalid_image'), OPENING + DELTA + failed('server_error')]) {
      const { meter, whole, text } = pass([Buffer.from(stream)]);
      expect([meter.failure, whole, text]).toEqual([undefined, true, stream]);
    }
  });
});
