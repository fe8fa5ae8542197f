/*
 * The simulated AI services: every one answers a reasonable request, refuses a bad one in FastAPI's shape, tells its health, and fails on
 * demand. The table is also what their guide (docs/guides/simulator.md) is written from.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SERVICES } from '../../src/simulate/services/catalog.ts';
import { freePort } from '../harness/free-port.ts';
import { startGatehouse } from '../harness/process.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

interface Row {
  readonly service: string;
  readonly path: string;
  readonly ask: object;
  readonly answers: object;
  /** What is wrong in each, and the place that the answer names. */
  readonly bad: readonly (readonly [body: object, at: readonly (string | number)[]])[];
}

const text = expect.any(String);
const number = expect.any(Number);

const ROWS: readonly Row[] = [
  {
    service: 'recommendation-service',
    path: '/api/v1/recommendations/personalized',
    ask: { user_id: 'alice-001', limit: 2, category: 'travel', exclude: ['sku-1001'] },
    answers: {
      user_id: 'alice-001',
      recommendations: [
        { item_id: text, score: number },
        { category: 'travel', reason: text },
      ],
    },
    bad: [
      [{}, ['body', 'user_id']],
      [{ user_id: 'a', limit: 0 }, ['body', 'limit']],
      [{ user_id: 7 }, ['body', 'user_id']],
    ],
  },
  {
    service: 'search-service',
    path: '/api/v1/search/query',
    ask: { query: 'compass' },
    answers: { query: 'compass', total: 10, results: [{ id: 'sku-1001', title: 'Brass compass', score: number }, {}, {}] },
    bad: [[{ query: '   ' }, ['body', 'query']]],
  },
  {
    service: 'pricing-service',
    path: '/api/v1/pricing/quote',
    ask: { product_id: 'sku-1007', quantity: 20 },
    answers: { product_id: 'sku-1007', currency: 'EUR', list_price: 14.9, discount_percent: 8, unit_price: number, total: number },
    bad: [[{ product_id: 'x', quantity: 1.5 }, ['body', 'quantity']]],
  },
  {
    service: 'chatbot-service',
    path: '/api/v1/chat/message',
    ask: { message: 'Where is my order?' },
    answers: { session_id: text, intent: 'order_status', reply: text, confidence: number },
    bad: [[{ text: 'hello' }, ['body', 'message']]],
  },
  {
    service: 'fraud-service',
    path: '/api/v1/fraud/score',
    ask: { transaction_id: 't-1', amount: 9_000, country: 'DE', card_country: 'BR' },
    answers: { decision: 'decline', reasons: ['amount_unusually_high', 'country_differs_from_card'], risk_score: number },
    bad: [
      [{ transaction_id: 't-1' }, ['body', 'amount']],
      [{ transaction_id: 't-1', amount: -1 }, ['body', 'amount']],
    ],
  },
  {
    service: 'forecast-service',
    path: '/api/v1/forecast/demand',
    ask: { product_id: 'sku-1001', horizon_days: 3, history: [10, 12, 11] },
    answers: { forecast: [{ day: 1, mean: number, low: number, high: number }, { day: 2 }, { day: 3 }] },
    bad: [
      [{ product_id: 'x', horizon_days: 91 }, ['body', 'horizon_days']],
      [{ product_id: 'x', history: [1, 'two'] }, ['body', 'history', 1]],
    ],
  },
  {
    service: 'vision-service',
    path: '/api/v1/vision/classify',
    ask: { image_url: 'https://example.com/cat.jpg', top_k: 2 },
    answers: { labels: [{ label: text, confidence: number, box: [number, number, number, number] }, {}] },
    bad: [
      [{}, ['body']],
      [{ image_base64: '%%%%' }, ['body', 'image_base64']],
      [{ image_url: 'file:///etc/passwd' }, ['body', 'image_url']],
    ],
  },
  {
    service: 'stillme',
    path: '/api/search',
    ask: { query: 'circuit breaker', user_id: 'test' },
    answers: { query: 'circuit breaker', count: 3, results: [{ id: 'doc-handbook-2' }, {}, {}] },
    bad: [[{ user_id: 'test' }, ['body', 'query']]],
  },
  {
    service: 'stillme',
    path: '/api/chat',
    ask: { message: 'Hello', user_id: 'test' },
    answers: { response: expect.stringContaining('Hello'), user_id: 'test' },
    bad: [[{ message: '', user_id: 'test' }, ['body', 'message']]],
  },
  {
    service: 'twin',
    path: '/v1/chat',
    ask: { messages: [{ role: 'user', content: 'Hello, Twin' }], conversation_id: 'c-1' },
    answers: { response: expect.stringContaining('Hello, Twin'), conversation_id: 'c-1', agent: 'twin' },
    bad: [
      [{}, ['body']],
      [{ messages: [{ role: 'user' }] }, ['body', 'messages', 0, 'content']],
    ],
  },
  {
    service: 'agent_controller',
    path: '/v1/query',
    ask: { query: 'What is the capital of France?', session_id: 's-1', options: { max_tokens: 1_000, temperature: 0.7 } },
    answers: { answer: expect.stringContaining('Paris'), session_id: 's-1', sources: [{ id: 'doc-handbook-1', score: number }, {}] },
    bad: [
      [{ question: 'x' }, ['body', 'query']],
      [{ query: 'x', options: { temperature: 3 } }, ['body', 'options', 'temperature']],
    ],
  },
];

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

function post(path: string, body: unknown, url = simulator.url): Promise<Response> {
  return fetch(`${url}${path}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
}

describe('all on one port', () => {
  for (const { service, path, ask, answers, bad } of ROWS) {
    test(`${service} answers ${path}, the same each time`, async () => {
      const first = await post(path, ask);
      expect(first.status).toBe(200);
      const bytes = await first.text();
      expect(JSON.parse(bytes)).toMatchObject(answers);
      expect(await (await post(path, ask)).text()).toBe(bytes);
    });

    test(`${service} refuses what is wrong, and says where`, async () => {
      for (const [body, at] of bad) {
        const reply = await post(path, body);
        expect(reply.status).toBe(422);
        const { detail } = (await reply.json()) as { detail: { loc: unknown[]; msg: string; type: string }[] };
        expect(detail[0]).toEqual({ loc: [...at], msg: text, type: text });
      }
      const broken = await post(path, '{"cut');
      // Ollama shares `/api/chat`, and its shape is told to whoever cannot be told apart.
      expect(broken.status).toBe(path === '/api/chat' ? 400 : 422);
    });

    test(`${service} fails on demand`, async () => {
      const failing = await post(`${path}?simulate=status=503,retry-after=2`, ask);
      expect([failing.status, failing.headers.get('retry-after')]).toEqual([503, '2']);
      expect(await rejection(post(`${path}?simulate=reset`, ask))).toBeInstanceOf(Error);
    });
  }

  test('an answer is cut in its middle on demand', async () => {
    const body = '{"product_id":"sku-1"}';
    const target = '/api/v1/pricing/quote?simulate=cut-after=0';
    const reply = await rawExchange(simulator.url, [
      rawRequest({ method: 'POST', target, headers: { 'Content-Length': String(body.length) } }),
      body,
    ]);
    expect(reply.complete).toBe(false);
  });

  test('a path that no service has is 404 in the shape of a service, and too large a body 413', async () => {
    const unknown = await post('/api/v1/pricing/guess', {});
    expect([unknown.status, await unknown.json()]).toEqual([404, { detail: expect.stringContaining('/api/v1/pricing/guess') }]);
    const large = await post('/api/v1/search/query', JSON.stringify({ query: 'x'.repeat(10_485_760) }));
    expect(large.status).toBe(413);
  });

  test('Ollama keeps its chat beside that of StillMe', async () => {
    const reply = await post('/api/chat', { model: 'sim-1', messages: [{ role: 'user', content: 'Hello' }], stream: false });
    expect(await reply.json()).toMatchObject({ done: true, message: { role: 'assistant' } });
  });
});

describe('one alone', () => {
  test('is that one, with its own name, and no model', async () => {
    await using pricing = await startSimulator(['--service', 'pricing-service']);
    expect((await post('/api/v1/pricing/quote', { product_id: 'x' }, pricing.url)).status).toBe(200);
    expect(await (await fetch(`${pricing.url}/health`)).json()).toEqual({ status: 'healthy', ok: true, service: 'pricing-service' });
    for (const path of ['/api/v1/search/query', '/v1/chat/completions', '/v1/query']) {
      const reply = await post(path, { query: 'x' }, pricing.url);
      expect([path, reply.status, await reply.json()]).toEqual([path, 404, { detail: text }]);
    }
  });

  test('infers in the name of its language, and the knowledge system answers from documents alone', async () => {
    await using node = await startSimulator(['--service', 'node']);
    expect(await (await post('/infer', { prompt: 'hello' }, node.url)).json()).toMatchObject({
      service: 'service-node',
      output: 'echo: hello',
    });
    await using knowledge = await startSimulator(['--service', 'knowledge_system']);
    const answer = await (await post('/v1/query', { query: 'What is the capital of France?' }, knowledge.url)).json();
    expect(answer).toMatchObject({ answered_by: 'knowledge_system', sources: [{ id: 'doc-handbook-1' }, {}, {}] });
  });

  test('is refused when nobody knows it', async () => {
    const error = String(await rejection(startGatehouse(['simulate', '--service', 'oracle'], { readyPattern: /never/ })));
    expect(error).toContain('--service needs one of recommendation-service');
    expect(error).toContain('ended with code 2');
  });
});

describe('each on a port of its own', () => {
  test('is listed with its variable, and answers there', async () => {
    await using all = await startGatehouse(['simulate', '--port', '0', '--each'], { readyPattern: /export KNOWLEDGE_SYSTEM_URL/ });
    const variables = new Map(
      all.stdout
        .flatMap((line) => /export (\w+)=(\S+)/.exec(line)?.slice(1) ?? [])
        .map((value, index, list) => [value, list[index + 1] ?? '']),
    );
    for (const { variable, name, calledAs = name } of SERVICES) {
      const health = await fetch(`${variables.get(variable)}/health`);
      expect([variable, await health.json()]).toEqual([variable, { status: 'healthy', ok: true, service: calledAs }]);
    }
  });

  test('starts none where one port is taken', async () => {
    const port = freePort();
    const blocker = Bun.listen({ hostname: '127.0.0.1', port: port + 3, socket: { data() {} } });
    const error = String(await rejection(startGatehouse(['simulate', '--each', '--port', String(port)], { readyPattern: /never/ })));
    blocker.stop(true);
    // Another of the range may have been taken by somebody else meanwhile.
    expect(error).toMatch(/port \d+ of 127\.0\.0\.1 is taken/);
    expect(error).toContain('ended with code 1');
    expect(await rejection(fetch(`http://127.0.0.1:${port}/`))).toBeInstanceOf(Error);
  });
});
