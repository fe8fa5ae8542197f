/* Who answers `/v1/chat` and `/api/chat`: a service where one is configured for them, else the gateway; and which model, where none is named. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-routes-00000000000';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

function config(more: object = {}): object {
  return {
    auth: { keys: [{ name: 'caller', key: KEY, admin: true }] },
    limits: { mode: 'off' },
    providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
    models: {
      first: { targets: [{ provider: 'simulator', model: 'sim-1' }] },
      second: { targets: [{ provider: 'simulator', model: 'sim-2' }] },
    },
    ...more,
  };
}

const service = (routes: readonly string[]) => ({ services: { own: { urls: [simulator.url], routes, rewrite: '/anything' } } });

/** Who answered, by the shape of the answer. */
async function answerer(gateway: GatewayProcess, path: string): Promise<string> {
  const body = path === '/v1/chat' ? { messages: [{ role: 'user', content: 'Hello' }] } : { message: 'Hello' };
  const reply = await gateway.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await reply.json()) as { object?: string; response?: string; method?: string; model?: string };
  if (reply.status !== 200) return String(reply.status);
  if (answer.object === 'unified.chat.completion' || answer.response !== undefined) return `gateway: ${answer.model ?? ''}`;
  return answer.method === 'POST' ? 'service' : JSON.stringify(answer);
}

const both = async (gateway: GatewayProcess) => [await answerer(gateway, '/v1/chat'), await answerer(gateway, '/api/chat')];

describe('a service', () => {
  for (const { routes, want } of [
    { routes: ['POST /v1/chat'], want: ['service', 'gateway: sim-1'] },
    { routes: ['/v1/chat'], want: ['service', 'gateway: sim-1'] },
    { routes: ['/api/*'], want: ['gateway: sim-1', 'service'] },
    { routes: ['POST /api/chat', 'POST /v1/*'], want: ['service', 'service'] },
    { routes: ['GET /v1/chat', '/v1/chat/more', '/api/other'], want: ['gateway: sim-1', 'gateway: sim-1'] },
    // It has what nobody else has.
    { routes: ['/*'], want: ['gateway: sim-1', 'gateway: sim-1'] },
  ]) {
    test(`at ${routes.join(', ')}: ${want.join(', ')}`, async () => {
      await using gateway = await startGateway({ config: config(service(routes)) });
      expect(await both(gateway)).toEqual([...want]);
    });
  }

  test('takes the path at a reload, and gives it back', async () => {
    await using gateway = await startGateway({ config: config() });
    expect(await both(gateway)).toEqual(['gateway: sim-1', 'gateway: sim-1']);
    await gateway.writeConfig(config(service(['POST /v1/chat', '/api/*'])));
    await eventually(async () => (await answerer(gateway, '/v1/chat')) === 'service', { what: 'the service' });
    expect(await both(gateway)).toEqual(['service', 'service']);
    await gateway.writeConfig(config());
    await eventually(async () => (await answerer(gateway, '/v1/chat')) !== 'service', { what: 'the gateway again' });
    expect(await both(gateway)).toEqual(['gateway: sim-1', 'gateway: sim-1']);
  });

  test('that has the folder for single methods keeps each of them, and Ollama its own', async () => {
    await using gateway = await startGateway({ config: config(service(['POST /api/*', 'GET /api/*'])) });
    expect(await answerer(gateway, '/api/chat')).toBe('service');
    const read = await gateway.request('/api/chat', { headers: { authorization: `Bearer ${KEY}` } });
    expect(read.status).toBe(200);
    const unserved = await gateway.request('/api/chat', { method: 'PUT', headers: { authorization: `Bearer ${KEY}` } });
    expect(unserved.status).toBe(405);
  });

  test('is not cached at the path where the gateway would cache its own answers', async () => {
    await using gateway = await startGateway({ config: config(service(['/api/*'])) });
    const before = (await simulator.requests('/anything')).length;
    for (let round = 0; round < 2; round += 1) {
      const reply = await gateway.request('/api/chat', { headers: { authorization: `Bearer ${KEY}` } });
      expect([reply.status, reply.headers.get('x-cache')]).toEqual([200, null]);
    }
    expect((await simulator.requests('/anything')).length).toBe(before + 2);
  });

  for (const { name, path } of [
    { name: 'TWIN_URL', path: '/v1/chat' },
    { name: 'STILLME_BACKEND', path: '/api/chat' },
  ]) {
    test(`named by ${name} answers ${path}`, async () => {
      await using gateway = await startGateway({ config: config(), env: { [name]: simulator.url } });
      // The simulator has no such path: that it was asked is what counts.
      await answerer(gateway, path);
      expect((await simulator.requests(path)).at(-1)?.path).toBe(path);
    });
  }
});

describe('a chat that names no model', () => {
  const models = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, { targets: [{ provider: 'simulator', model: name === 'second' ? 'sim-2' : 'sim-1' }] }]));

  for (const { name, more, want } of [
    { name: 'goes to the one that the configuration names', more: { chat: { default_model: 'second' } }, want: 'gateway: sim-2' },
    {
      name: "goes to the AI platform's, where that is configured",
      more: { models: models(['first', 'llama-3.3-8b-instruct']) },
      want: 'gateway: sim-1',
    },
    { name: 'else to the first', more: { models: models(['second', 'first']) }, want: 'gateway: sim-2' },
    { name: 'but not to one that makes embeddings', more: { models: models(['nomic-embed-text', 'second']) }, want: 'gateway: sim-2' },
  ]) {
    test(name, async () => {
      await using gateway = await startGateway({ config: config(more) });
      expect(await both(gateway)).toEqual([want, want]);
    });
  }

  test('where no model is configured goes to one that the provider says it has, and that is not asked each time', async () => {
    const providers = { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, models: ['*'] } };
    await using gateway = await startGateway({ config: config({ models: {}, providers }) });
    const { data } = (await (await fetch(`${simulator.url}/v1/models`)).json()) as { data: { id: string }[] };
    const before = (await simulator.requests('/v1/models')).length;
    for (let round = 0; round < 3; round += 1) expect(await both(gateway)).toEqual([`gateway: ${data[0]?.id}`, `gateway: ${data[0]?.id}`]);
    expect((await simulator.requests('/v1/models')).length).toBe(before + 1);
  });

  test('that the configuration sends nowhere is refused when the gateway starts', async () => {
    const start = startGateway({ config: config({ chat: { default_model: 'nobody' } }) });
    expect(await start.then(() => 'started', String)).toContain("no model, alias or provider takes the name 'nobody'");
  });
});
