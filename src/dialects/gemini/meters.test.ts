import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import type { Operation } from '../../operations/operation.ts';
import type { StreamMeter } from '../dialect.ts';
import { gemini } from './gemini.ts';

const RESPONSES = [
  {
    candidates: [{ content: { parts: [{ text: 'thinking', thought: true }], role: 'model' }, index: 0 }],
    usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 },
    modelVersion: 'gemini-2.5-flash',
  },
  {
    candidates: [{ content: { parts: [{ text: 'a ] } "finishReason" \\ ☕' }], role: 'model' } }],
    usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 2, totalTokenCount: 6 },
  },
  {
    candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 5, thoughtsTokenCount: 3, totalTokenCount: 12, cachedContentTokenCount: 1 },
  },
];
const USAGE = { inputTokens: 4, outputTokens: 8, totalTokens: 12, cachedInputTokens: 1, reasoningTokens: 3 };
const FORMS = {
  sse: RESPONSES.map((response) => `data: ${JSON.stringify(response)}\r\n\r\n`).join(''),
  array: `[${RESPONSES.map((response) => JSON.stringify(response, null, 2)).join('\n,\r\n')}\n]\n`,
} as const;
type Form = keyof typeof FORMS;

function meterOf(form: Form, body = '{"contents":[{}]}'): StreamMeter {
  const bytes = Buffer.from(body);
  return gemini.createMeter({ kind: 'chat', stream: true, form, bytes } as unknown as Operation);
}

/** What came through, and what became of it. */
function run(meter: StreamMeter, chunks: readonly Uint8Array[]) {
  const passed: Uint8Array[] = [];
  for (const chunk of chunks) {
    const bytes = meter.push(chunk);
    if (bytes !== undefined) passed.push(Uint8Array.from(bytes));
    if (meter.failure !== undefined) break;
  }
  const { whole, rest } = meter.finish();
  if (rest !== undefined) passed.push(rest);
  return { text: Buffer.concat(passed).toString(), whole, failure: meter.failure };
}

for (const form of ['sse', 'array'] as const) {
  const stream = Buffer.from(FORMS[form]);

  describe(`a stream (${form})`, () => {
    test('passes byte for byte, wherever it is cut', () => {
      for (let at = 1; at < stream.length; at += 1) {
        const meter = meterOf(form);
        expect(run(meter, [stream.subarray(0, at), stream.subarray(at)])).toEqual({
          text: stream.toString(),
          whole: true,
          failure: undefined,
        });
        expect(meter).toMatchObject({ started: true, ended: true, usage: USAGE, model: 'gemini-2.5-flash' });
      }
      const bytes = Array.from(stream, (byte) => Uint8Array.of(byte));
      expect(run(meterOf(form), bytes)).toMatchObject({ text: stream.toString(), whole: true });
    });

    test('that ends too early is never whole, and what came through is followed by an error that any client can read', () => {
      const last = stream.indexOf('finishReason": "STOP') + stream.indexOf('finishReason":"STOP');
      for (let at = 0; at < last; at += 1) {
        const meter = meterOf(form);
        const { text, whole } = run(meter, [stream.subarray(0, at)]);
        expect(whole).toBe(false);
        const error = new GatewayError('upstream_stream_interrupted', 'cut');
        const told = text + Buffer.from(meter.encodeError?.(error, 'c') ?? gemini.encodeStreamError(error, 'c')).toString();
        const list: unknown[] =
          form === 'array'
            ? (JSON.parse(told) as unknown[])
            : told.split('\r\n\r\n').flatMap((event) => (event === '' ? [] : [JSON.parse(event.slice('data: '.length)) as unknown]));
        expect(list.at(-1)).toMatchObject({ error: { code: 502 } });
      }
    });

    test('that tells an error fails, and the error is withheld', () => {
      const error = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } };
      const [first = ''] = RESPONSES.map((response) => JSON.stringify(response));
      const sent =
        form === 'sse' ? `data: ${first}\r\n\r\ndata: ${JSON.stringify(error)}\r\n\r\n` : `[${first},\r\n${JSON.stringify(error)}]`;
      const { text, whole, failure } = run(meterOf(form), [Buffer.from(sent)]);
      expect(failure?.message).toBe('The model is overloaded.');
      expect(whole).toBe(false);
      expect(text).not.toContain('overloaded');
    });

    test('of several answers ends with the last of them, and of a blocked prompt at once', () => {
      const ended = (...responses: object[]) => {
        const meter = meterOf(form, '{"contents":[{}],"generation_config":{"candidate_count":2}}');
        const json = responses.map((response) => JSON.stringify(response));
        meter.push(Buffer.from(form === 'sse' ? json.map((text) => `data: ${text}\r\n\r\n`).join('') : `[${json.join(',')}`));
        return meter.ended;
      };
      const finished = (index: number) => ({ candidates: [{ index, finishReason: 'STOP' }] });
      expect(ended(finished(0))).toBe(false);
      expect(ended(finished(0), finished(1))).toBe(true);
      expect(ended({ promptFeedback: { blockReason: 'SAFETY' } })).toBe(true);
    });

    test('of garbage throws nothing but an error of ours, and is never whole', () => {
      for (const garbage of [
        '<html>no</html>',
        '[[1]]',
        '[1,2]',
        '{}',
        '[{},,{}]',
        '[{}{}]',
        ']',
        '\u0000',
        `data: {"a":\r\n\r\n`,
        '{"error":{"code":500,"message":"no"}}',
      ]) {
        for (const size of [1, 3, 100]) {
          const bytes = Buffer.from(garbage);
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
            bytes.subarray(index * size, (index + 1) * size),
          );
          expect(run(meterOf(form), chunks).whole).toBe(false);
        }
      }
    });
  });
}

test('an error that stands in a stream of events without `data:` is one', () => {
  const sent = `${FORMS.sse.split('\r\n\r\n')[0]}\r\n\r\n{\n  "error": {\n    "code": 503,\n    "message": "overloaded"\n  }\n}\n`;
  expect(run(meterOf('sse'), [Buffer.from(sent)]).failure?.message).toBe('overloaded');
});
