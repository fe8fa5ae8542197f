/* OpenAI's client and Cohere's for embeddings, before models of every other API that has them: the same vectors whoever makes them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { CohereClientV2 } from 'cohere-ai';
import OpenAI from 'openai';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-embed-000000000000000';
const TARGETS = ['cohere', 'jina', 'voyage', 'tei', 'ollama', 'openai-compatible'] as const;

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let openai: OpenAI;
let cohere: CohereClientV2;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      providers: {
        cohere: { base_url: simulator.url, api_key: 'up' },
        jina: { base_url: `${simulator.url}/jina/v1`, api_key: 'up' },
        voyage: { base_url: `${simulator.url}/voyage/v1`, api_key: 'up' },
        // Its other dialect is OpenAI's, which would be passed through.
        tei: { base_url: simulator.url, dialects: ['tei'] },
        ollama: { base_url: simulator.url, dialects: ['ollama'] },
        'openai-compatible': { base_url: `${simulator.url}/v1`, api_key: 'up' },
      },
      models: Object.fromEntries(TARGETS.map((provider) => [`by-${provider}`, { targets: [{ provider, model: 'sim-1' }] }])),
    },
  });
  openai = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  cohere = new CohereClientV2({ token: KEY, environment: gateway.url, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const TEXTS = ['a red apple', 'naïve ☕'];

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

/** What the simulator makes of the texts, whoever asks it. */
async function expected(): Promise<readonly number[][]> {
  const client = new OpenAI({ apiKey: 'any', baseURL: `${simulator.url}/v1`, maxRetries: 0 });
  const { data } = await client.embeddings.create({ model: 'sim-1', input: TEXTS, encoding_format: 'float' });
  return data.map(({ embedding }) => embedding);
}

function expectNear(vectors: readonly (readonly number[])[] | undefined, wanted: readonly (readonly number[])[]): void {
  expect(vectors?.length).toBe(wanted.length);
  for (const [index, vector] of (vectors ?? []).entries()) {
    expect(vector).toHaveLength(wanted[index]?.length ?? -1);
    for (const [at, value] of vector.entries()) expect(value).toBeCloseTo(wanted[index]?.[at] ?? 9, 5);
  }
}

describe.each(TARGETS)('before a model of %s', (target) => {
  const model = `by-${target}`;

  test('OpenAI’s client gets the vectors, which it asks for in base64', async () => {
    const { data, response } = await openai.embeddings.create({ model, input: TEXTS }).withResponse();
    expectNear(
      data.data.map(({ embedding }) => embedding),
      await expected(),
    );
    expect(response.headers.get('x-gatehouse-provider')).toBe(target);
  });

  test('and as numbers', async () => {
    const { data } = await openai.embeddings.create({ model, input: TEXTS, encoding_format: 'float' });
    expectNear(
      data.map(({ embedding }) => embedding),
      await expected(),
    );
  });

  test('Cohere’s client gets them', async () => {
    const { embeddings } = await cohere.embed({ model, texts: TEXTS, inputType: 'search_query', embeddingTypes: ['float'] });
    expectNear(embeddings.float, await expected());
  });
});

describe('what vectors are for', () => {
  for (const [target, path, wanted] of [
    ['jina', '/jina/v1/embeddings', { task: 'retrieval.query', dimensions: 512 }],
    ['voyage', '/voyage/v1/embeddings', { input_type: 'query', output_dimension: 512 }],
  ] as const) {
    test(`is told to ${target} in its own words`, async () => {
      await cohere.embed({ model: `by-${target}`, texts: ['one'], inputType: 'search_query', outputDimension: 512 });
      const [sent] = (await simulator.requests(path)).slice(-1);
      expect(JSON.parse(sent?.body ?? '')).toMatchObject(wanted);
    });
  }

  test('Cohere must be told, so it is', async () => {
    await openai.embeddings.create({ model: 'by-cohere', input: 'one' });
    const [sent] = (await simulator.requests('/v2/embed')).slice(-1);
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({ input_type: 'search_document', texts: ['one'] });
  });
});

describe('what can’t be had is refused', () => {
  test('numbers of tokens, by a model that takes text', async () => {
    const error = await failureOf(openai.embeddings.create({ model: 'by-cohere', input: [[1, 2, 3]] }));
    expect(error).toMatchObject({ status: 400, param: 'input' });
  });

  test('pictures, and whole numbers for vectors, of a model of another API', async () => {
    for (const asked of [
      { images: ['data:image/png;base64,aGk='] },
      { inputs: [{ content: [{ type: 'image_url' as const, imageUrl: { url: 'data:image/png;base64,aGk=' } }] }] },
      { texts: ['a'], embeddingTypes: ['int8' as const] },
    ])
      expect(await failureOf(cohere.embed({ model: 'by-voyage', inputType: 'search_document', ...asked }))).toMatchObject({
        statusCode: 400,
      });
  });
});
