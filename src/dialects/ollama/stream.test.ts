import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { OllamaStreamMeter } from './stream.ts';

const line = (fields: object): string => `${JSON.stringify({ model: 'm-1', created_at: '2026-01-01T00:00:00Z', ...fields })}\n`;
const say = (content: string, more: object = {}): string => line({ message: { role: 'assistant', content, ...more }, done: false });

const HELLO = say('Hällo "done":true \u{1f600}');
const WORLD = say('{"error":"no"}\\n');
const LAST = line({
  message: { role: 'assistant', content: '' },
  done: true,
  done_reason: 'stop',
  prompt_eval_count: 3,
  eval_count: 2,
});
const WHOLE = HELLO + WORLD + LAST;

interface Run {
  readonly sent: string;
  readonly whole: boolean;
  readonly meter: OllamaStreamMeter;
}

function run(chunks: readonly Uint8Array[]): Run {
  const meter = new OllamaStreamMeter();
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

const runText = (text: string) => run(text === '' ? [] : [Buffer.from(text)]);

describe('what goes through', () => {
  test('a stream, byte for byte, with its usage and its model known', () => {
    const { sent, whole, meter } = runText(WHOLE);
    expect(sent).toBe(WHOLE);
    expect(whole).toBe(true);
    expect(meter).toMatchObject({ started: true, ended: true, model: 'm-1', failure: undefined });
    expect(meter.usage).toEqual({ inputTokens: 3, outputTokens: 2, totalTokens: 5 });
  });

  test('a chunk of whole lines as the very same array', () => {
    const chunk = Buffer.from(HELLO + WORLD);
    expect(new OllamaStreamMeter().push(chunk)).toBe(chunk);
  });

  test('cut in two at each byte, the same bytes', () => {
    const bytes = Buffer.from(WHOLE);
    for (let at = 1; at < bytes.length; at += 1) {
      const { sent, whole, meter } = run([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(sent).toBe(WHOLE);
      expect(whole).toBe(true);
      expect(meter.usage?.totalTokens).toBe(5);
    }
  });

  test('fed one byte at a time, the same bytes, and each push ends with a line', () => {
    const meter = new OllamaStreamMeter();
    const pieces = cut(WHOLE, 1)
      .map((byte) => meter.push(byte))
      .filter((piece) => piece !== undefined);
    expect(Buffer.concat(pieces).toString()).toBe(WHOLE);
    expect(pieces).toHaveLength(3);
    for (const piece of pieces) expect(piece.at(-1)).toBe(10);
    expect(meter.finish()).toEqual({ whole: true, rest: undefined });
  });

  test('lines with CRLF, white space around, and empty ones', () => {
    const text = ` ${HELLO.replace('\n', '\r\n')}\n\t\n  ${LAST}`;
    expect(runText(text)).toMatchObject({ sent: text, whole: true });
  });

  test('a last line without its line feed', () => {
    expect(runText(HELLO + LAST.trimEnd())).toMatchObject({ sent: HELLO + LAST.trimEnd(), whole: true });
  });

  test('what is no object is left out, and nothing with it', () => {
    expect(runText(`<html>\n${HELLO}[1]\nbusy\n${LAST}`)).toMatchObject({ sent: HELLO + LAST, whole: true });
  });
});

describe('the first token', () => {
  for (const [name, text, started] of [
    ['a role and no content', say(''), false],
    ['a word', say('a'), true],
    ['a thought', say('', { thinking: 'hm' }), true],
    ['a call', say('', { tool_calls: [{ function: { name: 'f', arguments: {} } }] }), true],
    ['no call', say('', { tool_calls: [] }), false],
    ['an empty response', line({ response: '', done: false }), false],
    ['a response', line({ response: 'a', done: false }), true],
    ['a thought of generate', line({ response: '', thinking: 'hm', done: false }), true],
    ['how far an image is', line({ response: '', completed: 1, total: 20, done: false }), true],
    ['the end at once', LAST, true],
    ['an empty line', '\n', false],
  ] as const) {
    test(`${name}: ${started ? 'is there' : 'is still to come'}`, () => {
      const meter = new OllamaStreamMeter();
      meter.push(Buffer.from(text));
      expect(meter.started).toBe(started);
    });
  }
});

describe('what is no end', () => {
  for (const [name, text, sent] of [
    ['nothing', '', ''],
    ['a stream that stops after a line', HELLO + WORLD, HELLO + WORLD],
    ['a line that is cut', HELLO + WORLD.slice(0, -5), HELLO],
    ['a whole line without its line feed, and without an end', HELLO + WORLD.trimEnd(), HELLO],
    ['`done` of another kind', HELLO + line({ done: 'true' }), HELLO + line({ done: 'true' })],
  ] as const) {
    test(name, () => {
      const { whole, sent: passed, meter } = runText(text);
      expect(whole).toBe(false);
      expect(passed).toBe(sent);
      expect(meter.ended).toBe(false);
      // An error line of ours must stand on a line of its own.
      expect(passed === '' || passed.endsWith('\n')).toBe(true);
    });
  }
});

describe('a failure in band', () => {
  for (const [name, text, message] of [
    ['is told as the upstream told it', '{"error":"out of memory"}\n', 'out of memory'],
    ['may be an object', '{"error":{"message":"too busy","code":1}}\n', 'too busy'],
    ['may say nothing', '{"error":true}\n', 'the upstream reported an error inside its stream'],
    ['may be a line that is no JSON', '{"model":"m-1","message":{"content":"bro\n', 'the upstream sent a malformed line'],
    ['may be two keys of one name', '{"done":false,"done":true}\n', 'the upstream sent a malformed line'],
    ['may be invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a]), 'the upstream sent a malformed line'],
  ] as const) {
    test(name, () => {
      const { sent, meter } = run([Buffer.concat([Buffer.from(HELLO), Buffer.from(text), Buffer.from(WORLD)])]);
      expect(sent).toBe(HELLO);
      expect(meter.failure).toMatchObject({ code: 'upstream_stream_interrupted', message });
    });
  }

  test('`error` that is null is none', () => {
    expect(runText(line({ error: null, response: 'a', done: false }) + LAST).whole).toBe(true);
  });

  test('a line without end is given up', () => {
    const meter = new OllamaStreamMeter();
    const piece = Buffer.alloc(1_048_576, 'x');
    expect(() => {
      for (let count = 0; count < 9; count += 1) meter.push(piece);
    }).toThrow('too long');
  });
});

test('whatever comes, in whatever pieces: only whole lines go out, they are the upstream’s own, and nothing after a failure', () => {
  const part = fc.oneof(
    fc.constantFrom(HELLO, WORLD, LAST, '\n', '<p>\n', '{"error":"x"}\n', '{"model":\n', '{"done":true}', '{', '"', '\r\n', '\u0000'),
    fc.string({ maxLength: 12 }),
    fc.json({ maxDepth: 2 }).map((text) => `${text}\n`),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.integer({ min: 1, max: 64 }), (parts, size) => {
      const text = parts.join('');
      const { sent, whole, meter } = run(cut(text, size));
      const reference = runText(text);
      expect(sent).toBe(reference.sent);
      expect(whole).toBe(reference.whole);
      expect(meter.failure?.message).toBe(reference.meter.failure?.message);
      const given = Buffer.from(text)
        .toString()
        .split(/(?<=\n)/);
      for (const passed of sent.split(/(?<=\n)/)) if (passed !== '') expect(given).toContain(passed);
      if (whole) expect(meter.ended).toBe(true);
      else if (!meter.ended) expect(sent === '' || sent.endsWith('\n')).toBe(true);
    }),
    { numRuns: 500 },
  );
});
