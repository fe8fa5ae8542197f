/* Models that the context engines ask, from inside a real gateway, before a model server of every API that has the operation. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { type Config, configSchema } from '../../src/config/config.ts';
import type { ContextModels } from '../../src/context/context-models.ts';
import { createGateway, type Gateway } from '../../src/gateway.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { eventually } from '../harness/eventually.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const OWNER = { tenant: 'acme', user: 'ann' };
const TARGETS = ['cohere', 'jina', 'voyage', 'tei', 'ollama', 'openai-compatible'] as const;
const RERANKERS = ['cohere', 'jina', 'voyage', 'tei'] as const;
const CHATS = ['cohere', 'ollama', 'openai-compatible', 'anthropic'] as const;
const signal = new AbortController().signal;

let simulator: SimulatorProcess;
let gateway: Gateway;
let folder: string;
let text = '';

function configOf(model: string): Config {
  const providers = {
    cohere: { base_url: simulator.url, api_key: 'up' },
    jina: { base_url: `${simulator.url}/jina/v1`, api_key: 'up' },
    voyage: { base_url: `${simulator.url}/voyage/v1`, api_key: 'up' },
    tei: { base_url: simulator.url, dialects: ['tei'] },
    ollama: { base_url: simulator.url, dialects: ['ollama'] },
    anthropic: { base_url: simulator.url, api_key: 'up' },
    'openai-compatible': { base_url: `${simulator.url}/v1`, api_key: 'up' },
  };
  return configSchema.parse({
    server: { port: 0 },
    state: { records: `sqlite:${join(folder, 'gatehouse.db')}` },
    providers,
    models: Object.fromEntries(Object.keys(providers).map((provider) => [`by-${provider}`, { targets: [{ provider, model }] }])),
  });
}

beforeAll(async () => {
  simulator = await startSimulator();
  folder = await mkdtemp(join(tmpdir(), 'context-models-'));
  const log = createLog(
    { level: 'info', format: 'json', access: true },
    { output: { write: async (batch) => void (text += batch) }, clock: systemClock, terminal: false },
  );
  gateway = await createGateway(configOf('sim-1'), {
    clock: systemClock,
    log,
    version: '0',
    random: Math.random,
    seed: Uint32Array.of(1, 2, 3, 4),
    instanceId: 'test',
    createId: () => crypto.randomUUID(),
    reload: async () => ({ kind: 'applied', changed: [] }),
    explain: () => ({}) as never,
  });
});
afterAll(async () => {
  await gateway?.drain();
  await simulator?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const models = (): ContextModels => gateway.runtime.contextModels;

async function lines(route: string): Promise<Record<string, unknown>[]> {
  await gateway.runtime.log.flush(1_000);
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['route'] === route);
}

describe.each(TARGETS)('an embedding model of %s', (provider) => {
  test('gives the same vectors, and is told what they are for where it can be', async () => {
    const request = { model: `by-${provider}`, texts: ['a red apple', 'naïve ☕'], kind: 'query', owner: OWNER } as const;
    const { values, dimensions } = await models().embed(request, signal);
    const direct = await fetch(`${simulator.url}/v1/embeddings`, {
      method: 'POST',
      body: JSON.stringify({ model: 'sim-1', input: request.texts, encoding_format: 'float' }),
    });
    const { data } = (await direct.json()) as { data: { embedding: number[] }[] };
    expect(dimensions).toBe(256);
    expect(values.length).toBe(512);
    for (const [index, value] of values.entries()) expect(value).toBeCloseTo(data[Math.floor(index / 256)]?.embedding[index % 256] ?? 9, 5);
  });
});

describe.each(RERANKERS)('a reranker of %s', (provider) => {
  test('scores texts in the order of the request', async () => {
    const texts = ['bread and butter', 'a red apple', 'nothing at all'];
    const scores = await models().rerank({ model: `by-${provider}`, query: 'red apple', texts, owner: OWNER }, signal);
    expect(scores.length).toBe(3);
    expect(scores.indexOf(Math.max(...scores))).toBe(1);
  });
});

describe.each(CHATS)('a chat model of %s', (provider) => {
  test('answers, and says whether that was all', async () => {
    const messages = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Hello?' },
    ] as const;
    const whole = await models().ask({ model: `by-${provider}`, messages, owner: OWNER, outputTokensMax: 500 }, signal);
    expect(whole.text.length).toBeGreaterThan(0);
    expect(whole.isWhole).toBe(true);
    const cut = await models().ask({ model: `by-${provider}`, messages, owner: OWNER, outputTokensMax: 2 }, signal);
    expect(cut.isWhole).toBe(false);
  });

  test('is asked for JSON of a schema', async () => {
    const facts = { type: 'object', properties: { facts: { type: 'array', items: { type: 'string' } } }, required: ['facts'] };
    const schema = { name: 'facts', schema: facts };
    const messages = [{ role: 'user', content: 'I like tea.' }] as const;
    const { text: said } = await models().ask({ model: `by-${provider}`, messages, schema, owner: OWNER, outputTokensMax: 2_000 }, signal);
    expect(Object.keys(JSON.parse(said) as object)).toEqual(['facts']);
  });
});

describe('what is asked from inside', () => {
  test('is logged, metered and counted for the tenant whose data it is', async () => {
    await models().embed(
      { model: 'by-openai-compatible', texts: ['to be counted'], kind: 'document', owner: { tenant: 'umbrella' } },
      signal,
    );
    const line = (await lines('context:embed')).find(({ tenant }) => tenant === 'umbrella');
    expect(line).toMatchObject({ principal: 'gatehouse:context', provider: 'openai-compatible', status_code: 200, outcome: 'complete' });
    expect(line?.['input_tokens']).toBeGreaterThan(0);
    expect(gateway.runtime.metrics.text()).toContain('gateway_tokens_total{direction="input",model="sim-1"}');
    expect(gateway.runtime.metrics.text()).toMatch(/http_requests_total\{method="POST",endpoint="context:embed",status="200"\} \d+/);
    expect(text).not.toContain('to be counted');
  });

  test('fails as a caller’s would, and is logged so', async () => {
    await simulator.fault('status=400', '/v1/embeddings');
    try {
      const failure = await rejection(models().embed({ model: 'by-openai-compatible', texts: ['x'], kind: 'query', owner: OWNER }, signal));
      expect(failure).toBeInstanceOf(GatewayError);
      expect((failure as GatewayError).row.source).toBe('client');
      const unknown = await rejection(models().embed({ model: 'nobody', texts: ['x'], kind: 'query', owner: { tenant: 'lost' } }, signal));
      expect((unknown as GatewayError).code).toBe('model_unknown');
      expect((await lines('context:embed')).find(({ tenant }) => tenant === 'lost')).toMatchObject({
        error: 'model_unknown',
        status_code: 404,
      });
    } finally {
      await simulator.fault('');
    }
  });

  test('ends with its signal, upstream too', async () => {
    await simulator.fault('silence', '/v1/embeddings');
    try {
      const controller = new AbortController();
      const asked = rejection(
        models().embed({ model: 'by-openai-compatible', texts: ['x'], kind: 'query', owner: { tenant: 'gone' } }, controller.signal),
      );
      await eventually(() => gateway.runtime.metrics.requestsOpen.value > 0, { what: 'the question' });
      controller.abort(new Error('left'));
      expect(await asked).toEqual(new Error('left'));
      await eventually(
        async () => (await lines('context:embed')).some(({ tenant, status_code: status }) => tenant === 'gone' && status === 499),
        { what: 'its line' },
      );
    } finally {
      await simulator.fault('');
    }
  });

  test('follows a reload, and asks what a name meant before where it must', async () => {
    gateway.configure(configOf('sim-2'));
    const ask = async (target?: string) => {
      const kind = 'document' as const;
      await models().embed(
        { model: 'by-openai-compatible', texts: ['y'], kind, owner: OWNER, ...(target === undefined ? {} : { target }) },
        signal,
      );
      return (await simulator.requests('/v1/embeddings')).at(-1);
    };
    expect(JSON.stringify(await ask())).toContain('sim-2');
    expect(JSON.stringify(await ask('openai-compatible/sim-1'))).toContain('sim-1');
  });
});
