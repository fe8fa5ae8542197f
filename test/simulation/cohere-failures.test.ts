/* What the simulated Cohere API and the rerankers beside it say when they do not answer, and what they refuse in a request. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { CohereClientV2, CohereError } from 'cohere-ai';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

type Json = Record<string, unknown>;

const KEY = { authorization: 'Bearer any', 'content-type': 'application/json' };
const messages = [{ role: 'user', content: 'Hello' }];
const post = (path: string, body: unknown, headers: Record<string, string> = KEY) =>
  fetch(`${simulator.url}${path}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

const BODIES: Readonly<Record<string, (model: string) => object>> = {
  '/v2/chat': (model) => ({ model, messages }),
  '/v2/embed': (model) => ({ model, texts: ['a'], input_type: 'search_query' }),
  '/v2/rerank': (model) => ({ model, query: 'a', documents: ['a'] }),
};

describe('instead of an answer', () => {
  for (const [fault, status] of [
    ['status=401', 401],
    ['status=404', 404],
    ['status=422', 422],
    ['status=429', 429],
    ['status=498', 498],
    ['status=500', 500],
    ['status=503', 503],
    ['content-policy', 498],
    ['context-length', 400],
  ] as const) {
    for (const [path, body] of Object.entries(BODIES)) {
      test(`${fault} is an error in Cohere’s shape (${path})`, async () => {
        const reply = await post(path, body(`sim-1!${fault}`));
        expect(reply.status).toBe(status);
        expect(await reply.json()).toEqual({ id: expect.any(String), message: expect.any(String) });
      });
    }
  }

  test('Cohere’s client has a class for it', async () => {
    const client = new CohereClientV2({ token: 'any', environment: simulator.url, maxRetries: 0 });
    const asked = (model: string) => rejection(client.chat({ model, messages: [{ role: 'user', content: 'Hello' }] }));
    expect(await asked('sim-1!status=429')).toBeInstanceOf(CohereError);
    expect(await asked('sim-1!status=429')).toMatchObject({ statusCode: 429 });
  });

  test('the other rerankers fail in shapes of their own', async () => {
    const rerank = (model: string) => ({ model, query: 'a', documents: ['a'] });
    expect(await (await post('/jina/v1/rerank', rerank('sim-1!status=429'))).json()).toEqual({ detail: expect.any(String) });
    expect(await (await post('/voyage/v1/rerank', { ...rerank('sim-1'), documents: [] })).json()).toEqual({
      detail: expect.stringMatching(/documents/),
    });
    const tei = await post('/rerank', { query: 'a', texts: ['a'] }, { 'x-simulate': 'status=429' });
    expect([tei.status, await tei.json()]).toEqual([429, { error: 'Model is overloaded', error_type: 'Overloaded' }]);
    const batch = await post('/rerank', { query: 'a', texts: Array.from({ length: 33 }, () => 'a') }, {});
    expect([batch.status, await batch.json()]).toEqual([
      413,
      { error: expect.stringMatching(/maximum allowed batch size 32/), error_type: 'Validation' },
    ]);
  });

  test('a refusal is the answer, and an end may have any of the vendor’s reasons', async () => {
    const reply = (await (await post('/v2/chat', BODIES['/v2/chat']?.('sim-1!refusal'))).json()) as Json;
    const timedOut = (await (await post('/v2/chat', BODIES['/v2/chat']?.('sim-1!finish=TIMEOUT'))).json()) as Json;
    expect(timedOut['finish_reason']).toBe('TIMEOUT');
    expect(reply).toMatchObject({ finish_reason: 'COMPLETE', message: { content: [{ text: expect.stringMatching(/sorry/) }] } });
  });
});

describe('within a stream', () => {
  const raw = (fault: string) =>
    rawExchange(
      simulator.url,
      [
        rawRequest({
          target: '/v2/chat',
          headers: KEY,
          body: JSON.stringify({ model: `sim-1!tokens=6,${fault}`, messages, stream: true }),
        }),
      ],
      { timeoutMs: 600 },
    );
  const events = (body: string) => body.split('\n\n').filter((event) => event !== '');
  const dataOf = (event: string | undefined) => /^data: (.*)$/m.exec(event ?? '')?.[1] ?? '';

  test('events have a name and the same type, and the end is told twice', async () => {
    const all = events((await raw('')).body);
    for (const event of all.slice(0, -1)) {
      expect(/^event: (.*)$/m.exec(event)?.[1]).toBe((JSON.parse(dataOf(event)) as { type: string }).type);
    }
    expect(dataOf(all.at(-2))).toContain('"finish_reason":"COMPLETE"');
    expect(all.at(-1)).toBe('data: [DONE]');
  });

  test('the connection is cut, ended, or falls silent after n tokens', async () => {
    expect(await raw('cut-after=3')).toMatchObject({ status: 200, complete: false, connection: 'reset' });
    expect(await raw('stall-after=3')).toMatchObject({ status: 200, complete: false, connection: 'open' });
    const ended = await raw('end-after=3');
    expect(ended.complete).toBe(true);
    expect(events(ended.body).filter((event) => event.includes('content-delta'))).toHaveLength(3);
    expect(ended.body).not.toContain('message-end');
    expect(await raw('empty')).toMatchObject({ status: 200, body: '', complete: true });
  });

  test('an error in band is the message’s end', async () => {
    const last = events((await raw('error-after=2')).body).at(-1);
    expect(JSON.parse(dataOf(last))).toEqual({ type: 'message-end', delta: { finish_reason: 'ERROR', error: 'internal server error' } });
  });

  test('an event is malformed, another huge, and finish, usage or the end may be missing', async () => {
    const broken = events((await raw('malformed-after=2')).body).filter((event) => !/[}\]]$/.test(event));
    expect(broken).toHaveLength(1);
    expect(Math.max(...events((await raw('huge-event=50000')).body).map((event) => event.length))).toBeGreaterThan(50_000);
    expect((await raw('no-finish')).body).not.toContain('finish_reason');
    expect((await raw('no-usage')).body).not.toContain('usage');
    expect((await raw('no-done')).body).not.toContain('message-end');
  });
});

describe('a request', () => {
  const chat = (more: object) => ({ model: 'sim-1', messages, ...more });
  const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
  const rows: [name: string, path: string, body: unknown, message: RegExp][] = [
    ['with broken JSON', '/v2/chat', '{', /^invalid json syntax/],
    ['without a model', '/v2/chat', { messages }, /^invalid request: model is required$/],
    ['without messages', '/v2/chat', { model: 'sim-1' }, /must have at least one message/],
    [
      'with a field nobody knows',
      '/v2/chat',
      chat({ stream_options: {} }),
      /^unknown field: parameter stream_options is not a valid field$/,
    ],
    [
      'with max_tokens as text',
      '/v2/chat',
      chat({ max_tokens: '3' }),
      /^invalid type: parameter max_tokens is of type string but should be of type number\.$/,
    ],
    ['that is too hot', '/v2/chat', chat({ temperature: 2 }), /temperature must be between 0 and 1/],
    [
      'with a role nobody has',
      '/v2/chat',
      chat({ messages: [{ role: 'developer', content: 'a' }] }),
      /role must be one of user, assistant, system, tool/,
    ],
    ['with a message of nothing', '/v2/chat', chat({ messages: [{ role: 'user', content: '' }] }), /must have content or tool calls/],
    ['with six stop sequences', '/v2/chat', chat({ stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] }), /at most 5/],
    [
      'with a format and tools',
      '/v2/chat',
      chat({ tools, response_format: { type: 'json_object' } }),
      /not supported in combination with tools or documents/,
    ],
    [
      'with a call and no result',
      '/v2/chat',
      chat({ messages: [...messages, { role: 'assistant', tool_calls: [call] }, ...messages] }),
      /tool calls without results: a/,
    ],
    [
      'with a result and no call',
      '/v2/chat',
      chat({ messages: [...messages, { role: 'tool', tool_call_id: 'a', content: 'x' }] }),
      /tool_call_id a is not among the tool calls/,
    ],
    ['that requires a tool of none', '/v2/chat', chat({ tool_choice: 'REQUIRED' }), /REQUIRED needs tools/],
    ['to embed for no purpose', '/v2/embed', { model: 'sim-1', texts: ['a'] }, /input_type is required/],
    [
      'to embed texts and pictures',
      '/v2/embed',
      { model: 'sim-1', input_type: 'image', texts: ['a'], images: ['b'] },
      /exactly one of texts, images and inputs/,
    ],
    [
      'to embed too much',
      '/v2/embed',
      { model: 'sim-1', input_type: 'clustering', texts: Array.from({ length: 97 }, () => 'a') },
      /at most 96 - received 97/,
    ],
    [
      'to embed in a number format of its own',
      '/v2/embed',
      { model: 'sim-1', input_type: 'clustering', texts: ['a'], embedding_types: ['int4'] },
      /'int4' is not one of/,
    ],
    ['to rerank nothing', '/v2/rerank', { model: 'sim-1', query: 'a', documents: [] }, /documents must not be empty/],
    ['to rerank for nothing', '/v2/rerank', { model: 'sim-1', query: '', documents: ['a'] }, /query is required/],
    [
      'to rerank as in version 1',
      '/v2/rerank',
      { model: 'sim-1', query: 'a', documents: ['a'], return_documents: true },
      /parameter return_documents is not a valid field/,
    ],
  ];
  for (const [name, path, body, message] of rows) {
    test(`${name} is refused`, async () => {
      const reply = await post(path, body);
      expect(reply.status).toBe(400);
      expect(((await reply.json()) as Json)['message']).toMatch(message);
    });
  }

  test('without a key is refused, and for a model that is none', async () => {
    const keyless = await post('/v2/chat', chat({}), {});
    expect([keyless.status, ((await keyless.json()) as Json)['message']]).toEqual([401, 'no api key supplied']);
    await using strict = await startSimulator(['--models', 'only', '--no-any-model']);
    const unknown = await fetch(`${strict.url}/v2/chat`, { method: 'POST', headers: KEY, body: JSON.stringify(chat({})) });
    expect([unknown.status, ((await unknown.json()) as Json)['message']]).toEqual([404, expect.stringMatching(/^model 'sim-1' not found/)]);
  });
});
