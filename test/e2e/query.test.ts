/* POST /v1/query against the real process: a question in the older gateway's form, answered through the same call as chat requests. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-query-00000001';
const NARROW = 'sk-query-00000002';
let simulator: SimulatorProcess;
let gateway: GatewayProcess;

function config(more: object = {}): object {
  return {
    auth: {
      keys: [
        { name: 'one', key: KEY },
        { name: 'narrow', key: NARROW, models: ['sim-2'] },
      ],
    },
    limits: { default: {} },
    providers: {
      simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` },
      gone: { type: 'openai-compatible', base_url: 'http://127.0.0.1:9/v1' },
    },
    models: {
      'sim-1': { targets: [{ provider: 'gone' }, { provider: 'simulator', priority: 1 }] },
      'sim-2': { targets: [{ provider: 'simulator' }] },
      down: { targets: [{ provider: 'gone' }] },
    },
    cache: { routes: [{ match: '/v1/query', ttl: '5m' }] },
    ...more,
  };
}

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({ config: config() });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

async function ask(body: unknown, key: string = KEY, to: GatewayProcess = gateway) {
  const reply = await to.request('/v1/query', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as ReturnType<typeof JSON.parse> };
}

describe('a query', () => {
  test('is answered by the default model, over a fallback if need be', async () => {
    const { status, headers, body } = await ask({
      query: 'What is a gatehouse?',
      session_id: 's-1',
      options: { max_tokens: 7, temperature: 0.5 },
    });
    expect(status).toBe(200);
    expect(headers.get('x-gatehouse-attempts')).toBe('2');
    expect(body).toEqual({
      answer: expect.stringMatching(/\w/),
      response: body.answer,
      query: 'What is a gatehouse?',
      session_id: 's-1',
      sources: [],
      model: 'sim-1',
      usage: expect.objectContaining({ completion_tokens: 7 }),
      metadata: {
        finish_reason: 'length',
        generation_ms: expect.any(Number),
        total_ms: expect.any(Number),
        left_out: ['knowledge', 'session_memory'],
        ignored_options: [],
      },
    });
    expect(body.metadata.total_ms).toBeGreaterThanOrEqual(body.metadata.generation_ms);
  });

  test('may name its model, and options that mean nothing are named in turn', async () => {
    const { body } = await ask({ query: 'x', options: { model: 'sim-2', use_rag: true, constructor: 1, top_p: null } });
    expect(body).toMatchObject({
      model: 'sim-2',
      session_id: null,
      metadata: { ignored_options: ['options.use_rag', 'options.constructor'] },
    });
  });

  test('is held to the models of its key', async () => {
    expect(await ask({ query: 'x' }, NARROW)).toMatchObject({ status: 403, body: { error: { code: 'model_forbidden' } } });
    expect((await ask({ query: 'x', options: { model: 'sim-2' } }, NARROW)).status).toBe(200);
    expect((await ask({ query: 'x' }, 'sk-nobody-000000')).status).toBe(401);
  });

  test('that asks the same again is answered from the cache, each session with its own id', async () => {
    const first = await ask({ query: 'again?', session_id: 'a', options: { temperature: 0 } });
    const second = await ask({ query: 'again?', session_id: 'b', options: { temperature: 0 } });
    expect([first.headers.get('x-cache'), second.headers.get('x-cache')]).toEqual(['MISS', 'HIT']);
    expect(second.body).toMatchObject({ answer: first.body.answer, session_id: 'b' });
    expect((await ask({ query: 'again?', options: { temperature: 0.9 } })).headers.get('x-cache')).toBeNull();
  });

  test('to a model that is down fails as a chat request does', async () => {
    const { status, body } = await ask({ query: 'x', options: { model: 'down' } });
    expect(status).toBe(502);
    expect(body.error).toMatchObject({ code: 'upstream_unreachable' });
  });

  for (const { body, param, status = 400 } of [
    { body: {}, param: 'query' },
    { body: { query: 7 }, param: 'query' },
    { body: { query: '  ' }, param: 'query' },
    { body: { query: 'x'.repeat(100_001) }, param: 'query' },
    { body: { query: 'x', session_id: 5 }, param: 'session_id' },
    { body: { query: 'x', session_id: '' }, param: 'session_id' },
    { body: { query: 'x', options: [] }, param: 'options' },
    { body: { query: 'x', options: { temperature: 3 } }, param: 'options.temperature' },
    { body: { query: 'x', options: { max_tokens: 0 } }, param: 'options.max_tokens' },
    { body: { query: 'x', options: { stop: [1] } }, param: 'options.stop' },
    { body: { query: 'x', options: { stream: true } }, param: 'options.stream' },
    { body: { query: 'x', options: { model: 'none' } }, param: 'model', status: 404 },
    { body: '[]', param: null },
    { body: '{"query":', param: null },
    { body: `{"query":"x","options":{"a":${'['.repeat(100)}${']'.repeat(100)}}}`, param: null },
    { body: '', param: null },
  ]) {
    test(`such as ${JSON.stringify(body).slice(0, 60)} is refused, by the field '${param}'`, async () => {
      const reply = await ask(body);
      expect(reply.status).toBe(status);
      expect(reply.body.error.param ?? null).toBe(param);
    });
  }

  test('goes to the agent controller where there is one', async () => {
    await using own = await startGateway({ config: config(), env: { AGENT_CONTROLLER_URL: `${simulator.url}/anything` } });
    const { status, body } = await ask({ query: 'x', anything: 'else' }, KEY, own);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain('anything');
    expect(body.answer).toBeUndefined();
  });

  test('that names no model, where none is configured, is answered by the first that the provider lists', async () => {
    await using own = await startGateway({
      config: config({
        models: {},
        providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, models: ['*'] } },
      }),
    });
    expect(await ask({ query: 'x' }, KEY, own)).toMatchObject({ status: 200, body: { model: expect.stringMatching(/^sim-/) } });
    expect((await ask({ query: 'x', options: { model: 'sim-1' } }, KEY, own)).status).toBe(200);
  });
});

describe('a query beside documents and memories', () => {
  test('is answered from them, and names them', async () => {
    await using own = await startGateway({
      config: {
        ...config(),
        auth: {
          keys: [
            { name: 'ann', key: KEY, tenant: 'acme', user: 'ann' },
            { name: 'bob', key: NARROW, tenant: 'acme', user: 'bob' },
          ],
        },
        cache: {},
        state: { records: 'memory' },
        context: { deadline: '5s' },
      },
    });
    const form = new FormData();
    form.set('file', new File(['# Gate\n\nThe portcullis weighs ninety stone.\n'], 'gate.md'));
    await own.request('/v1/upload', { method: 'POST', body: form, headers: { authorization: `Bearer ${KEY}` } });
    const { body } = await ask({ query: 'How much does the portcullis weigh?', session_id: 's-1' }, KEY, own);
    expect(body.sources[0]).toMatchObject({ type: 'document', source: 'gate.md', text: expect.stringContaining('ninety stone'), score: 1 });
    expect(body.metadata.left_out).toEqual([]);
    // What the one asked, and has, the other does not meet.
    const other = await ask({ query: 'How much does the portcullis weigh?', session_id: 's-1' }, NARROW, own);
    expect(JSON.stringify(other.body.sources)).not.toContain('ninety');
    expect(other.body.metadata.left_out).toEqual(['knowledge']);
    await ask({ query: 'My favourite bird is the heron.', session_id: 's-1' }, KEY, own);
    const remembered = await eventually(async () => {
      const { sources } = (await ask({ query: 'Which bird is my favourite?', session_id: 's-2' }, KEY, own)).body as {
        sources: { type: string; text: string }[];
      };
      return sources.find(({ type, text }) => type === 'memory' && text.includes('heron'));
    });
    expect(remembered).toBeDefined();
  });
});
