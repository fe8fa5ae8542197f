import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import type { OperationKind } from '../../operations/operation.ts';
import { decodeRequest } from './request.ts';

const MESSAGES = '"messages":[{"role":"user","content":"hi"}]';
const decode = (text: string, kind: OperationKind = 'chat') => decodeRequest(kind, Buffer.from(text));

describe('what is read', () => {
  test('model, stream and determinism', () => {
    const operation = decode(`{"model":"gpt-4o", "stream": true, "temperature": 0, "user":"u1", "max_tokens": 7, ${MESSAGES}}`);
    expect(operation).toMatchObject({
      model: 'gpt-4o',
      stream: true,
      deterministic: true,
      usageWanted: false,
      user: 'u1',
      outputTokensMax: 7,
    });
  });

  for (const row of [
    { name: 'temperature 0 is deterministic', fields: '"temperature":0', want: true },
    { name: 'a seed is deterministic', fields: '"seed":1', want: true },
    { name: 'temperature 0.7 is not', fields: '"temperature":0.7', want: false },
    { name: 'nothing said is not', fields: '"n":1', want: false },
  ]) {
    test(row.name, () => expect(decode(`{"model":"m",${row.fields},${MESSAGES}}`).deterministic).toBe(row.want));
  }

  test('embeddings are always deterministic and never streams', () => {
    expect(decode('{"model":"e","input":"x","stream":true}', 'embed')).toMatchObject({ deterministic: true, stream: false });
  });
});

describe('what is handed on', () => {
  test("the caller's own bytes, when nothing has to change", () => {
    const bytes = Buffer.from(`{ "model" : "m", ${MESSAGES}, "unknown":1.0e+0 }`);
    expect(decodeRequest('chat', bytes).encode('m', { streamUsage: true })).toBe(bytes);
  });

  test('only the model is spliced', () => {
    const operation = decode(`{ "x":1.50,"model" : "alias",\n${MESSAGES}}`);
    expect(Buffer.from(operation.encode('real/"x"', { streamUsage: true })).toString()).toBe(
      `{ "x":1.50,"model" : "real/\\"x\\"",\n${MESSAGES}}`,
    );
  });

  test('usage is asked for in a stream, beside the options that the caller gave', () => {
    const operation = decode(`{"model":"m","stream":true,"stream_options":{"x":1},${MESSAGES}}`);
    expect(JSON.parse(Buffer.from(operation.encode('m', { streamUsage: true })).toString())).toMatchObject({
      stream_options: { x: 1, include_usage: true },
    });
  });

  test('usage is not asked for where the target would refuse it', () => {
    const operation = decode(`{"model":"m","stream":true,${MESSAGES}}`);
    expect(operation.encode('m', { streamUsage: false })).toBe(operation.bytes);
  });

  test('a caller who asks for usage gets the request through unchanged', () => {
    const operation = decode(`{"model":"m","stream":true,"stream_options":{"include_usage":true},${MESSAGES}}`);
    expect(operation.usageWanted).toBe(true);
    expect(operation.encode('m', { streamUsage: true })).toBe(operation.bytes);
  });
});

describe('what is refused', () => {
  for (const row of [
    { name: 'an empty body', text: '', code: 'json_invalid' },
    { name: 'a cut body', text: '{"model":"m"', code: 'json_invalid' },
    { name: 'two values', text: '{} {}', code: 'json_invalid' },
    { name: 'an array', text: '[]', code: 'request_invalid' },
    { name: 'a string', text: '"x"', code: 'request_invalid' },
    { name: 'a model named twice', text: `{"model":"a","mod\\u0065l":"b",${MESSAGES}}`, code: 'json_invalid' },
    { name: 'a model in a second spelling', text: `{"model":"a","Model":"b",${MESSAGES}}`, code: 'request_invalid', param: 'model' },
    { name: 'no model', text: `{${MESSAGES}}`, code: 'request_invalid', param: 'model' },
    { name: 'a numeric model', text: `{"model":1,${MESSAGES}}`, code: 'request_invalid', param: 'model' },
    { name: 'an empty model', text: `{"model":"",${MESSAGES}}`, code: 'request_invalid', param: 'model' },
    { name: 'a model with a line break', text: `{"model":"a\\r\\nx: y",${MESSAGES}}`, code: 'request_invalid', param: 'model' },
    { name: 'a very long model', text: `{"model":"${'m'.repeat(300)}",${MESSAGES}}`, code: 'request_invalid', param: 'model' },
    { name: 'no messages', text: '{"model":"m"}', code: 'request_invalid', param: 'messages' },
    { name: 'messages as a string', text: '{"model":"m","messages":"hi"}', code: 'request_invalid', param: 'messages' },
    { name: 'empty messages', text: '{"model":"m","messages":[ ]}', code: 'request_invalid', param: 'messages' },
    { name: 'messages of strings', text: '{"model":"m","messages":["hi"]}', code: 'request_invalid', param: 'messages[0]' },
    { name: 'a stream that is a string', text: `{"model":"m","stream":"true",${MESSAGES}}`, code: 'request_invalid', param: 'stream' },
    {
      name: 'a temperature that is a string',
      text: `{"model":"m","temperature":"0",${MESSAGES}}`,
      code: 'request_invalid',
      param: 'temperature',
    },
    { name: 'deep nesting', text: `{"model":"m",${MESSAGES},"x":${'['.repeat(200)}${']'.repeat(200)}}`, code: 'json_invalid' },
    { name: 'invalid UTF-8', text: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), code: 'json_invalid' },
  ]) {
    test(row.name, () => {
      try {
        decodeRequest('chat', Buffer.from(row.text as string));
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
        if (!(error instanceof GatewayError)) return;
        expect(error.code as string).toBe(row.code);
        if (row.param !== undefined) expect(error.options.param).toBe(row.param);
      }
    });
  }
});
