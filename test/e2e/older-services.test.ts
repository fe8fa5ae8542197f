/*
 * The services of the older gateways, found by their documented variables alone: every route with the real process and real servers behind
 * it, and what happens when those fail. The simulators know what they were asked, so both sides of every request are looked at.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEYS = { app: 'sk-older-000000000000', admin: 'sk-older-admin-00000' };
const bearer = (key: string) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });

/** The seven of the AI microservices gateway, with a request that each understands. */
const SEVEN = [
  {
    variable: 'RECOMMENDATION_SERVICE_URL',
    name: 'recommendation-service',
    segment: 'recommendations',
    ask: { user_id: 'alice-001' },
    field: 'recommendations',
  },
  { variable: 'SEARCH_SERVICE_URL', name: 'search-service', segment: 'search', ask: { query: 'compass' }, field: 'results' },
  { variable: 'PRICING_SERVICE_URL', name: 'pricing-service', segment: 'pricing', ask: { product_id: 'sku-1001' }, field: 'unit_price' },
  { variable: 'CHATBOT_SERVICE_URL', name: 'chatbot-service', segment: 'chat', ask: { message: 'Hello' }, field: 'reply' },
  { variable: 'FRAUD_SERVICE_URL', name: 'fraud-service', segment: 'fraud', ask: { transaction_id: 't', amount: 5 }, field: 'decision' },
  { variable: 'FORECAST_SERVICE_URL', name: 'forecast-service', segment: 'forecast', ask: { product_id: 'sku-1001' }, field: 'forecast' },
  {
    variable: 'VISION_SERVICE_URL',
    name: 'vision-service',
    segment: 'vision',
    ask: { image_url: 'https://example.com/a.png' },
    field: 'labels',
  },
] as const;

let cleanup: AsyncDisposableStack;
let services: SimulatorProcess;
let python: SimulatorProcess;
let node: SimulatorProcess;
let twin: SimulatorProcess;
let agent: SimulatorProcess;
let knowledge: SimulatorProcess;
let gateway: GatewayProcess;

const CONFIG = {
  server: { trusted_proxies: ['127.0.0.1'] },
  auth: {
    keys: [
      { name: 'app', key: KEYS.app },
      { name: 'admin', key: KEYS.admin, admin: true },
    ],
  },
  limits: { default: {} },
  // The breakers as the older gateway had them: five failures, and then a while of peace.
  upstream: {
    breaker: { failure_threshold: 5, first_timeout: '60s', timeout: '60s' },
    retries: { base_delay: '5ms', budget_per_second: 1000 },
  },
};

beforeAll(async () => {
  cleanup = new AsyncDisposableStack();
  const start = async (...flags: string[]) => cleanup.use(await startSimulator(flags));
  [services, python, node, twin, agent, knowledge] = await Promise.all([
    start(),
    start('--service', 'python'),
    start('--service', 'node'),
    start('--service', 'twin'),
    start('--service', 'agent_controller'),
    start('--service', 'knowledge_system'),
  ]);
  gateway = cleanup.use(
    await startGateway({
      config: CONFIG,
      env: {
        ...Object.fromEntries(SEVEN.map(({ variable }) => [variable, services.url])),
        STILLME_BACKEND: services.url,
        PY_SERVICE_URL: python.url,
        NODE_SERVICE_URL: node.url,
        TWIN_URL: twin.url,
        AGENT_CONTROLLER_URL: agent.url,
        KNOWLEDGE_SYSTEM_URL: knowledge.url,
      },
    }),
  );
});
afterAll(() => cleanup?.disposeAsync());

function post(path: string, body: unknown, headers: Record<string, string> = {}, at: GatewayProcess = gateway): Promise<Response> {
  return at.request(path, { method: 'POST', headers: { ...bearer(KEYS.app), ...headers }, body: JSON.stringify(body) });
}

const breakers = async () => (await (await gateway.request('/circuit-breakers')).json()) as Record<string, object>;
const reset = (name: string) => gateway.request(`/circuit-breakers/${name}/reset`, { method: 'POST', headers: bearer(KEYS.admin) });

describe('the seven AI microservices', () => {
  for (const { name, segment, ask, field } of SEVEN) {
    const path = `/api/v1/${segment}`;

    test(`${name} answers, on ${path} and below, and has been asked with the caller's correlation id and without its key`, async () => {
      const id = `id-${segment}`;
      const reply = await post(`${path}?page=2`, ask, { 'x-correlation-id': id });
      expect([reply.status, reply.headers.get('x-correlation-id')]).toEqual([200, id]);
      expect(await reply.json()).toHaveProperty(field);
      const seen = (await services.requests(path)).at(-1);
      expect(seen).toMatchObject({ method: 'POST', path, query: '?page=2', body: JSON.stringify(ask) });
      expect(seen?.headers).toMatchObject({ 'x-correlation-id': id, 'content-type': 'application/json', 'x-forwarded-for': '127.0.0.1' });
      expect(seen?.headers).not.toHaveProperty('authorization');

      const without = await post(path, ask);
      const made = without.headers.get('x-correlation-id');
      expect(made).toMatch(/^[\w-]{20,}$/);
      expect((await services.requests(path)).at(-1)?.headers['x-correlation-id']).toBe(made ?? '');
      expect(await breakers()).toMatchObject({ [name]: { state: 'closed', failure_count: 0, recent_failures: 0, total_calls: 2 } });
    });

    test(`${name} may refuse: its 422 is its caller's, word for word`, async () => {
      const reply = await post(path, {});
      expect(reply.status).toBe(422);
      const { detail } = (await reply.json()) as { detail: object[] };
      expect(detail[0]).toMatchObject({ loc: expect.arrayContaining(['body']), msg: expect.any(String) });
      expect((await breakers())[name]).toMatchObject({ state: 'closed', failure_count: 0 });
    });

    test(`${name} is asked again after a hiccup, and nobody notices`, async () => {
      await services.fault(`status=500,times=1,key=${name}`, path);
      const before = (await services.requests(path)).length;
      const reply = await post(path, ask);
      await services.fault('');
      expect([reply.status, reply.headers.get('x-gatehouse-attempts')]).toEqual([200, '2']);
      expect((await services.requests(path)).length).toBe(before + 2);
    });

    test(`${name} is left alone after five failures, alone of all, and told so as documented`, async () => {
      await reset(name);
      // A 503 with no time named is not asked again: the five are five requests' own.
      await services.fault('status=503', path);
      const before = (await services.requests(path)).length;
      for (let count = 0; count < 5; count += 1) expect((await post(path, ask)).status).toBe(503);
      const asked = (await services.requests(path)).length - before;
      const refused = await post(path, ask, { 'x-correlation-id': 'abc-123' });
      expect(refused.status).toBe(503);
      expect(await refused.json()).toMatchObject({
        error: { type: 'service_unavailable', message: `Circuit breaker '${name}' is OPEN`, correlation_id: 'abc-123' },
      });
      expect((await services.requests(path)).length - before).toBe(asked);
      const board = await breakers();
      expect(board[name]).toMatchObject({ state: 'open', failure_count: 5, recent_failures: 5, total_calls: expect.any(Number) });
      for (const { name: other } of SEVEN) if (other !== name) expect(board[other]).toMatchObject({ state: 'closed' });

      await services.fault('');
      expect((await reset(name)).status).toBe(200);
      expect((await post(path, ask)).status).toBe(200);
      expect((await breakers())[name]).toMatchObject({ state: 'closed', failure_count: 0, recent_failures: 0 });
    });
  }

  test('other methods are refused, and other paths unknown', async () => {
    const wrong = await gateway.request('/api/v1/pricing/quote', { headers: bearer(KEYS.app) });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, expect.stringContaining('POST')]);
    expect((await post('/api/v1/pricing/guess', {})).status).toBe(404);
  });

  test('nobody gets in without a key', async () => {
    const reply = await gateway.request('/api/v1/fraud/score', { method: 'POST', body: '{}' });
    expect(reply.status).toBe(401);
    expect(await reply.json()).toMatchObject({ error: { type: 'authentication_error', correlation_id: expect.any(String) } });
  });
});

describe('inference', () => {
  for (const [language, own, other] of [
    ['python', () => python, () => node],
    ['node', () => node, () => python],
  ] as const) {
    test(`/infer/${language} is ${language}'s, and the other one's while that is ill`, async () => {
      const path = `/infer/${language}`;
      const first = await post(path, { prompt: 'hello' });
      expect(await first.json()).toMatchObject({ ok: true, service: `service-${language}`, output: 'echo: hello' });
      expect((await own().requests('/infer')).at(-1)).toMatchObject({ path: '/infer', body: '{"prompt":"hello"}' });

      for (const fault of ['status=503', 'status=500', 'reset']) {
        await own().fault(fault, '/infer');
        const reply = await post(path, { prompt: 'hello' });
        expect([fault, reply.status]).toEqual([fault, 200]);
        expect(await reply.json()).toMatchObject({ service: `service-${language === 'python' ? 'node' : 'python'}` });
        expect(Number(reply.headers.get('x-gatehouse-attempts'))).toBeGreaterThan(1);
        await own().fault('');
      }
      expect((await other().stats()).requests).toBeGreaterThan(0);
      await reset(language);
      expect(await (await post(path, { prompt: 'hello' })).json()).toMatchObject({ service: `service-${language}` });
    });
  }

  test('when both are ill the caller is told what the last one said', async () => {
    await Promise.all([python.fault('status=503', '/infer'), node.fault('status=503', '/infer')]);
    const reply = await post('/infer/python', { prompt: 'hello' });
    await Promise.all([python.fault(''), node.fault('')]);
    expect(reply.status).toBe(503);
    expect(await reply.json()).toEqual({ detail: expect.any(String) });
  });
});

describe('AIVillage', () => {
  const query = { query: 'What is the capital of France?', session_id: 's-1', options: { max_tokens: 1_000, temperature: 0.7 } };

  test('/v1/chat is the Twin’s', async () => {
    const reply = await post('/v1/chat', { message: 'Hello, Twin', conversation_id: 'c-1' }, { 'x-correlation-id': 'village-1' });
    expect([reply.status, reply.headers.get('x-correlation-id')]).toEqual([200, 'village-1']);
    expect(await reply.json()).toMatchObject({ agent: 'twin', conversation_id: 'c-1' });
    expect((await twin.requests('/v1/chat')).at(-1)).toMatchObject({ path: '/v1/chat', headers: { 'x-correlation-id': 'village-1' } });
  });

  test('/v1/query is the agent controller’s, asked once; after it the knowledge system answers', async () => {
    expect(await (await post('/v1/query', query)).json()).toMatchObject({ answered_by: 'agent_controller', session_id: 's-1' });
    await agent.fault('status=500', '/v1/query');
    const before = (await agent.requests('/v1/query')).length;
    const reply = await post('/v1/query', query);
    await agent.fault('');
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({ answered_by: 'knowledge_system', session_id: 's-1' });
    // An agent may have done something: it is not asked twice.
    expect((await agent.requests('/v1/query')).length).toBe(before + 1);
  });

  test('what is wrong with a query is told by the agent controller alone', async () => {
    const before = (await knowledge.requests('/v1/query')).length;
    expect((await post('/v1/query', { question: '?' })).status).toBe(422);
    expect((await knowledge.requests('/v1/query')).length).toBe(before);
  });

  test('a knowledge system alone takes the queries', async () => {
    await using alone = await startGateway({ config: CONFIG, env: { KNOWLEDGE_SYSTEM_URL: knowledge.url } });
    expect(await (await post('/v1/query', query, {}, alone)).json()).toMatchObject({ answered_by: 'knowledge_system' });
  });
});

describe('StillMe', () => {
  /** So many at once; how many came back with each status. */
  async function storm(count: number, path: string, { body, address }: { body: object; address: string }): Promise<Record<number, number>> {
    const replies = await Promise.all(Array.from({ length: count }, () => post(path, body, { 'x-forwarded-for': address })));
    const statuses = await Promise.all(replies.map(async (reply) => [reply.status, await reply.text()] as const));
    return Object.fromEntries([...Map.groupBy(statuses, ([status]) => status)].map(([status, all]) => [status, all.length]));
  }

  test('whatever is below /api is its backend’s, unless it is somebody else’s', async () => {
    const reply = await gateway.request('/api/status?verbose=1', { headers: bearer(KEYS.app) });
    expect(await reply.json()).toMatchObject({ service: 'stillme' });
    expect((await services.requests('/api/status')).at(-1)).toMatchObject({ method: 'GET', query: '?verbose=1' });
    expect(await (await gateway.request('/api/metrics')).json()).toHaveProperty('latency');
  });

  for (const { path, perSecond, body, atOnce, address } of [
    { path: '/api/search', perSecond: 5, body: { query: 'breaker' }, atOnce: 12, address: '203.0.113.5' },
    { path: '/api/chat', perSecond: 10, body: { message: 'Hello', user_id: 'test' }, atOnce: 25, address: '203.0.113.10' },
    { path: '/api/feedback', perSecond: 100, body: {}, atOnce: 140, address: '203.0.113.100' },
  ]) {
    test(`${path} takes ${perSecond} requests a second from one address, whatever the key says`, async () => {
      const startMs = performance.now();
      const { 429: refused = 0, ...others } = await storm(atOnce, path, { body, address });
      const passed = Object.values(others).reduce((sum, count) => sum + count, 0);
      const seconds = (performance.now() - startMs) / 1_000;
      expect(passed).toBeWithin(perSecond, perSecond + Math.ceil(seconds * perSecond) + 1);
      expect(refused).toBe(atOnce - passed);
      const last = await eventually(
        async () => {
          const replies = await Promise.all(Array.from({ length: atOnce }, () => post(path, body, { 'x-forwarded-for': address })));
          return replies.find(({ status }) => status === 429);
        },
        { what: 'a 429' },
      );
      expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await last.json()).toMatchObject({ detail: { error: 'Rate limit exceeded', limit_per_second: perSecond, retry_after: 1 } });
    });
  }
});
