import { describe, expect, test } from 'bun:test';
import { MediaStreamMeter } from './stream.ts';

const event = (value: object) => `event: ${'type' in value ? String(value.type) : 'x'}\ndata: ${JSON.stringify(value)}\n\n`;
const PICTURE = 'A"type":"error"'.repeat(400);
const USAGE = { input_tokens: 5, output_tokens: 7, total_tokens: 12, input_tokens_details: { text_tokens: 2, image_tokens: 3 } };
const partial = event({ type: 'image_generation.partial_image', b64_json: PICTURE, partial_image_index: 0 });
const completed = event({ type: 'image_generation.completed', b64_json: PICTURE, usage: USAGE });

function run(text: string, size: number, asked: ConstructorParameters<typeof MediaStreamMeter>[0] = { kind: 'image' }) {
  const meter = new MediaStreamMeter(asked);
  const bytes = Buffer.from(text);
  const sent: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const passed = meter.push(Uint8Array.from(bytes.subarray(at, at + size)));
    if (passed !== undefined) sent.push(Uint8Array.from(passed));
  }
  const { whole, rest } = meter.finish();
  if (rest !== undefined) sent.push(rest);
  return { meter, whole, sent: Buffer.concat(sent).toString() };
}

describe('a stream', () => {
  const SPEECH =
    event({ type: 'speech.audio.delta', audio: 'x'.repeat(5_000) }) +
    event({ type: 'speech.audio.done', usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 } });
  const TEXT =
    event({ type: 'transcript.text.delta', delta: 'é\u{1f600}' }) +
    event({
      type: 'transcript.text.done',
      text: 'é\u{1f600}',
      usage: { type: 'tokens', input_tokens: 9, input_token_details: { audio_tokens: 8 }, output_tokens: 1, total_tokens: 10 },
    });
  const CHUNKS = 'data: {"object":"transcription.chunk","choices":[{"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n';
  for (const [name, text, asked, usage] of [
    [
      'of a picture',
      `: hello\n\n${partial}${completed}`,
      { kind: 'image' },
      { inputTokens: 5, outputTokens: 7, totalTokens: 12, imageInputTokens: 3, images: 1 },
    ],
    [
      'of two pictures',
      completed + completed,
      { kind: 'image', results: 2 },
      { inputTokens: 10, outputTokens: 14, totalTokens: 24, imageInputTokens: 6, images: 2 },
    ],
    ['of speech', SPEECH, { kind: 'speech' }, { inputTokens: 1, outputTokens: 2, totalTokens: 3 }],
    ['of a recording', TEXT, { kind: 'transcription' }, { inputTokens: 9, outputTokens: 1, totalTokens: 10, audioInputTokens: 8 }],
    ["of another server's chunks", CHUNKS, { kind: 'transcription' }, undefined],
  ] as const) {
    test(`${name} passes byte for byte however it is cut, and is whole after its last event`, () => {
      for (const size of [1, 7, 100, 1_000_000]) {
        const { sent, whole, meter } = run(text, size, asked);
        expect(sent === text).toBe(true);
        expect(whole).toBe(true);
        expect(meter.usage).toEqual(usage as typeof meter.usage);
      }
      for (let at = 1; at < Math.min(text.length, 300); at += 1)
        expect(run(text.slice(0, -at), 64, asked).whole).toBe(text.slice(0, -at).includes('data: ['));
    });
  }

  test('with a picture missing is not whole', () => expect(run(completed, 100, { kind: 'image', results: 2 }).whole).toBe(false));

  for (const [name, text] of [
    ['an error event', event({ type: 'error', error: { message: 'no', code: 'x' } })],
    ['an error of a bare kind', 'data: {"error":{"message":"no"}}\n\n'],
    ['JSON that is none', 'data: {"type":\n\n'],
  ] as const) {
    test(`with ${name} fails there, and what follows is withheld`, () => {
      const { meter, sent, whole } = run(partial + text + completed, 50);
      expect(meter.failure?.code).toBe('upstream_stream_interrupted');
      expect(sent).toBe(partial);
      expect(whole).toBe(false);
    });
  }
});
