import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { GatewayError } from '../../base/errors.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import { ollama } from './ollama.ts';
import { decodeModelRequest } from './request.ts';

const KINDS: Readonly<Record<string, OperationKind>> = { chat: 'chat', generate: 'completion', embed: 'embed', embeddings: 'embed' };
const nothing = { hasModel: () => false };

function decode(form: string, body: object | string, names: readonly string[] = []): Operation {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return ollama.decode(KINDS[form] ?? 'chat', bytes, { form, hasModel: (name) => names.includes(name) });
}

const HELLO = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };

describe('what is asked', () => {
  for (const [name, form, body, want] of [
    ['a chat streams unless told not to', 'chat', HELLO, { kind: 'chat', stream: true, deterministic: false }],
    ['a chat with `stream: null` streams', 'chat', { ...HELLO, stream: null }, { stream: true }],
    ['a chat may be whole', 'chat', { ...HELLO, stream: false }, { stream: false }],
    [
      'generate streams, and is a chat of one turn',
      'generate',
      { model: 'm', prompt: 'a' },
      { kind: 'chat', form: 'generate', stream: true },
    ],
    ['with fields that say nothing, too', 'generate', { model: 'm', prompt: 'a', raw: false, context: [], suffix: '' }, { kind: 'chat' }],
    ['generate with a suffix is none', 'generate', { model: 'm', prompt: 'a', suffix: 'b' }, { kind: 'completion', stream: true }],
    ['nor with a template', 'generate', { model: 'm', prompt: 'a', template: '{{ .Prompt }}' }, { kind: 'completion' }],
    ['nor raw', 'generate', { model: 'm', prompt: 'a', raw: true }, { kind: 'completion' }],
    ['nor going on from tokens', 'generate', { model: 'm', prompt: 'a', context: [1] }, { kind: 'completion' }],
    ['nor loading a model', 'generate', { model: 'm' }, { kind: 'completion', command: true }],
    ['embeddings never do', 'embed', { model: 'm', input: 'a', stream: true }, { kind: 'embed', stream: false, deterministic: true }],
    ['nor do the older ones', 'embeddings', { model: 'm', prompt: 'a' }, { kind: 'embed', stream: false, deterministic: true }],
    ['temperature 0 is deterministic', 'chat', { ...HELLO, options: { temperature: 0 } }, { deterministic: true }],
    ['a seed is', 'generate', { model: 'm', prompt: 'a', options: { seed: 7 } }, { deterministic: true }],
    ['a seed below zero is any', 'generate', { model: 'm', prompt: 'a', options: { seed: -1 } }, { deterministic: false }],
    ['num_predict bounds the answer', 'chat', { ...HELLO, options: { num_predict: 9 } }, { outputTokensMax: 9 }],
    ['no messages load a model', 'chat', { model: 'm', messages: [] }, { command: true, stream: false, deterministic: false }],
    ['messages left out do, too', 'chat', { model: 'm', options: { seed: 1 } }, { command: true, stream: false, deterministic: false }],
    ['so does an empty prompt', 'generate', { model: 'm', prompt: '', keep_alive: 0 }, { command: true, stream: false }],
  ] as const) {
    test(name, () => expect(decode(form, body)).toMatchObject(want));
  }

  test('the path is that of the form', () => {
    expect(Object.keys(KINDS).map((form) => ollama.path(decode(form, { ...HELLO, prompt: 'a', input: 'a' }), 'm'))).toEqual([
      '/chat',
      '/generate',
      '/embed',
      '/embeddings',
    ]);
  });
});

describe('the name of a model', () => {
  for (const [asked, names, means] of [
    ['llama3.2', ['llama3.2'], 'llama3.2'],
    ['llama3.2:latest', ['llama3.2'], 'llama3.2'],
    ['llama3.2', ['llama3.2:latest'], 'llama3.2:latest'],
    ['llama3.2:latest', ['llama3.2', 'llama3.2:latest'], 'llama3.2:latest'],
    ['llama3.2:1b', ['llama3.2'], 'llama3.2:1b'],
    ['llama3.2:latest', [], 'llama3.2:latest'],
    ['hub:5000/a/b:latest', ['hub:5000/a/b'], 'hub:5000/a/b'],
    ['hub:5000/a/b', ['hub:5000/a/b:latest'], 'hub:5000/a/b:latest'],
  ] as const) {
    test(`'${asked}' where ${names.length === 0 ? 'nothing' : names.join(' and ')} is configured means '${means}'`, () => {
      expect(decode('chat', { ...HELLO, model: asked }, names).model).toBe(means);
    });
  }

  test('is spliced where the target has another, and else the bytes are the caller’s own', () => {
    const body = String.raw`{ "model" : "a\u003alatest", "messages":[{"role":"user","content":"x"}] , "options":{"num_ctx":1e4} }`;
    const operation = decode('chat', body, ['a']);
    expect(operation.encode('a:latest', { streamUsage: true })).toBe(operation.bytes);
    expect(Buffer.from(operation.encode('b', { streamUsage: true })).toString()).toBe(body.replace(String.raw`"a\u003alatest"`, '"b"'));
  });
});

describe('what is refused', () => {
  for (const [name, form, body, code, param] of [
    ['nothing', 'chat', '', 'json_invalid', undefined],
    ['what is cut', 'chat', '{"model":"m","messages":[{"role":', 'json_invalid', undefined],
    ['two bodies', 'chat', '{"model":"m"}{"model":"m"}', 'json_invalid', undefined],
    ['a model named twice', 'chat', '{"model":"a","model":"b","messages":[{}]}', 'json_invalid', undefined],
    ['a model named in another spelling', 'chat', '{"model":"a","MODEL":"b","messages":[{}]}', 'request_invalid', 'model'],
    [
      'one that only Go takes for the same',
      'chat',
      '{"model":"a","me\u017f\u017fage\u017f":[],"messages":[{}]}',
      'request_invalid',
      'messages',
    ],
    ['the other such letter', 'generate', '{"model":"a","\u212aeep_alive":0,"prompt":"a"}', 'request_invalid', 'keep_alive'],
    ['a list', 'chat', '[]', 'request_invalid', undefined],
    ['no model', 'chat', '{"messages":[{}]}', 'request_invalid', 'model'],
    ['an empty model', 'generate', '{"model":"","prompt":"a"}', 'request_invalid', 'model'],
    ['a model that is a number', 'embed', '{"model":7,"input":"a"}', 'request_invalid', 'model'],
    ['a model with a line feed', 'embed', '{"model":"a\\nb","input":"a"}', 'request_invalid', 'model'],
    ['messages that are a text', 'chat', '{"model":"m","messages":"Hi"}', 'request_invalid', 'messages'],
    ['messages that are texts', 'chat', '{"model":"m","messages":["Hi"]}', 'request_invalid', 'messages[0]'],
    ['a stream that is a text', 'chat', '{"model":"m","messages":[{}],"stream":"false"}', 'request_invalid', 'stream'],
    ['options that are a list', 'chat', '{"model":"m","messages":[{}],"options":[]}', 'request_invalid', 'options'],
    ['a prompt that is a list', 'generate', '{"model":"m","prompt":["a"]}', 'request_invalid', 'prompt'],
    ['an input that is an object', 'embed', '{"model":"m","input":{}}', 'request_invalid', 'input'],
    ['an older prompt that is a list', 'embeddings', '{"model":"m","prompt":["a"]}', 'request_invalid', 'prompt'],
    ['deep nesting', 'chat', `{"model":"m","messages":${'['.repeat(100)}${']'.repeat(100)}}`, 'json_invalid', undefined],
  ] as const) {
    test(name, () => {
      let thrown: unknown;
      try {
        decode(form, body);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(GatewayError);
      const { code: told, options } = thrown as GatewayError;
      expect([told, options.param]).toEqual([code, param]);
    });
  }

  test('whatever bytes come, the answer is an operation or a refusal that names a row', () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .dictionary(fc.constantFrom('model', 'messages', 'prompt', 'stream', 'options', 'input', 'Model'), fc.jsonValue({ maxDepth: 2 }))
        .map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(KINDS)), body, (form, bytes) => {
        try {
          const operation = ollama.decode(KINDS[form] ?? 'chat', bytes, { form, ...nothing });
          expect(operation.model).not.toBe('');
          expect(operation.encode(operation.model, { streamUsage: true })).toBe(operation.bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          expect((error as GatewayError).status).toBe(400);
        }
      }),
    );
  });
});

describe('a request about a model', () => {
  const about = (body: object, names: readonly string[] = []) =>
    decodeModelRequest(Buffer.from(JSON.stringify(body)), { hasModel: (name) => names.includes(name) });

  test('names it as `model`, or as `name` where it is old', () => {
    expect(about({ model: 'a', name: 'b' }).model).toBe('a');
    expect(about({ name: 'b:latest' }, ['b']).model).toBe('b');
    expect(about({ model: '', name: 'b' }).model).toBe('b');
    expect(Buffer.from(about({ name: 'b', verbose: true }).encode('c')).toString()).toBe('{"name":"c","verbose":true}');
  });

  test('without one is refused', () => {
    for (const body of [{}, { model: '' }, { name: '' }]) expect(() => about(body)).toThrow("'model' must be a name");
    expect(() => about({ Model: 'a' })).toThrow("not 'Model'");
  });
});

describe('a whole reply', () => {
  const inspect = (form: string, reply: string) =>
    ollama.inspectReply(decode(form, { ...HELLO, prompt: 'a', input: 'a' }), Buffer.from(reply));

  test('tells its model and its usage', () => {
    expect(inspect('chat', '{"model":"x","message":{},"done":true,"prompt_eval_count":2,"eval_count":3}')).toEqual({
      model: 'x',
      usage: { inputTokens: 2, outputTokens: 3, totalTokens: 5 },
    });
    expect(inspect('generate', '{"response":"","done":true}')).toEqual({});
    expect(inspect('embed', '{"embeddings":[],"prompt_eval_count":2}')).toEqual({ usage: { inputTokens: 2, totalTokens: 2 } });
    expect(inspect('embeddings', '{"embedding":[]}')).toEqual({});
  });

  for (const [name, form, reply, message] of [
    ['an error in a 200’s clothes', 'chat', '{"error":"no room"}', 'no room'],
    ['a page', 'chat', '<html>', 'no valid JSON'],
    ['another form’s answer', 'chat', '{"response":"a","done":true}', "no 'message'"],
    ['an answer that is not done', 'generate', '{"response":"a","done":false}', 'does not say that it is done'],
    ['an answer that is cut', 'embed', '{"embeddings":[[0.1', 'no valid JSON'],
  ] as const) {
    test(`is not ${name}`, () => expect(() => inspect(form, reply)).toThrow(message));
  }
});

describe('an error', () => {
  test('is a text to clients, with our words beside it', () => {
    const { contentType, body } = ollama.encodeError(new GatewayError('request_invalid', 'bad', { param: 'model' }), 'id-1');
    expect(contentType).toStartWith('application/json');
    expect(JSON.parse(body)).toEqual({ error: 'bad', code: 'request_invalid', param: 'model', correlation_id: 'id-1' });
  });

  test('about a model that is not there has Ollama’s words', () => {
    const { body } = ollama.encodeError(new GatewayError('model_unknown', 'x', { detail: { model: 'a' } }), 'id-1');
    expect(JSON.parse(body)).toMatchObject({ error: "model 'a' not found: GET /api/tags lists those that are there" });
  });

  test('inside a stream is a line', () => {
    const line = Buffer.from(ollama.encodeStreamError(new GatewayError('upstream_error', 'a\nb'), 'id-1')).toString();
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toMatchObject({ error: 'a\nb' });
  });

  for (const [status, body, code, message] of [
    [404, '{"error":"model \'a\' not found"}', 'upstream_model_unknown', "model 'a' not found"],
    [
      400,
      '{"error":"the input length exceeds the context length"}',
      'context_length_exceeded',
      'the input length exceeds the context length',
    ],
    [400, '{"error":"invalid options"}', 'request_invalid', 'invalid options'],
    [401, '{"error":"unauthorized"}', 'upstream_credentials', 'the upstream refused the credential of the gateway'],
    [503, '{"error":"server busy, please try again"}', 'upstream_error', 'server busy, please try again'],
    [500, '<html>', 'upstream_error', 'the upstream answered 500'],
    [500, '{"error":{"message":"odd"}}', 'upstream_error', 'odd'],
    [429, '[]', 'upstream_rate_limited', 'the upstream answered 429'],
  ] as const) {
    test(`of an upstream, ${status} ${body}, is ${code}`, () => {
      expect(ollama.classifyError(status, new Headers(), Buffer.from(body))).toMatchObject({ code, message });
    });
  }
});
