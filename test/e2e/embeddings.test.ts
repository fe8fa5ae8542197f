/*
 * Chats that remember by meaning, in a real gateway: the embedding model is one of its own targets, the vectors lie in Qdrant (a stand-in), PostgreSQL (PGlite) or
 * beside the records. Model and store are each stopped, slow and lying: no chat fails, and what was left out is said.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { accessLines } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type PgliteServer, startPglite } from '../harness/pglite.ts';
import { type FakeQdrant, startFakeQdrant } from '../harness/qdrant.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-embeds-000000000000';
const MODEL = 'chat';

let simulator: SimulatorProcess;
let qdrant: FakeQdrant;
let pglite: PgliteServer;
beforeAll(async () => {
  simulator = await startSimulator();
  qdrant = startFakeQdrant({ apiKey: 'qdrant-secret' });
  pglite = await startPglite({ pgvector: true });
});
afterAll(async () => {
  await simulator?.[Symbol.asyncDispose]();
  await qdrant?.[Symbol.asyncDispose]();
  await pglite?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  qdrant.meet = undefined;
  await simulator.fault('');
});

function start(state: object, context: object = {}, env: Record<string, string> = {}): Promise<GatewayProcess> {
  return startGateway({
    config: {
      auth: { keys: [{ name: 'all', key: KEY, tier: 'free' }] },
      limits: { tiers: { free: {} } },
      state: { records: 'memory', ...state },
      context: { deadline: '2s', embeddings: { model: 'embedder' }, ...context },
      providers: {
        talk: { type: 'openai-compatible', base_url: `${simulator.url}/v1` },
        embed: { type: 'openai-compatible', base_url: `${simulator.url}/v1` },
      },
      models: {
        chat: { targets: [{ provider: 'talk', model: 'sim-1' }] },
        embedder: { targets: [{ provider: 'embed', model: 'sim-embed' }] },
      },
    },
    env,
  });
}

const post = (gateway: GatewayProcess, path: string, body: object): Promise<Response> =>
  gateway.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

interface Told {
  readonly context: { readonly memories: readonly { readonly text: string }[] };
  readonly metadata: Record<string, unknown>;
}

async function chat(gateway: GatewayProcess, user: string, content: string): Promise<Told> {
  const body = {
    model: MODEL,
    messages: [{ role: 'user', content }],
    user_id: user,
    use_memory: true,
    use_rag: false,
    store_memory: false,
  };
  const reply = await post(gateway, '/v1/chat', body);
  expect(reply.status).toBe(200);
  return (await reply.json()) as Told;
}

async function remember(gateway: GatewayProcess, user: string, texts: readonly string[]): Promise<void> {
  for (const content of texts) {
    const reply = await post(gateway, '/v1/memories', { messages: [{ role: 'user', content }], user_id: user, infer: false });
    expect(reply.status).toBeLessThan(300);
  }
}

const vectorsMade = (gateway: GatewayProcess): number =>
  accessLines(gateway).filter((line) => line['route'] === 'context:embed' && line['status_code'] === 200).length;

const leftOut = ({ metadata }: Told): string => JSON.stringify(metadata);

const STORES: readonly { readonly name: string; readonly state: () => object; readonly env?: Record<string, string> }[] = [
  { name: 'beside the records', state: () => ({}) },
  { name: 'in Qdrant', state: () => ({ vectors: qdrant.url }), env: { QDRANT_API_KEY: 'qdrant-secret' } },
  { name: 'in PostgreSQL', state: () => ({ vectors: pglite.url, records_connections_max: 1 }) },
];

describe.each(STORES)('memories by meaning, with their vectors $name', ({ state, env = {} }) => {
  test('are found by another’s words never, by their own always, and go when they are erased', async () => {
    await using gateway = await start(state(), {}, env);
    await remember(gateway, 'ann', ['I keep bees behind the house', 'My sister sails a small boat']);
    await remember(gateway, 'bob', ['The canary of bob sings at night']);
    await eventually(() => vectorsMade(gateway) >= 2, { what: 'vectors', timeoutMs: 20_000 });
    const told = await chat(gateway, 'ann', 'who keeps bees?');
    expect(told.context.memories[0]?.text).toContain('bees');
    expect(JSON.stringify(told)).not.toContain('canary');
    const line = accessLines(gateway).find((entry) => entry['route'] === 'context:embed');
    expect(line).toMatchObject({ principal: 'gatehouse:context', provider: 'embed', status_code: 200 });
    const erased = await gateway.request('/v1/users/bob', { method: 'DELETE', headers: { authorization: `Bearer ${KEY}` } });
    expect(erased.status).toBeLessThan(300);
    if ('vectors' in state() && env['QDRANT_API_KEY'] !== undefined) expect(qdrant.dump()).not.toContain('bob');
  }, 60_000);
});

describe('no chat fails', () => {
  for (const { name, fault } of [
    { name: 'refuses', fault: 'status=500' },
    { name: 'is silent', fault: 'silence' },
    { name: 'answers nothing', fault: 'empty' },
  ]) {
    test(`when the embedding model ${name}`, async () => {
      await using gateway = await start({}, { deadline: '1s' });
      await remember(gateway, 'ann', ['I keep bees behind the house']);
      await eventually(() => vectorsMade(gateway) >= 1, { what: 'vectors' });
      await simulator.fault(fault, '/v1/embeddings');
      for (let round = 0; round < 8; round += 1) {
        const told = await chat(gateway, 'ann', `who keeps bees in round ${round}?`);
        expect(told.context.memories[0]?.text).toContain('bees');
        expect(leftOut(told)).toContain('embeddings');
      }
    }, 60_000);
  }

  for (const { name, meet } of [
    { name: 'refuses', meet: () => Response.json({ status: { error: 'no' }, time: 0 }, { status: 500 }) },
    { name: 'is silent', meet: () => new Promise<Response>(() => {}) },
    { name: 'answers with what is no answer', meet: () => new Response('{"result":{"points":[{"id":1,"score":null}]},"status":"ok"}') },
  ]) {
    test(`when Qdrant ${name}`, async () => {
      await using gateway = await start({ vectors: qdrant.url, vectors_api_key: 'qdrant-secret' }, { deadline: '1s' });
      await remember(gateway, 'eve', ['I keep bees behind the house']);
      await eventually(() => qdrant.dump().includes('eve'), { what: 'vectors' });
      qdrant.meet = meet;
      for (let round = 0; round < 8; round += 1) {
        const told = await chat(gateway, 'eve', `who keeps bees in round ${round}?`);
        expect(told.context.memories[0]?.text).toContain('bees');
      }
    }, 60_000);
  }

  test('when Qdrant says the ids of another user are near', async () => {
    await using gateway = await start({ vectors: qdrant.url, vectors_api_key: 'qdrant-secret' });
    await remember(gateway, 'mallory', ['I keep bees behind the house']);
    await remember(gateway, 'victim', ['My secret word is xylophone']);
    await eventually(() => qdrant.dump().includes('victim') && qdrant.dump().includes('mallory'), { what: 'vectors' });
    qdrant.meet = ({ path, body }) => {
      if (path.endsWith('/query')) (body as { filter?: unknown }).filter = undefined;
      return undefined;
    };
    expect(JSON.stringify(await chat(gateway, 'mallory', 'xylophone secret word'))).not.toContain('My secret word');
  }, 60_000);

  test('where QDRANT_URL leads nowhere', async () => {
    await using gateway = await start({}, {}, { QDRANT_URL: 'http://127.0.0.1:1' });
    await remember(gateway, 'ann', ['I keep bees behind the house']);
    const told = await chat(gateway, 'ann', 'who keeps bees?');
    expect(told.context.memories[0]?.text).toContain('bees');
  }, 60_000);
});
