import { describe, expect, test } from 'bun:test';
import { OpenAiStreamMeter } from './stream.ts';

const chunk = (delta: object, finish: string | null = null, more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm-1', choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;

const ROLE = chunk({ role: 'assistant', content: '' });
const HELLO = chunk({ content: 'Hällo "usage" \u{1f600}' });
const WORLD = chunk({ content: 'usage' });
const STOP = chunk({}, 'stop');
const USAGE_VALUE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: { cached_tokens: 1 } };
const USAGE = `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm-1', choices: [], usage: USAGE_VALUE })}\n\n`;
const DONE = 'data: [DONE]\n\n';
const WHOLE = ROLE + HELLO + WORLD + STOP + USAGE + DONE;

interface Run {
  readonly sent: string;
  readonly whole: boolean;
  readonly meter: OpenAiStreamMeter;
}

function run(chunks: readonly Uint8Array[], options = { stripUsage: true }): Run {
  const meter = new OpenAiStreamMeter(options);
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

function cut(text: string, size: number): Uint8Array[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

describe('what goes through', () => {
  test('a stream is passed byte for byte when usage was asked for', () => {
    const { sent, whole, meter } = run(cut(WHOLE, 1_000_000), { stripUsage: false });
    expect(sent).toBe(WHOLE);
    expect(whole).toBe(true);
    expect(meter.usage).toEqual({ inputTokens: 3, outputTokens: 2, totalTokens: 5, cachedInputTokens: 1 });
    expect(meter.model).toBe('m-1');
  });

  test('the usage chunk that the caller did not ask for is left out, and nothing else', () => {
    const { sent, meter } = run(cut(WHOLE, 1_000_000));
    expect(sent).toBe(ROLE + HELLO + WORLD + STOP + DONE);
    expect(meter.usage?.totalTokens).toBe(5);
  });

  test('cut at every byte boundary the same bytes come out', () => {
    const bytes = Buffer.from(WHOLE);
    for (let at = 1; at < bytes.length; at++) {
      const { sent, whole } = run([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(sent).toBe(ROLE + HELLO + WORLD + STOP + DONE);
      expect(whole).toBe(true);
    }
  });

  test('fed one byte at a time the same bytes come out, and each push ends at an event', () => {
    const meter = new OpenAiStreamMeter({ stripUsage: true });
    const pieces = cut(WHOLE, 1)
      .map((byte) => meter.push(byte))
      .filter((piece) => piece !== undefined);
    expect(Buffer.concat(pieces).toString()).toBe(ROLE + HELLO + WORLD + STOP + DONE);
    for (const piece of pieces) expect(Buffer.from(piece).toString().endsWith('\n\n')).toBe(true);
  });

  test('a chunk of whole events is passed as the very same array', () => {
    const meter = new OpenAiStreamMeter({ stripUsage: true });
    const bytes = Buffer.from(ROLE + HELLO);
    expect(meter.push(bytes)).toBe(bytes);
  });

  test('usage inside a chunk with content stays where it is', () => {
    const last = chunk({ content: 'x' }, 'stop', { usage: USAGE_VALUE });
    const { sent, meter } = run(cut(last + DONE, 1_000));
    expect(sent).toBe(last + DONE);
    expect(meter.usage?.outputTokens).toBe(2);
  });

  test('"usage": null in every chunk hides nothing', () => {
    const nulled = chunk({ content: 'x' }, null, { usage: null });
    expect(run(cut(nulled + STOP + USAGE + DONE, 1_000)).sent).toBe(nulled + STOP + DONE);
  });

  test('an event over several data lines is read as one', () => {
    const spread = `data: {"choices":[],\ndata: "usage":${JSON.stringify(USAGE_VALUE)}}\n\n`;
    const { sent, meter } = run(cut(HELLO + STOP + spread + DONE, 9));
    expect(sent).toBe(HELLO + STOP + DONE);
    expect(meter.usage?.totalTokens).toBe(5);
  });

  test('comments and CRLF line ends pass as they came', () => {
    const text = `: PROCESSING\n\n${HELLO}`.replaceAll('\n', '\r\n') + STOP + DONE;
    expect(run(cut(text, 7)).sent).toBe(text);
  });
});

describe('when a stream counts as started', () => {
  for (const row of [
    { name: 'a role alone is no token', text: ROLE, want: false },
    { name: 'text is', text: HELLO, want: true },
    { name: 'a tool call is', text: chunk({ tool_calls: [{ index: 0, id: 't', function: { name: 'f', arguments: '' } }] }), want: true },
    { name: 'reasoning is', text: chunk({ reasoning_content: 'hm' }), want: true },
    { name: 'an end without text is', text: STOP, want: true },
    { name: 'a comment is not', text: ': ping\n\n', want: false },
    { name: 'legacy completion text is', text: 'data: {"choices":[{"text":"a","index":0}]}\n\n', want: true },
  ]) {
    test(row.name, () => {
      const meter = new OpenAiStreamMeter({ stripUsage: true });
      meter.push(Buffer.from(row.text));
      expect(meter.started).toBe(row.want);
    });
  }
});

describe('how a stream ends', () => {
  test('without [DONE], after a finish reason, it is completed', () => {
    const { sent, whole } = run(cut(HELLO + STOP + USAGE, 50));
    expect(whole).toBe(true);
    expect(sent).toBe(HELLO + STOP + DONE);
  });

  test('without a finish reason it is not whole, and no end is invented', () => {
    const { sent, whole } = run(cut(ROLE + HELLO, 50));
    expect(whole).toBe(false);
    expect(sent).toBe(ROLE + HELLO);
  });

  test('cut inside an event it is an interruption, and the half event is withheld', () => {
    const meter = new OpenAiStreamMeter({ stripUsage: true });
    const passed = meter.push(Buffer.from(HELLO + HELLO.slice(0, 60)));
    expect(Buffer.from(passed ?? []).toString()).toBe(HELLO);
    expect(meter.finish()).toEqual({ whole: false, rest: undefined });
    expect(meter.failure?.code).toBe('upstream_stream_interrupted');
  });

  test('an error event fails the stream and is withheld, wherever in the chunk it stands', () => {
    for (const text of [
      'data: {"error":{"message":"boom","type":"server_error","code":"x"}}\n\n',
      chunk({ content: '' }, 'error', { error: { message: 'boom' } }),
    ]) {
      const { sent, meter } = run(cut(HELLO + text + HELLO, 10_000));
      expect(sent).toBe(HELLO);
      expect(meter.failure?.code).toBe('upstream_stream_interrupted');
      expect(meter.failure?.message).toBe('boom');
    }
  });

  test('a text that says "error" is no error', () => {
    const text = chunk({ content: '"error":{"message":"no"}' }) + chunk({ content: 'error' });
    expect(run(cut(text + STOP + DONE, 13)).sent).toBe(text + STOP + DONE);
  });

  test('a chunk that is no JSON has lost a part of the answer: it fails', () => {
    const meter = new OpenAiStreamMeter({ stripUsage: true });
    const passed = meter.push(Buffer.from(`${HELLO}data: {"choices":[{"delta":{"content":"ha\n\n`));
    expect(Buffer.from(passed ?? []).toString()).toBe(HELLO);
    expect(meter.failure?.message).toContain('malformed');
  });

  test('an event that does not even begin as a chunk is left out', () => {
    expect(run(cut(`${HELLO}data: <html>\n\n${STOP}${DONE}`, 11)).sent).toBe(HELLO + STOP + DONE);
  });

  test('an endless event is refused, not collected', () => {
    const meter = new OpenAiStreamMeter({ stripUsage: true });
    const megabyte = Buffer.alloc(1_048_576, 97);
    meter.push(Buffer.from('data: {"'));
    expect(() => {
      for (let count = 0; count < 20; count++) meter.push(megabyte);
    }).toThrow('too long');
  });
});
