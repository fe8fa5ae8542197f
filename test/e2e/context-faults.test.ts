/*
 * Memory around chats in bad weather: a process that is killed, a store that cannot be used, a deadline that nothing meets; and texts that try to get out of their
 * quotation, read from what reached the model.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOSTILE_TEXTS } from '../context/hostile-texts.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-all-000000000000';
const MODEL = 'llama-3.3-8b-instruct';

let simulator: SimulatorProcess;
let folder: string;

beforeAll(async () => {
  simulator = await startSimulator();
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-context-'));
});
afterAll(async () => {
  await simulator?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function start(records: string, context: object = { deadline: '5s' }): Promise<GatewayProcess> {
  const provider = (type: string) => ({ type, base_url: `${simulator.url}/v1`, api_key: 'sk-sim' });
  return startGateway({
    config: {
      auth: { keys: [{ name: 'all', key: KEY, tier: 'free' }] },
      limits: { tiers: { free: {} } },
      state: { records },
      context,
      providers: { chat: provider('openai-compatible'), messages: provider('anthropic') },
      models: {
        [MODEL]: { targets: [{ provider: 'chat', model: 'sim-1' }] },
        claude: { targets: [{ provider: 'messages', model: 'sim-1' }] },
      },
    },
  });
}

async function post(gateway: GatewayProcess, path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return gateway.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

const says = (content: string) => [{ role: 'user', content }];

interface Unified {
  readonly context: { readonly memories: readonly { readonly text: string }[] };
  readonly metadata: Record<string, unknown>;
}

const unified = async (gateway: GatewayProcess, content: string, more: object = {}): Promise<Unified> => {
  const reply = await post(gateway, '/v1/chat', { messages: says(content), user_id: 'ada', ...more });
  expect(reply.status).toBe(200);
  return (await reply.json()) as Unified;
};

describe('a process that is killed', () => {
  test('has stored whatever it said was stored: whole and streamed, on every kind of route', async () => {
    const records = `sqlite:${join(folder, 'killed.db')}`;
    const before = await start(records);
    const header = { 'x-gatehouse-context': 'memory=write; user=ada' };
    expect((await unified(before, 'The first canary is called Apollo.')).metadata['memory_stored']).toBe(true);
    await (await post(before, '/v1/chat', { messages: says('The second canary is called Boreas.'), user_id: 'ada', stream: true })).text();
    await (
      await post(
        before,
        '/v1/chat/completions',
        { model: MODEL, messages: says('The third canary is called Circe.'), stream: true },
        header,
      )
    ).text();
    await (
      await post(
        before,
        '/v1/messages',
        { model: 'claude', max_tokens: 9, messages: says('The fourth canary is called Dione.'), stream: true },
        header,
      )
    ).text();
    before.process.kill('SIGKILL');
    await using after = await start(records);
    const { context } = await unified(after, 'What are the canaries called?', { memory_limit: 20 });
    const found = context.memories.map(({ text }) => text).join(' ');
    for (const name of ['Apollo', 'Boreas', 'Circe', 'Dione']) expect(found).toContain(name);
    await before[Symbol.asyncDispose]();
  });
});

describe('what it leans on', () => {
  test('a store that cannot be used fails no chat: the answer says what was left out', async () => {
    await using gateway = await start('sqlite:/proc/nowhere/gatehouse.db');
    for (const stream of [false, true]) {
      const reply = await post(gateway, '/v1/chat', { messages: says('Anybody there?'), user_id: 'ada', stream });
      expect(reply.status).toBe(200);
      const text = await reply.text();
      const answer = JSON.parse(stream ? (text.split('\n\n').at(-3)?.slice(6) ?? '') : text) as Unified;
      expect(answer.metadata).toMatchObject({ skipped: ['memory', 'knowledge'], memory_stored: false, memory_id: null });
      expect(answer.metadata['left_out']).toContainEqual({ part: 'memory', reason: 'storage' });
    }
    const asked = await post(
      gateway,
      '/v1/chat/completions',
      { model: MODEL, messages: says('And here?') },
      { 'x-gatehouse-context': 'memory=on; user=ada' },
    );
    expect([asked.status, asked.headers.get('x-gatehouse-memory')]).toEqual([200, 'injected=0;saved=failed']);
    const metrics = await (await gateway.request('/metrics', { headers: { authorization: `Bearer ${KEY}` } })).text();
    expect(metrics).toMatch(/gatehouse_context_left_out_total\{part="memory",reason="storage"\} [1-9]/);
    expect(metrics).toMatch(/gatehouse_memory_saves_total\{result="failed"\} 3/);
  });
});

/** The texts that the model was told in its last request, and all of the request. */
async function lastAsked(): Promise<{ readonly body: string; readonly blocks: readonly string[]; readonly texts: readonly string[] }> {
  const body = (await simulator.requests('/v1/')).at(-1)?.body ?? '{}';
  const texts = textsIn(JSON.parse(body));
  return { body, texts, blocks: texts.filter((text) => text.includes('gatehouse-context-')) };
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe('instructions that were planted in memories', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await start('memory');
  });
  afterAll(async () => gateway?.[Symbol.asyncDispose]());

  const routes = [
    { path: '/v1/chat/completions', body: { model: MODEL, messages: says('What about the zebra?') } },
    { path: '/v1/chat/completions', body: { model: 'claude', messages: says('What about the zebra?') } },
    { path: '/v1/messages', body: { model: 'claude', max_tokens: 9, messages: says('What about the zebra?') } },
    { path: '/v1/messages', body: { model: MODEL, max_tokens: 9, messages: says('What about the zebra?') } },
    { path: '/v1/responses', body: { model: MODEL, input: 'What about the zebra?' } },
    { path: '/v1/responses', body: { model: 'claude', input: 'What about the zebra?' } },
  ];

  for (const [at, { name, text, forbidden = [] }] of HOSTILE_TEXTS.entries()) {
    test(name, async () => {
      const user = `user-${at}`;
      // A memory of its own, as it is; what an API refuses to keep cannot be told either.
      const planted = text.slice(0, 30_000);
      const kept = await post(gateway, '/v1/memories', { user_id: user, infer: false, messages: says(`zebra\n${planted}`) });
      expect([200, 400]).toContain(kept.status);
      for (const { path, body } of routes) {
        const reply = await post(gateway, path, body, { 'x-gatehouse-context': `memory=read; user=${user}` });
        expect(reply.status).toBe(200);
        const { blocks, texts } = await lastAsked();
        expect(texts.filter((each) => each.includes('What about the zebra?'))).toHaveLength(1);
        if (kept.status !== 200) continue;
        const [block = ''] = blocks;
        expect(blocks).toHaveLength(1);
        const own = /<(gatehouse-context-[a-z2-7]{16})>\n([\s\S]*)\n<\/\1>/.exec(block);
        const inside = own?.[2] ?? '';
        // Every line between the delimiters is a quotation, or one of ours.
        const others = inside
          .split('\n')
          .filter(
            (line) =>
              !/^(?:|>.*|About the user:|From earlier conversations:|This was looked up .*|\[m:[\w.-]+ [\d-]{10}(?: user)?\])$/.test(line),
          );
        expect(others).toEqual([]);
        expect(inside).not.toContain(own?.[1] ?? 'none');
        expect(forbidden.filter((piece) => inside.includes(piece))).toEqual([]);
      }
    });
  }
});
