/* A chat soon after a start: what was known before is made ready in the background, and what is not ready yet is named. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-all-000000000000';
const MODEL = 'llama-3.3-8b-instruct';
const SECTIONS = 4_000;
const MEMORIES = 300;

let simulator: SimulatorProcess;
let folder: string;
let records: string;
let collection: string;

function start({ knowledge, ...context }: { deadline?: string; knowledge?: object; memory?: object }, state: object = { records }) {
  return startGateway({
    config: {
      auth: { keys: [{ name: 'all', key: KEY, tier: 'free' }] },
      limits: { tiers: { free: {} } },
      telemetry: { metrics: { access: 'public' } },
      state,
      context: { ...context, knowledge: { chunk_tokens: 100, chunk_overlap: 0, ...knowledge } },
      providers: { chat: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: { [MODEL]: { targets: [{ provider: 'chat', model: 'sim-1' }] } },
    },
  });
}

const post = (gateway: GatewayProcess, path: string, body: object): Promise<Response> =>
  gateway.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

interface Unified {
  readonly context: { readonly memories: readonly { text: string }[]; readonly rag_documents: readonly { text: string }[] };
  readonly metadata: Record<string, unknown>;
}

async function chat(gateway: GatewayProcess, content: string): Promise<Unified> {
  const reply = await post(gateway, '/v1/chat', {
    messages: [{ role: 'user', content }],
    user_id: 'ada',
    gatehouse: { knowledge: { collections: [collection] } },
  });
  expect(reply.status).toBe(200);
  return (await reply.json()) as Unified;
}

async function metric(gateway: GatewayProcess, name: string): Promise<number> {
  const text = await (await gateway.request('/metrics')).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

const isWarm = (gateway: GatewayProcess) =>
  eventually(async () => (await metric(gateway, 'gatehouse_context_warm')) === 1, { what: 'being warm', timeoutMs: 40_000 });

/** Sections that are a chunk each, of words that differ. */
function handbook(): string {
  const words = 'anvil barley copper dusk ember flint gorse heron iris juniper kelp lantern maple nettle osprey pewter quartz rowan'.split(
    ' ',
  );
  return Array.from({ length: SECTIONS }, (_, at) => {
    const some = Array.from({ length: 60 }, (__, word) => words[(at * 7 + word * (1 + (at % 5))) % words.length]);
    return `## Section ${at}\n\nThe gate number ${at} opens for ${some.join(' ')} at hour ${at % 24}.\n`;
  }).join('\n');
}

beforeAll(async () => {
  simulator = await startSimulator();
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-warm-'));
  records = `sqlite:${join(folder, 'gatehouse.db')}`;
  await using gateway = await start({ deadline: '5s' });
  const made = await post(gateway, '/v1/vector_stores', { name: 'handbook' });
  collection = ((await made.json()) as { id: string }).id;
  const form = new FormData();
  form.set('purpose', 'assistants');
  form.set('file', new File([handbook()], 'handbook.md', { type: 'text/markdown' }));
  const uploaded = await gateway.request('/v1/files', { method: 'POST', headers: { authorization: `Bearer ${KEY}` }, body: form });
  const { id } = (await uploaded.json()) as { id: string };
  await post(gateway, `/v1/vector_stores/${collection}/files`, { file_id: id });
  await eventually(
    async () => {
      const reply = await gateway.request(`/v1/vector_stores/${collection}/files/${id}`, { headers: { authorization: `Bearer ${KEY}` } });
      return ((await reply.json()) as { status: string }).status === 'completed';
    },
    { what: 'the handbook', timeoutMs: 40_000 },
  );
  const messages = Array.from({ length: MEMORIES }, (_, at) => ({
    role: 'user',
    content: `My canary number ${at} is called Apollo-${at}.`,
  }));
  for (let at = 0; at < MEMORIES; at += 50) {
    const reply = await post(gateway, '/v1/memories', { user_id: 'ada', infer: false, messages: messages.slice(at, at + 50) });
    expect(reply.status).toBeLessThan(300);
  }
}, 90_000);
afterAll(async () => {
  await simulator?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const QUESTION = 'What is my canary number 7 called, and when does the gate number 7 open?';

describe('behind a start', () => {
  test('the first chat has memories and documents, with nothing left out, once the gateway says that they are ready', async () => {
    await using gateway = await start({ deadline: '300ms' });
    await isWarm(gateway);
    const { context, metadata } = await chat(gateway, QUESTION);
    expect(metadata['left_out'] ?? []).toEqual([]);
    expect(context.memories.some(({ text }) => text.includes('Apollo-7'))).toBe(true);
    expect(context.rag_documents.length).toBeGreaterThan(0);
    expect(await logLine(gateway, 'Memory and knowledge are ready')).toMatchObject({ collections: 1, users: 1 });
  });

  test('a chat that comes before names both of what it goes without, and is answered', async () => {
    await using gateway = await start({ deadline: '5ms' });
    const { context, metadata } = await chat(gateway, QUESTION);
    expect(metadata['left_out']).toEqual(
      expect.arrayContaining([
        { part: 'memory', reason: 'timeout' },
        { part: 'knowledge', reason: 'timeout' },
      ]),
    );
    expect(context.memories).toEqual([]);
    expect(context.rag_documents).toEqual([]);
  });

  test('what has nothing to get ready, or is switched off, starts nothing', async () => {
    for (const [context, state] of [
      [{}, { records: 'memory' }],
      [{}, { records: `sqlite:${join(folder, 'new.db')}` }],
      [{ memory: { enabled: false }, knowledge: { enabled: false } }, undefined],
    ] as const) {
      await using gateway = await start(context, state);
      await isWarm(gateway);
      expect(gateway.logs().some(({ message }) => message === 'Memory and knowledge are ready')).toBe(false);
    }
  });
});
