/* A new configuration of memory and knowledge while chats go on: none fails, nothing is forgotten, and what the engines do follows the file. */

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEMORY_KINDS } from '../../src/context/memory/memory.ts';
import { logLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { startFakeMem0 } from '../memory/fake-mem0.ts';

const KEY = 'sk-all-000000000000';
const ADMIN = 'sk-admin-000000000000';
const MODEL = 'llama-3.3-8b-instruct';

let simulator: SimulatorProcess;
let folder: string;
let files = 0;
let path: string;
beforeAll(async () => {
  // Tells, of each request, which model was asked.
  simulator = await startSimulator();
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-context-reload-'));
});
beforeEach(async () => {
  path = join(folder, `${(files += 1)}.db`);
  await simulator.reset();
});
afterAll(async () => {
  await simulator?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const config = (context: object = {}, more: object = {}): object => ({
  auth: {
    keys: [
      { name: 'all', key: KEY, tier: 'free' },
      { name: 'admin', key: ADMIN, admin: true },
    ],
  },
  limits: { tiers: { free: {} } },
  state: { records: `sqlite:${path}` },
  context: { deadline: '5s', ...context },
  providers: { chat: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
  models: { [MODEL]: { targets: [{ provider: 'chat', model: 'sim-1' }] } },
  ...more,
});

const post = (gateway: GatewayProcess, where: string, body: object, key = KEY): Promise<Response> =>
  gateway.request(where, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

interface Unified {
  readonly context: { readonly memories: readonly { text: string }[] };
  readonly metadata: Record<string, unknown>;
}

async function chat(gateway: GatewayProcess, content: string, user = 'ada'): Promise<Unified> {
  const reply = await post(gateway, '/v1/chat', { messages: [{ role: 'user', content }], user_id: user });
  expect(reply.status).toBe(200);
  return (await reply.json()) as Unified;
}

/** Of memory: no chat here names documents. */
function leftOut({ metadata }: Pick<Unified, 'metadata'>): object[] {
  return ((metadata['left_out'] ?? []) as { part: string }[]).filter(({ part }) => part === 'memory');
}

async function reload(gateway: GatewayProcess, next: object): Promise<Record<string, unknown>> {
  await gateway.writeConfig(next);
  return (await (await post(gateway, '/admin/reload', {}, ADMIN)).json()) as Record<string, unknown>;
}

/** The models that have embedded something since the simulator was reset, and texts of whom. */
async function embedded(model: string): Promise<string> {
  const asked = await simulator.requests('/v1/embeddings');
  return asked.flatMap(({ body }) => ((JSON.parse(body) as { model: string }).model === model ? [body] : [])).join('\n');
}

/** How many vectors there are of each model. */
function vectors(): Record<string, number> {
  const database = new Database(path, { readonly: true });
  try {
    const rows = database
      .query<{ name: string; vectors: number }, []>('SELECT name, sum(vectors) AS vectors FROM vector_spaces GROUP BY name')
      .all();
    return Object.fromEntries(rows.map(({ name, vectors: count }) => [name.slice(0, 'sim-1'.length), count]));
  } finally {
    database.close();
  }
}

/** How many there are of a user, turns included. */
async function memoriesOf(gateway: GatewayProcess, user: string): Promise<number> {
  const reply = await gateway.request(`/v1/memories?user_id=${user}&limit=500&kinds=${MEMORY_KINDS.join(',')}`, {
    headers: { authorization: `Bearer ${KEY}` },
  });
  return ((await reply.json()) as { results: unknown[] }).results.length;
}

/** Chats one after another until it is stopped; resolves with how many there were. */
function chatting(gateway: GatewayProcess): { stop(): Promise<number> } {
  let isOver = false;
  const run = async (user: number): Promise<number> => {
    let count = 0;
    for (; !isOver; count += 1) {
      const { metadata } = await chat(gateway, `Remark ${count} of user ${user}: the heron stands in the reeds.`, `user-${user}`);
      expect(metadata['memory_stored']).toBe(true);
    }
    return count;
  };
  const all = Promise.all([1, 2, 3].map(run));
  // Told by `stop`.
  all.catch(() => undefined);
  return {
    async stop() {
      isOver = true;
      return (await all).reduce((sum, count) => sum + count, 0);
    },
  };
}

const embeddings = (model: string, more: object = {}) => ({ embeddings: { model: `chat/${model}`, ...more } });

describe('a reload', () => {
  test('changes the embedding model while chats go on: none fails, nothing is lost, all vectors are of the new one', async () => {
    await using gateway = await startGateway({ config: config(embeddings('sim-1')) });
    await chat(gateway, 'My canary is called Apollo.');
    await eventually(() => (vectors()['sim-1'] ?? 0) >= 1, { what: 'the first vector' });
    const chats = chatting(gateway);
    await eventually(() => (vectors()['sim-1'] ?? 0) >= 10, { what: 'vectors of the old model', timeoutMs: 20_000 });

    await gateway.writeConfig(config(embeddings('sim-2')));
    gateway.process.kill('SIGHUP');
    await eventually(async () => (await embedded('sim-2')).includes('Apollo'), { what: 'embedding anew', timeoutMs: 20_000 });
    const count = await chats.stop();
    expect(count).toBeGreaterThan(3);

    // Each chat's turn and its answer are there, and each has a vector of the new model alone.
    await eventually(() => vectors()['sim-1'] === undefined, { what: 'the end of the old vectors', timeoutMs: 20_000 });
    await eventually(async () => leftOut(await chat(gateway, 'What is my canary called?')).length === 0, {
      what: 'a chat with nothing left out',
    });
    await simulator.reset();
    const { context } = await chat(gateway, 'How is the bird called that I keep?');
    expect(context.memories.some(({ text }) => text.includes('Apollo'))).toBe(true);
    expect(await embedded('sim-2')).toContain('the bird');
    expect(await embedded('sim-1')).toBe('');
    const line = await logLine(gateway, 'Configuration reloaded');
    expect(line).toMatchObject({ changed: ['context.embeddings.model'] });
    expect(gateway.logs().some(({ message }) => message === 'Some changes take effect at the next start alone')).toBe(false);
    for (const user of [1, 2, 3]) {
      const reply = await gateway.request(`/v1/memories?user_id=user-${user}&top_k=1000`, { headers: { authorization: `Bearer ${KEY}` } });
      const { results } = (await reply.json()) as { results: { memory: string }[] };
      const remarks = new Set(results.flatMap(({ memory }) => /^Remark (\d+)/.exec(memory)?.[1] ?? []));
      expect([...remarks].map(Number).toSorted((a, b) => a - b)).toEqual(Array.from(remarks, (_, at) => at));
    }
  });

  test('that gives the name of the embedding model another meaning has all embedded anew', async () => {
    const models = (model: string) => ({
      models: {
        [MODEL]: { targets: [{ provider: 'chat', model: 'sim-1' }] },
        meaning: { targets: [{ provider: 'chat', model }] },
      },
    });
    const context = { embeddings: { model: 'meaning' } };
    await using gateway = await startGateway({ config: config(context, models('sim-1')) });
    await chat(gateway, 'My canary is called Apollo.');
    await eventually(() => (vectors()['sim-1'] ?? 0) >= 1, { what: 'the first vector' });
    await reload(gateway, config(context, models('sim-2')));
    await eventually(() => (vectors()['sim-2'] ?? 0) >= 1 && vectors()['sim-1'] === undefined, { what: 'vectors of the new meaning' });
  });

  test('brings an embedding model, and takes it away', async () => {
    await using gateway = await startGateway({ config: config() });
    await chat(gateway, 'My canary is called Apollo.');
    await reload(gateway, config(embeddings('sim-1')));
    // Of all of it, or the rest would be asked for behind the next reload.
    const remembered = await memoriesOf(gateway, 'ada');
    await eventually(() => vectors()['sim-1'] === remembered, { what: 'vectors of what was there before' });
    await reload(gateway, config());
    await simulator.reset();
    const { context, metadata } = await chat(gateway, 'What is my canary called?');
    expect(context.memories.some(({ text }) => text.includes('Apollo'))).toBe(true);
    expect(leftOut({ metadata })).toEqual([]);
    expect(await simulator.requests('/v1/embeddings')).toEqual([]);
    // Who is erased leaves no vectors, though no model is configured any more.
    await gateway.request('/v1/users/ada', { method: 'DELETE', headers: { authorization: `Bearer ${KEY}` } });
    expect(vectors()).toEqual({});
  });

  test('changes what a chat is given, its reranker, and what memory does', async () => {
    await using gateway = await startGateway({ config: config() });
    for (const name of ['Apollo', 'Boreas', 'Circe']) await chat(gateway, `One canary is called ${name}.`);
    const made = await post(gateway, '/v1/vector_stores', { name: 'birds' });
    const { id } = (await made.json()) as { id: string };
    const upload = async (name: string) => {
      const form = new FormData();
      form.set('collection', 'birds');
      form.set(
        'file',
        new File(
          [Array.from({ length: 80 }, (_, at) => `Heron ${at} of ${name} stands in the reeds of lake ${at}.`).join('\n\n')],
          `${name}.md`,
        ),
      );
      const uploaded = await gateway.request('/v1/upload', { method: 'POST', headers: { authorization: `Bearer ${KEY}` }, body: form });
      expect(uploaded.status).toBeLessThan(300);
    };
    await upload('before');
    const search = () => post(gateway, `/v1/vector_stores/${id}/search`, { query: 'heron in the reeds', max_num_results: 50 });
    const chunks = async () => ((await (await search()).json()) as { data: { filename: string }[] }).data;
    const before = (await chunks()).length;

    const answer = await reload(
      gateway,
      config(
        { memory: { limit: 1 }, knowledge: { chunk_tokens: 100, chunk_overlap: 0 }, reranker: { model: 'judge/sim-1' } },
        {
          providers: {
            chat: { type: 'openai-compatible', base_url: `${simulator.url}/v1` },
            judge: { type: 'tei', base_url: simulator.url },
          },
        },
      ),
    );
    expect(answer['status']).toBe('applied');
    const told = await gateway.request('/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'x-gatehouse-context': 'memory=read; user=ada' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'What are my canaries called?' }] }),
    });
    expect(told.headers.get('x-gatehouse-context')).toContain('memories=1;');
    await upload('after');
    const after = await chunks();
    // Smaller parts of the one that came later.
    expect(after.filter(({ filename }) => filename === 'after.md').length).toBeGreaterThan(before);
    expect((await simulator.requests('/rerank')).length).toBeGreaterThan(0);
  });

  test('moves memory to a Mem0 and back', async () => {
    await using gateway = await startGateway({ config: config() });
    await chat(gateway, 'My canary is called Apollo.');
    await using mem0 = startFakeMem0({ kind: 'server', key: 'm0-key' });
    await reload(gateway, config({ memory: { remote: { url: mem0.url, key: 'm0-key' } } }));
    await chat(gateway, 'My canary is called Boreas.');
    expect(mem0.requests.length).toBeGreaterThan(0);
    await reload(gateway, config());
    const asked = mem0.requests.length;
    const { context } = await chat(gateway, 'What is my canary called?');
    expect(context.memories.some(({ text }) => text.includes('Apollo'))).toBe(true);
    expect(mem0.requests.length).toBe(asked);
  });

  test('that is no good changes nothing; one of the stores waits for the next start, and says so', async () => {
    await using gateway = await startGateway({ config: config(embeddings('sim-1')) });
    await chat(gateway, 'My canary is called Apollo.');
    expect((await reload(gateway, config({ embeddings: { model: '' } })))['status']).not.toBe('applied');
    expect((await reload(gateway, config({ memory: { remote: { url: 'ftp://nowhere' } } })))['status']).not.toBe('applied');
    const elsewhere = { state: { records: `sqlite:${join(folder, 'elsewhere.db')}` } };
    await reload(gateway, config({ ...embeddings('sim-1'), index_bytes_max: '64MiB' }, elsewhere));
    expect(await logLine(gateway, 'Some changes take effect at the next start alone')).toMatchObject({
      changed: ['context.index_bytes_max', 'state.records'],
    });
    const { context } = await chat(gateway, 'What is my canary called?');
    expect(context.memories.some(({ text }) => text.includes('Apollo'))).toBe(true);
    await eventually(() => (vectors()['sim-1'] ?? 0) >= 1, { what: 'vectors where they were' });
  });
});
