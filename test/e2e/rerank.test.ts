/*
 * Reranking across dialects: whoever asks, in whichever form, is answered in that form by a reranker of any vendor. On the real process, with a simulator behind
 * it that reranks as Cohere, Jina, Voyage and Text Embeddings Inference do.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { CohereClient, CohereClientV2 } from 'cohere-ai';
import { accessLine } from '../harness/access-log.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-rerank-00000000000000';
const TARGETS = ['cohere', 'jina', 'voyage', 'tei', 'vllm'] as const;
type Target = (typeof TARGETS)[number];

/** Where the simulator has each vendor's reranker. */
const PLACES: Readonly<Record<Target, string>> = {
  cohere: '/v2/rerank',
  jina: '/jina/v1/rerank',
  voyage: '/voyage/v1/rerank',
  tei: '/rerank',
  vllm: '/jina/v1/rerank',
};

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { retries: { base_delay: '1ms', delay_max: '5ms' } },
      providers: {
        cohere: { base_url: simulator.url, api_key: 'up' },
        jina: { base_url: `${simulator.url}/jina/v1`, api_key: 'up' },
        voyage: { base_url: `${simulator.url}/voyage/v1`, api_key: 'up' },
        tei: { base_url: simulator.url, api_key: 'up' },
        vllm: { base_url: `${simulator.url}/jina/v1`, api_key: 'up' },
        chat: { type: 'openai-compatible', base_url: `${simulator.url}/v1` },
      },
      models: {
        ...Object.fromEntries(TARGETS.map((provider) => [`by-${provider}`, { targets: [{ provider, model: 'sim-1' }] }])),
        // TEI's callers name none.
        rerank: { targets: [{ provider: 'voyage', model: 'sim-1' }] },
        'fails-over': {
          targets: [
            { provider: 'cohere', model: 'sim-1!status=500' },
            { provider: 'tei', model: 'sim-1' },
          ],
        },
        chats: { targets: [{ provider: 'chat', model: 'sim-1' }] },
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const QUERY = 'red apple';
const DOCUMENTS = ['a green pear', 'a red apple', 'an apple', 'rød ☕'];
const BEST = [1, 2];

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function post(path: string, body: unknown): Promise<Answer> {
  const reply = await gateway.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Record<string, unknown> };
}

const indexes = (list: unknown) => (list as { readonly index: number }[]).map(({ index }) => index);

describe.each(TARGETS)('before a reranker of %s', (target) => {
  const model = `by-${target}`;
  const arrived = async () => {
    const [sent] = (await simulator.requests(PLACES[target])).slice(-1);
    return JSON.parse(sent?.body ?? '') as Record<string, unknown>;
  };

  test('Cohere’s client is answered', async () => {
    const client = new CohereClientV2({ token: KEY, environment: gateway.url, maxRetries: 0 });
    const reply = await client.rerank({ model, query: QUERY, documents: DOCUMENTS, topN: 2 });
    expect(reply.results.map(({ index }) => index)).toEqual(BEST);
    expect(reply.results[0]?.relevanceScore).toBeGreaterThan(reply.results[1]?.relevanceScore ?? 9);
    const sent = await arrived();
    expect(sent['query']).toBe(QUERY);
    expect(sent['documents'] ?? sent['texts']).toEqual(DOCUMENTS);
  });

  test('so is the client of Cohere’s first version, which gets its documents back', async () => {
    const client = new CohereClient({ token: KEY, environment: gateway.url, maxRetries: 0 });
    const documents = [
      { text: 'a pear', page: '1' },
      { text: 'a red apple', page: '2' },
    ];
    const { results } = await client.rerank({ model, query: QUERY, documents, topN: 1, returnDocuments: true });
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ index: 1, document: { text: 'a red apple' } });
  });

  test('a caller in Jina’s form is answered in it', async () => {
    const { status, headers, body } = await post('/v1/rerank', { model, query: QUERY, documents: DOCUMENTS, top_n: 2 });
    expect(status).toBe(200);
    expect(indexes(body['results'])).toEqual(BEST);
    expect((body['results'] as object[])[0]).toMatchObject({ relevance_score: expect.any(Number), document: { text: 'a red apple' } });
    expect(headers.get('x-gatehouse-provider')).toBe(target);
    const line = await accessLine(gateway, headers.get('x-correlation-id') ?? '');
    expect(line).toMatchObject({ status_code: 200, route: '/v1/rerank' });
  });

  test('a caller in Voyage’s form is answered in it', async () => {
    const { status, body } = await post('/v1/rerank', {
      model,
      query: QUERY,
      documents: DOCUMENTS,
      top_k: 2,
      return_documents: true,
      truncation: true,
    });
    expect(status).toBe(200);
    expect(indexes(body['data'])).toEqual(BEST);
    expect((body['data'] as object[])[0]).toMatchObject({ document: 'a red apple' });
  });

  test('a caller in TEI’s form is answered in it', async () => {
    const { status, body } = await post('/rerank', { model, query: QUERY, texts: DOCUMENTS, return_text: true });
    expect(status).toBe(200);
    expect(indexes(body).slice(0, 2)).toEqual(BEST);
    expect(body[0]).toMatchObject({ index: 1, text: 'a red apple', score: expect.any(Number) });
  });

  test('more are wanted than there are: all come', async () => {
    const { body } = await post('/v2/rerank', { model, query: QUERY, documents: DOCUMENTS, top_n: 99 });
    expect(new Set(indexes(body['results']))).toEqual(new Set([0, 1, 2, 3]));
  });
});

test('a caller in TEI’s form that names no model gets the one called `rerank`', async () => {
  const { status, headers, body } = await post('/rerank', { query: QUERY, texts: DOCUMENTS });
  expect(status).toBe(200);
  expect(indexes(body).slice(0, 2)).toEqual(BEST);
  expect(headers.get('x-gatehouse-translated')).toBe('tei>voyage');
});

test('a reranker that fails is followed by one of another vendor', async () => {
  const { status, headers, body } = await post('/v2/rerank', { model: 'fails-over', query: QUERY, documents: DOCUMENTS, top_n: 2 });
  expect(status).toBe(200);
  expect(indexes(body['results'])).toEqual(BEST);
  expect(headers.get('x-gatehouse-provider')).toBe('tei');
});

test('ten thousand documents are as good as four', async () => {
  const documents = Array.from({ length: 10_000 }, (_, index) => (index === 7_777 ? 'a red apple' : `a pear ${index}`));
  const { status, body } = await post('/v2/rerank', { model: 'by-cohere', query: QUERY, documents, top_n: 1 });
  expect(status).toBe(200);
  expect(indexes(body['results'])).toEqual([7_777]);
  // Another vendor may have a lower limit, and says so itself.
  const refused = await post('/v2/rerank', { model: 'by-voyage', query: QUERY, documents, top_n: 1 });
  expect(refused.status).toBe(400);
  expect(refused.body).toEqual({ id: expect.any(String), message: expect.stringContaining('too many documents') });
});

describe('bad requests are refused in the caller’s form', () => {
  const good = { model: 'by-voyage', query: QUERY, documents: DOCUMENTS };
  for (const [name, path, body, param] of [
    ['no body', '/v2/rerank', '', undefined],
    ['half a body', '/v2/rerank', '{"model":', undefined],
    ['a list', '/v2/rerank', [], undefined],
    ['no model', '/v2/rerank', { ...good, model: undefined }, 'model'],
    ['a number as the model', '/v1/rerank', { ...good, model: 1 }, 'model'],
    ['no query', '/v1/rerank', { ...good, query: undefined }, 'query'],
    ['a query that is a list', '/v2/rerank', { ...good, query: ['a'] }, 'query'],
    ['no documents', '/v2/rerank', { ...good, documents: undefined }, 'documents'],
    ['empty documents', '/v2/rerank', { ...good, documents: [] }, 'documents'],
    ['empty documents in Jina’s form', '/v1/rerank', { ...good, documents: [] }, 'documents'],
    ['empty texts', '/rerank', { query: QUERY, texts: [] }, 'texts'],
    ['documents that are a text', '/v1/rerank', { ...good, documents: 'a' }, 'documents'],
    ['a document that is a number', '/v2/rerank', { ...good, documents: ['a', 1] }, 'documents[1]'],
    ['a document that is a picture', '/v1/rerank', { ...good, documents: [{ image: 'https://example.com/a.png' }] }, 'documents[0]'],
    ['a text that is null', '/rerank', { query: QUERY, texts: [null] }, 'texts[0]'],
    ['none wanted', '/v2/rerank', { ...good, top_n: 0 }, 'top_n'],
    ['half a document wanted', '/v2/rerank', { ...good, top_n: 1.5 }, 'top_n'],
    ['a text as the number wanted', '/v1/rerank', { ...good, top_n: '2' }, 'top_n'],
    ['a second spelling', '/v2/rerank', { ...good, Model: 'other' }, 'model'],
  ] as const) {
    test(name, async () => {
      const { status, body: told } = await post(path, typeof body === 'string' ? body : JSON.stringify(body));
      expect(status).toBe(400);
      const message = told['message'] ?? told['error'];
      const text = typeof message === 'string' ? message : JSON.stringify(told['detail']);
      expect(text.length).toBeGreaterThan(5);
      if (param !== undefined) expect(text).toContain(`'${param}'`);
      if (path === '/v2/rerank') expect(Object.keys(told).toSorted()).toEqual(['id', 'message']);
      if (path === '/v1/rerank') expect(told).toMatchObject({ error: { param, correlation_id: expect.any(String) } });
      if (path === '/rerank') expect(told).toEqual({ error: expect.any(String), error_type: 'Validation' });
    });
  }

  test('a model that there is not, and one that only chats', async () => {
    expect((await post('/v2/rerank', { ...good, model: 'nobody' })).status).toBe(404);
    const { status, body } = await post('/v2/rerank', { ...good, model: 'chats' });
    expect(status).toBe(400);
    expect(body['message']).toContain('chats');
  });
});
