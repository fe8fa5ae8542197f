/*
 * Gemini's dialect, byte for byte: what the upstream gets is what the caller sent, at the path of the target's model; what the caller gets is what the upstream
 * sent, whole, as events and as a list that grows, also out of the cache, which knows models and forms apart.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'gatehouse-gemini-bytes-0000';
let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  const target = (model: string) => ({ targets: [{ provider: 'google-ai-studio', model }] });
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'bytes', key: KEY }] },
      limits: { mode: 'off' },
      cache: { routes: [{ match: '/v1beta/*', any: true, coalesce: true }] },
      upstream: { retries: { attempts_max: 1 } },
      providers: { 'google-ai-studio': { base_url: simulator.url, api_key: 'any', models: ['*'] } },
      models: {
        house: target('sim-1'),
        other: target('sim-1!seed=5'),
        broken: target('sim-1!error-after=2,tokens-per-second=40'),
        cut: target('sim-1!cut-after=2,tokens-per-second=40'),
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

async function post(url: string, body: string, more: Record<string, string> = {}) {
  const headers = { 'x-goog-api-key': KEY, 'content-type': 'application/json', ...more };
  const reply = await fetch(url, { method: 'POST', headers, body });
  // Latin-1 keeps each byte apart: what UTF-8 would replace is not hidden.
  const text = Buffer.from(await reply.arrayBuffer()).toString('latin1');
  return {
    status: reply.status,
    type: reply.headers.get('content-type')?.toLowerCase().split(';')[0],
    text,
    cache: reply.headers.get('x-gatehouse-cache'),
  };
}

const hello =
  '{ "contents":[{"parts":[{"text":"Hello ☕ \\u2028 \\"finishReason\\" ]}"}]}] , "unknown_field" : {"a":1.0},"safety_settings":[] }';
const known = hello.replace(' , "unknown_field" : {"a":1.0}', '');

describe('bytes pass', () => {
  for (const method of ['generateContent', 'streamGenerateContent?alt=sse', 'streamGenerateContent', 'countTokens']) {
    test(`of ${method}`, async () => {
      const path = `/v1beta/models/sim-1:${method}`;
      const body = method === 'countTokens' ? known.replace(',"safety_settings":[]', '') : known;
      const answer = await post(gateway.url + path.replace('sim-1', 'house'), body, { 'cache-control': 'no-store' });
      const sent = (await simulator.requests(path.split('?')[0] ?? '')).at(-1);
      expect(sent?.body).toBe(body);
      const direct = await post(simulator.url + path, body);
      expect({ status: answer.status, text: answer.text, type: answer.type }).toEqual({
        status: 200,
        text: direct.text,
        type: direct.type,
      });
    });
  }

  test('and so does what the upstream says of a field that it does not know', async () => {
    const [answer, direct] = await Promise.all(
      [gateway.url, simulator.url].map((url) => post(`${url}/v1beta/models/sim-1:generateContent`, hello)),
    );
    expect(answer?.status).toBe(400);
    expect(answer?.text).toBe(direct?.text ?? '');
  });

  test('but for a model that the body names, which is the target’s', async () => {
    const body = '{"requests":[{"model":"models/house","content":{"parts":[{"text":"one"}]},"outputDimensionality":3}]}';
    const { status, text } = await post(`${gateway.url}/v1beta/models/house:batchEmbedContents`, body);
    expect(status).toBe(200);
    expect((JSON.parse(text) as { embeddings: { values: number[] }[] }).embeddings[0]?.values).toHaveLength(3);
  });
});

describe('the cache', () => {
  test('knows models and forms apart, though the bodies are the same', async () => {
    const ask = (model: string, method: string) => post(`${gateway.url}/v1beta/models/${model}:${method}`, known);
    const first = await ask('house', 'generateContent');
    expect(first.cache).toBe('miss');
    expect(await ask('house', 'generateContent')).toEqual({ ...first, cache: 'hit' });
    expect((await ask('other', 'generateContent')).cache).toBe('miss');
    const events = await ask('house', 'streamGenerateContent?alt=sse');
    const list = await ask('house', 'streamGenerateContent');
    expect([events.cache, list.cache]).toEqual(['miss', 'miss']);
    expect(await ask('house', 'streamGenerateContent')).toEqual({ ...list, cache: 'hit' });
    expect(JSON.parse(Buffer.from(list.text, 'latin1').toString())).toBeArray();
  });
});

describe('a stream that fails', () => {
  for (const model of ['broken', 'cut']) {
    test(`ends in an error, in a list that is one (${model})`, async () => {
      const { status, text } = await post(`${gateway.url}/v1beta/models/${model}:streamGenerateContent`, known);
      const list = JSON.parse(Buffer.from(text, 'latin1').toString()) as Record<string, unknown>[];
      expect(status).toBe(200);
      expect(list.at(-1)).toMatchObject({ error: { code: 502, status: 'UNAVAILABLE' } });
      expect(list.length).toBeGreaterThan(1);
      const events = await post(`${gateway.url}/v1beta/models/${model}:streamGenerateContent?alt=sse`, known);
      expect(events.text.trimEnd().split('\r\n\r\n').at(-1)).toStartWith('data: {"error":');
    });
  }
});

describe('bad requests', () => {
  const ask = (target: string, body: string) =>
    rawExchange(gateway.url, [rawRequest({ target, headers: { 'x-goog-api-key': KEY, 'content-type': 'application/json' }, body })], {
      timeoutMs: 5_000,
    });
  const GENERATE = '/v1beta/models/house:generateContent';
  for (const [name, target, body] of [
    ['no JSON', GENERATE, '{"contents":'],
    ['no object', GENERATE, '[]'],
    ['no contents', GENERATE, '{}'],
    ['no content', GENERATE, '{"contents":[]}'],
    ['a content that is none', GENERATE, '{"contents":["Hello"]}'],
    ['one field under both of its names', GENERATE, '{"contents":[{}],"generationConfig":{},"generation_config":{}}'],
    ['a field of another type', GENERATE, '{"contents":[{}],"tools":{}}'],
    ['a form of stream that there is not', '/v1beta/models/house:streamGenerateContent?alt=proto', known],
    ['no text to embed', '/v1beta/models/house:embedContent', '{}'],
    ['a path without a model', '/v1/projects/p/locations/l:generateContent', known],
    ['a name that is too long', `/v1beta/models/${'x'.repeat(300)}:generateContent`, known],
  ] as const) {
    test(`are refused in Google's words: ${name}`, async () => {
      const { status, body: told } = await ask(target, body);
      expect(status).toBe(400);
      expect(JSON.parse(told)).toMatchObject({ error: { code: 400, status: 'INVALID_ARGUMENT', message: expect.any(String) } });
    });
  }
});
