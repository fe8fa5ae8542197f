/* The meter of a stream: what it lets through, and when it trusts an answer to be whole. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { encodeFrame, encodeHeaders } from '../../base/event-frames.ts';
import { type EventName, eventFrame } from './frames.ts';
import { BedrockStreamMeter } from './stream.ts';
import { BedrockStreamDecoder } from './stream-decode.ts';

const frame = (name: EventName, payload: object) => eventFrame(name, JSON.stringify(payload));
const STREAM = [
  frame('messageStart', { role: 'assistant', p: 'abc' }),
  frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Hm' } }, p: 'abcdef' }),
  frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'c2ln' } } }),
  frame('contentBlockStop', { contentBlockIndex: 0 }),
  frame('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Zoë ☕' } }),
  frame('contentBlockStop', { contentBlockIndex: 1 }),
  frame('contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 't1', name: 'look' } } }),
  frame('contentBlockStop', { contentBlockIndex: 2 }),
  frame('messageStop', { stopReason: 'tool_use' }),
  frame('metadata', { usage: { inputTokens: 3, outputTokens: 5, totalTokens: 18, cacheReadInputTokens: 10 }, metrics: { latencyMs: 7 } }),
];
const BYTES = Buffer.concat(STREAM);

function meter(chunks: readonly Uint8Array[]) {
  const one = new BedrockStreamMeter();
  const passed: Uint8Array[] = [];
  for (const chunk of chunks) {
    const bytes = one.push(chunk);
    if (bytes !== undefined) passed.push(bytes);
  }
  return { one, passed: Buffer.concat(passed), end: one.finish() };
}

const exception = (headers: Record<string, string>, payload = '{"message":"no"}') =>
  encodeFrame(encodeHeaders({ ':content-type': 'application/json', ...headers }), Buffer.from(payload));

describe('the meter', () => {
  test('passes every byte wherever the stream is cut, and knows what was used', () => {
    for (let at = 0; at <= BYTES.length; at += 1) {
      const { one, passed, end } = meter([BYTES.subarray(0, at), BYTES.subarray(at)]);
      expect(passed.equals(BYTES)).toBe(true);
      expect([one.started, one.ended, end.whole]).toEqual([true, true, true]);
      expect(one.usage).toEqual({ inputTokens: 13, outputTokens: 5, totalTokens: 18, cachedInputTokens: 10 });
    }
  });

  test('hands a chunk on as it is, without a copy', () => {
    expect(new BedrockStreamMeter().push(BYTES)).toBe(BYTES);
  });

  test('takes no cut stream for a whole one, but for one whose last word alone is missing', () => {
    const stop = BYTES.length - (STREAM.at(-1)?.length ?? 0);
    for (let at = 0; at < BYTES.length; at += 1) expect(meter([BYTES.subarray(0, at)]).end.whole).toBe(at === stop);
  });

  test.each([
    [{ ':message-type': 'exception', ':exception-type': 'throttlingException' }, 'upstream_rate_limited'],
    [{ ':message-type': 'exception', ':exception-type': 'validationException' }, 'request_invalid'],
    [{ ':message-type': 'exception', ':exception-type': 'modelStreamErrorException' }, 'upstream_stream_interrupted'],
    [{ ':message-type': 'exception', ':exception-type': 'toString' }, 'upstream_stream_interrupted'],
    [{ ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'no' }, 'upstream_stream_interrupted'],
    [{}, 'upstream_stream_interrupted'],
  ])('withholds %p, and tells it as %s', (headers: Record<string, string>, code) => {
    const before = Buffer.concat(STREAM.slice(0, 5));
    const { one, passed, end } = meter([Buffer.concat([before, exception(headers), ...STREAM.slice(5)])]);
    expect(one.failure).toMatchObject({ code, message: 'no' });
    expect(passed.equals(before)).toBe(true);
    expect(end.whole).toBe(false);
    const events = new BedrockStreamDecoder().push(Buffer.concat([before, exception(headers)]));
    expect(events.at(-1)).toMatchObject({ kind: 'failure', error: { code } });
  });

  test('lets events through that do not exist yet, and none that is no JSON', () => {
    const later = encodeFrame(encodeHeaders({ ':message-type': 'event', ':event-type': 'eventOfTomorrow' }), Buffer.from('{"a":[1]}'));
    const whole = Buffer.concat([...STREAM.slice(0, 1), later, ...STREAM.slice(1)]);
    expect(meter([whole]).passed.equals(whole)).toBe(true);
    const broken = encodeFrame(encodeHeaders({ ':message-type': 'event', ':event-type': 'contentBlockDelta' }), Buffer.from('{"delta":'));
    expect(meter([Buffer.concat([...STREAM.slice(0, 2), broken])]).one.failure?.code).toBe('upstream_stream_interrupted');
  });

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...STREAM)), { maxLength: 8 }), (chunks) => {
        meter(chunks);
      }),
      { numRuns: 500 },
    );
  });
});
