/* What a caller, an operator and a dashboard see of the catalogue, at a gateway that runs: the cost of an answer, the list of models, the command. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { ROOT } from '../harness/process.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-catalogue-00000000';
const auth = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let config: Record<string, unknown>;
beforeAll(async () => {
  simulator = await startSimulator();
  const models = ['gpt-4o', 'gpt-4o-2031-01-31', 'text-embedding-3-small', 'unheard-of', 'prod-chat', 'free-1', 'tiered', 'gpt-4o-mini'];
  const providers = { openai: { base_url: `${simulator.url}/v1`, api_key: 'sk-upstream-000000' } };
  config = {
    auth: { keys: [{ name: 'caller', key: KEY }] },
    limits: { mode: 'off' },
    cache: { routes: [{ match: '/v1/chat/completions', ttl: '1m' }] },
    providers: {
      ...providers,
      own: { ...providers.openai, type: 'openai-compatible' },
      messages: { type: 'simulator', base_url: simulator.url, api_key: 'any-key', dialects: ['anthropic-messages'] },
    },
    models: {
      ...Object.fromEntries(models.map((name) => [name, { targets: [{ provider: 'openai' }] }])),
      'own-gpt': { targets: [{ provider: 'own', model: 'gpt-4o' }] },
      spare: {
        targets: [
          { provider: 'openai', model: 'gpt-4o!status=503' },
          { provider: 'openai', model: 'gpt-4o-mini', priority: 1 },
        ],
      },
      silent: { targets: [{ provider: 'openai', model: 'gpt-4o!no-usage' }] },
    },
    catalog: {
      models: {
        'openai/prod-chat': { same_as: 'gpt-4o-mini', context_window: 64_000 },
        'free-*': { prices: { input: 0, output: 0 } },
        tiered: { prices: { input: 1, output: 2, tiers: [{ above: 20, input: 10, output: 20 }] }, max_output_tokens: 99 },
        'gpt-4o!no-usage': { same_as: 'gpt-4o' },
        'messages/short-1': { max_output_tokens: 6_000 },
      },
    },
  };
  gateway = await startGateway({ config });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

interface Answer {
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

async function ask(model: string, more: object = {}) {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'What does a gatehouse do?' }], ...more });
  const reply = await gateway.request('/v1/chat/completions', { method: 'POST', headers: auth, body });
  const text = await reply.text();
  return { reply, text, line: await accessLine(gateway, reply.headers.get('x-correlation-id') ?? '') };
}

/** By the prices of OpenAI's own page, in dollars for a million tokens: the test does not ask the catalogue. */
function dollars({ usage }: Answer, input: number, output: number): number {
  return (usage.prompt_tokens * input + usage.completion_tokens * output) / 1e6;
}

describe('a whole answer', () => {
  for (const [how, model, input, output] of [
    ['of a known model', 'gpt-4o', 2.5, 10],
    ['of a snapshot that came later', 'gpt-4o-2031-01-31', 2.5, 10],
    ['of a deployment that the configuration explains', 'prod-chat', 0.15, 0.6],
    ['of the target that answered, not of the one that failed', 'spare', 0.15, 0.6],
  ] as const) {
    test(`tells what it cost, in its head and in the log: ${how}`, async () => {
      const { reply, text, line } = await ask(model);
      expect(reply.status).toBe(200);
      const cost = dollars(JSON.parse(text) as Answer, input, output);
      expect(cost).toBeGreaterThan(0);
      expect(Number(reply.headers.get('x-gatehouse-cost-usd'))).toBeCloseTo(cost, 9);
      expect(reply.headers.get('x-gatehouse-cost-usd')).toMatch(/^0\.\d{1,9}$/);
      expect(line['cost_usd']).toBeCloseTo(cost, 9);
    });
  }

  test('of a large request costs what large requests cost', async () => {
    const small = await ask('tiered');
    const large = await ask('tiered', { messages: [{ role: 'user', content: 'gatehouse '.repeat(50) }] });
    expect(Number(small.reply.headers.get('x-gatehouse-cost-usd'))).toBeCloseTo(dollars(JSON.parse(small.text) as Answer, 1, 2), 9);
    expect(Number(large.reply.headers.get('x-gatehouse-cost-usd'))).toBeCloseTo(dollars(JSON.parse(large.text) as Answer, 10, 20), 9);
  });

  test('of a free model costs 0, which is something else than nothing known', async () => {
    const { reply, line } = await ask('free-1');
    expect(reply.headers.get('x-gatehouse-cost-usd')).toBe('0');
    expect(line['cost_usd']).toBe(0);
  });

  for (const [how, model] of [
    ['of a model that nobody knows', 'unheard-of'],
    ['of a known name at a provider whose prices nobody knows', 'own-gpt'],
    ['without usage', 'silent'],
  ] as const) {
    test(`does not tell a cost ${how}`, async () => {
      const { reply, line } = await ask(model);
      expect(reply.status).toBe(200);
      expect(reply.headers.has('x-gatehouse-cost-usd')).toBe(false);
      expect(line).not.toHaveProperty('cost_usd');
    });
  }

  test('that was given before costs nothing again, and says nothing of it', async () => {
    const question = { temperature: 0, messages: [{ role: 'user', content: 'the same twice' }] };
    const first = await ask('gpt-4o', question);
    const second = await ask('gpt-4o', question);
    expect([first, second].map(({ reply }) => reply.headers.get('x-cache'))).toEqual(['MISS', 'HIT']);
    expect(first.reply.headers.has('x-gatehouse-cost-usd')).toBe(true);
    expect(second.reply.headers.has('x-gatehouse-cost-usd')).toBe(false);
    expect(second.line).not.toHaveProperty('cost_usd');
  });

  test('that is an error has no cost', async () => {
    const { reply, line } = await ask('gpt-4o', { messages: 'none' });
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.headers.has('x-gatehouse-cost-usd')).toBe(false);
    expect(line).not.toHaveProperty('cost_usd');
  });
});

test('embeddings cost their input', async () => {
  const body = JSON.stringify({ model: 'text-embedding-3-small', input: 'A gatehouse guards the way in.' });
  const reply = await gateway.request('/v1/embeddings', { method: 'POST', headers: auth, body });
  const { usage } = (await reply.json()) as { usage: { prompt_tokens: number } };
  expect(Number(reply.headers.get('x-gatehouse-cost-usd'))).toBeCloseTo((usage.prompt_tokens * 0.02) / 1e6, 9);
});

test('the cost of a stream is in the log, for its head is gone before it is known', async () => {
  const { reply, text, line } = await ask('gpt-4o', { stream: true, stream_options: { include_usage: true } });
  const events = text.split('\n').flatMap((row) => (row.startsWith('data: {') ? [JSON.parse(row.slice(6)) as Partial<Answer>] : []));
  const usage = events.find((event) => event.usage !== undefined && event.usage !== null)?.usage;
  if (usage === undefined) throw new Error('the stream had no usage');
  expect(reply.headers.has('x-gatehouse-cost-usd')).toBe(false);
  expect(line['cost_usd']).toBeCloseTo(dollars({ usage }, 2.5, 10), 9);
});

test('the metric adds up what the log says, by model, and has no row for models without a price', async () => {
  const logged = new Map<string, number>();
  for (const line of gateway.logs()) {
    if (typeof line['target'] !== 'string' || typeof line['cost_usd'] !== 'number') continue;
    const target = line['target'].replace('openai/', '');
    logged.set(target, (logged.get(target) ?? 0) + line['cost_usd']);
  }
  const text = await (await gateway.request('/metrics', { headers: auth })).text();
  const counted = new Map(
    [...text.matchAll(/^gateway_cost_usd_total\{model="([^"]+)"\} (\S+)$/gm)].map(([, model = '', value]) => [model, Number(value)]),
  );
  expect(counted.get('gpt-4o')).toBeGreaterThan(0);
  expect(counted.get('free-1')).toBe(0);
  expect(counted.has('unheard-of')).toBe(false);
  for (const [model, total] of logged) expect(counted.get(model)).toBeCloseTo(total, 9);
});

describe('the list of models', () => {
  const list = async () => (await (await gateway.request('/v1/models', { headers: auth })).json()) as { data: Record<string, unknown>[] };
  const entry = async (id: string) => (await list()).data.find((model) => model['id'] === id);

  test('says what is known of each, after what OpenAI says', async () => {
    const model = await entry('gpt-4o');
    expect(Object.keys(model ?? {}).slice(0, 4)).toEqual(['id', 'object', 'created', 'owned_by']);
    expect(model).toMatchObject({
      context_window: 128_000,
      max_output_tokens: 16_384,
      pricing: { unit: 'usd_per_million_tokens', input: 2.5, cached_input: 1.25, output: 10 },
      capabilities: { vision: true, tools: true, structured_output: true, reasoning: false },
    });
    expect(await entry('text-embedding-3-small')).toMatchObject({ embedding_dimensions: 1_536, pricing: { input: 0.02 } });
    expect(await entry('tiered')).toMatchObject({
      max_output_tokens: 99,
      pricing: { tiers: [{ above_input_tokens: 20, input: 10, output: 20 }] },
    });
    expect(await entry('prod-chat')).toMatchObject({ context_window: 64_000, pricing: { input: 0.15 }, capabilities: { vision: true } });
  });

  test('says nothing of what is not known', async () => {
    expect(Object.keys((await entry('unheard-of')) ?? {})).toEqual(['id', 'object', 'created', 'owned_by']);
    expect(await entry('own-gpt')).not.toHaveProperty('pricing');
    expect(await entry('own-gpt')).toHaveProperty('context_window', 128_000);
  });

  test('says the same of one model alone, and the official client reads it', async () => {
    const alone = await (await gateway.request('/v1/models/gpt-4o', { headers: auth })).json();
    expect(alone).toEqual(await entry('gpt-4o'));
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY });
    expect((await client.models.retrieve('gpt-4o')).id).toBe('gpt-4o');
    expect((await client.models.list()).data.map(({ id }) => id)).toContain('prod-chat');
  });
});

test('a reload brings other prices to what is asked from then on', async () => {
  await using other = await startGateway({ config });
  const cost = async () => {
    const body = JSON.stringify({ model: 'tiered', messages: [{ role: 'user', content: 'Hi' }] });
    const reply = await other.request('/v1/chat/completions', { method: 'POST', headers: auth, body });
    return { usage: ((await reply.json()) as Answer).usage, told: Number(reply.headers.get('x-gatehouse-cost-usd')) };
  };
  const before = await cost();
  expect(before.told).toBeCloseTo(dollars(before, 1, 2), 9);
  await other.writeConfig({ ...config, catalog: { models: { tiered: { prices: { input: 100, output: 200 } } } } });
  other.process.kill('SIGHUP');
  const isDearer = async () => {
    const after = await cost();
    return Math.abs(after.told - dollars(after, 100, 200)) < 1e-9;
  };
  await eventually(isDearer, { what: 'an answer at the new price' });
});

describe('gatehouse models', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-models-'));
    await writeFile(join(folder, 'gatehouse.yaml'), JSON.stringify(config));
    await writeFile(join(folder, 'bad.yaml'), JSON.stringify({ ...config, catalog: { models: { a: { same_as: 'gpt-99' } } } }));
    await writeFile(join(folder, 'question.txt'), 'What does a gatehouse do? '.repeat(100));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function run(...args: string[]) {
    const child = Bun.spawn(['node', join(ROOT, 'bin/gatehouse.mjs'), 'models', ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    return { stdout, stderr, code };
  }

  test('shows a model in every list, with what it costs, and where that is from', async () => {
    const { stdout, code } = await run('gpt-4o');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^openai\/gpt-4o +128,000 +16,384 +2\.5 +1\.25 +10 +vision/m);
    expect(stdout).toMatch(/^openrouter\/openai\/gpt-4o /m);
    expect(stdout).toMatch(/^prices: @pydantic\/genai-prices \d+\.\d+\.\d+, \d{4}-\d\d-\d\d$/m);
  });

  test('takes any name that a request may have', async () => {
    const { stdout } = await run('us.anthropic.claude-opus-4-5-20251101-v1:0', '--json');
    const { models } = JSON.parse(stdout) as { models: { id: string; list: string }[] };
    expect(models).toContainEqual(
      expect.objectContaining({
        id: 'regional.anthropic.claude-opus-4-5-v1:0',
        list: 'aws',
        max_output_tokens: 64_000,
        context_window: 200_000,
      }),
    );
  });

  test('shows what the configuration says first', async () => {
    const { stdout } = await run('prod-chat', '--json');
    const { models } = JSON.parse(stdout) as { models: unknown[] };
    expect(models[1]).toMatchObject({ id: 'openai/prod-chat', list: 'configuration', same_as: 'gpt-4o-mini' });
    expect(models[0]).toMatchObject({
      id: 'prod-chat',
      list: 'configuration',
      same_as: 'gpt-4o-mini',
      context_window: 64_000,
      pricing: { input: 0.15 },
    });
    const served = JSON.parse((await run('own-gpt', '--json')).stdout) as { models: object[] };
    expect(served.models[0]).toMatchObject({ id: 'own-gpt', list: 'configuration', context_window: 128_000 });
    expect(served.models[0]).not.toHaveProperty('pricing');
    expect((await run('free-7')).stdout).toContain('configuration/free-*');
  });

  test('shows all without a name, and what matches a pattern', async () => {
    expect((await run()).stdout.split('\n').length).toBeGreaterThan(1_000);
    const { models } = JSON.parse((await run('mistral/codestral*', '--json')).stdout) as { models: { list: string }[] };
    expect(new Set(models.map(({ list }) => list))).toEqual(new Set(['mistral']));
  });

  test('counts a file, about', async () => {
    const { stdout } = await run('gpt-4o', '--count', 'question.txt');
    expect(stdout).toMatch(
      /^question\.txt: about \d{3} tokens as a message to gpt-4o; within its window of 128,000; about \$0\.001\d* to read$/m,
    );
    const { count } = JSON.parse((await run('gpt-4o', '--count', 'question.txt', '--json')).stdout) as { count: { tokens: number } };
    // 601 by the real tokenizer, and 6 around a message.
    expect(Math.abs(count.tokens / 607 - 1)).toBeLessThan(0.12);
  });

  test('says what is wrong: an unknown name, a file that is not there, a model that is like none', async () => {
    expect(await run('gpt-99')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining("nothing is known of 'gpt-99'") });
    expect(await run('gpt-4o', '--count', 'gone.txt')).toMatchObject({ code: 1, stderr: expect.stringContaining('gone.txt') });
    expect(await run('a', 'b')).toMatchObject({ code: 2, stdout: '' });
    expect(await run('gpt-4o', '--config', 'bad.yaml')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/bad\.yaml:\d+:\d+: catalog\.models\.a\.same_as: the catalogue has no model 'gpt-99'/),
    });
  });
});

test('a target that must be told how long an answer may be is told what its model can', async () => {
  const told = async (model: string, more: object = {}) => {
    await ask(model, more);
    const sent = (await simulator.requests('/v1/messages')).at(-1)?.body ?? '{}';
    return (JSON.parse(sent) as { max_tokens: number }).max_tokens;
  };
  expect(await told('messages/short-1')).toBe(6_000);
  expect(await told('messages/short-1', { max_completion_tokens: 9_000 })).toBe(6_000);
  expect(await told('messages/short-1', { max_completion_tokens: 50 })).toBe(50);
  // Of a maker's model the data knows it, of any other nobody does.
  expect(await told('messages/claude-3-haiku-20240307')).toBe(4_096);
  expect(await told('messages/nobody-knows-it')).toBe(4_096);
});
