/** The simulator's other sides: Ollama's native API, and the AI service behind service routes. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator[Symbol.asyncDispose]());

function post(path: string, body: object | string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return fetch(`${simulator.url}${path}`, { method: 'POST', body: bytes, headers });
}

/** Objects of an NDJSON stream. */
async function lines(reply: Response): Promise<Record<string, unknown>[]> {
  expect(reply.headers.get('content-type')).toBe('application/x-ndjson');
  const text = await reply.text();
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const messages = [{ role: 'user', content: 'Hello' }];
/** What the last object of an answer tells, in nanoseconds and tokens. */
const statistics = {
  total_duration: expect.any(Number),
  load_duration: expect.any(Number),
  prompt_eval_count: expect.any(Number),
  prompt_eval_duration: expect.any(Number),
  eval_count: 4,
  eval_duration: expect.any(Number),
};

describe('Ollama', () => {
  test('streams a chat unless told not to, and says the same in one piece', async () => {
    const streamed = await lines(await post('/api/chat', { model: 'sim-1!tokens=4', messages }));
    const final = streamed.pop();
    expect(streamed).toHaveLength(4);
    expect(streamed[0]).toEqual({ model: 'sim-1', created_at: expect.any(String), message: expect.anything(), done: false });
    expect(final).toMatchObject({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', ...statistics });

    const whole = await (await post('/api/chat', { model: 'sim-1!tokens=4', messages, stream: false })).json();
    const text = streamed.map((line) => (line['message'] as { content: string }).content).join('');
    expect(whole).toMatchObject({ message: { role: 'assistant', content: text }, done: true, ...statistics });
  });

  test('generates, with num_predict and stop', async () => {
    const asked = { model: 'sim-1!tokens=20', prompt: 'Hello', options: { num_predict: 4 } };
    const streamed = await lines(await post('/api/generate', asked));
    expect(streamed).toHaveLength(5);
    expect(streamed.at(-1)).toMatchObject({ response: '', done: true, done_reason: 'length', ...statistics });
    const whole = (await (await post('/api/generate', { ...asked, stream: false })).json()) as { response: string };
    expect(streamed.map((line) => line['response']).join('')).toBe(whole.response);
    const stopped = await post('/api/generate', { ...asked, stream: false, options: { stop: [whole.response.slice(-4)] } });
    expect(((await stopped.json()) as { response: string }).response).toBe(whole.response.slice(0, -4));
  });

  test('calls tools with arguments as an object, and answers in a given format', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters } }];
    const asked = { model: 'sim-1', messages: [{ role: 'user', content: 'use get_weather' }], tools };
    const [call, final] = await lines(await post('/api/chat', asked));
    expect(call).toMatchObject({
      message: { content: '', tool_calls: [{ function: { index: 0, name: 'get_weather', arguments: { city: expect.any(String) } } }] },
      done: false,
    });
    expect(final).toMatchObject({ done: true, done_reason: 'stop' });
    const format = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const shaped = (await (await post('/api/chat', { model: 'sim-1', messages, stream: false, format })).json()) as {
      message: { content: string };
    };
    expect(JSON.parse(shaped.message.content)).toEqual({ ok: true });
  });

  test('loads and unloads a model when there is no prompt', async () => {
    expect(await (await post('/api/chat', { model: 'sim-1', messages: [] })).json()).toMatchObject({ done: true, done_reason: 'load' });
    const unloaded = await post('/api/generate', { model: 'sim-1', keep_alive: 0 });
    expect(await unloaded.json()).toMatchObject({ response: '', done: true, done_reason: 'unload' });
  });

  test('embeds one text and several', async () => {
    const many = (await (await post('/api/embed', { model: 'sim-1', input: ['One', 'Two'] })).json()) as { embeddings: number[][] };
    const one = (await (await post('/api/embeddings', { model: 'sim-1', prompt: 'One' })).json()) as { embedding: number[] };
    expect(many.embeddings).toHaveLength(2);
    expect(one.embedding).toEqual(many.embeddings[0] ?? []);
  });

  test('tells what it is and what it has', async () => {
    const get = async (path: string) => (await fetch(`${simulator.url}${path}`)).json();
    expect(await get('/api/version')).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    expect(await get('/api/tags')).toMatchObject({ models: expect.arrayContaining([expect.objectContaining({ name: 'sim-1:latest' })]) });
    expect(await (await post('/api/show', { model: 'sim-1' })).json()).toMatchObject({
      details: { family: 'llama' },
      capabilities: ['completion', 'tools', 'vision', 'thinking', 'embedding'],
    });
    expect(await (await fetch(simulator.url)).text()).toBe('Ollama is running');
  });

  test('has errors of its own shape, whole and within a stream', async () => {
    const failed = await post('/api/chat', { model: 'sim-1!status=500', messages });
    expect(failed.status).toBe(500);
    expect(await failed.json()).toEqual({ error: expect.any(String) });
    const missing = await post('/api/chat', { messages });
    expect([missing.status, await missing.json()]).toEqual([400, { error: 'model is required' }]);
    const broken = await lines(await post('/api/chat', { model: 'sim-1!error-after=2', messages }));
    expect(broken.map((line) => Object.keys(line)[0])).toEqual(['model', 'model', 'error']);
    const endless = await lines(await post('/api/chat', { model: 'sim-1!no-done', messages }));
    expect(endless.every((line) => line['done'] === false)).toBe(true);
  });
});

describe('the AI service', () => {
  test('infers', async () => {
    expect(await (await post('/infer', { prompt: 'hello' })).json()).toMatchObject({ ok: true, output: 'echo: hello' });
    expect((await post('/infer', {})).status).toBe(422);
  });

  test('echoes what arrived: method, path, query, headers, and the body by its hash', async () => {
    const body = new Uint8Array(100_000).map((_, index) => index % 251);
    const reply = await (await post('/echo/a%20b?x=1&y=', body, { 'x-test': 'yes' })).json();
    const sha256 = new Bun.CryptoHasher('sha256').update(body).digest('hex');
    const want = {
      method: 'POST',
      path: '/echo/a%20b',
      query: { x: '1', y: '' },
      headers: { 'x-test': 'yes' },
      body: { bytes: 100_000, sha256 },
    };
    expect(reply).toMatchObject(want);
    const put = await fetch(`${simulator.url}/anything`, { method: 'PUT', body: '{"a":1}' });
    expect(await put.json()).toMatchObject({ method: 'PUT', json: { a: 1 }, text: null });
    expect(await (await post('/v1/anything/below', 'plain')).json()).toMatchObject({ json: null, text: 'plain' });
  });

  test('mirrors a body as it comes, before it has ended', async () => {
    const upload = new TransformStream<Uint8Array, Uint8Array>();
    const writer = upload.writable.getWriter();
    const asked = fetch(`${simulator.url}/mirror`, { method: 'POST', body: upload.readable });
    await writer.write(new TextEncoder().encode('first'));
    const reader = ((await asked).body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    expect(decoder.decode((await reader.read()).value)).toBe('first');
    await writer.write(new TextEncoder().encode('second'));
    expect(decoder.decode((await reader.read()).value)).toBe('second');
    await writer.close();
    expect((await reader.read()).done).toBe(true);
  });

  test('has items to cache, with the headers that the query asks for', async () => {
    const url = `${simulator.url}/items/7?cache-control=public,max-age=60&vary=accept`;
    const first = await fetch(url);
    expect([first.headers.get('cache-control'), first.headers.get('vary')]).toEqual(['public,max-age=60', 'accept']);
    expect(await first.json()).toMatchObject({ id: '7' });
    const again = await fetch(url, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const padded = await fetch(`${simulator.url}/items/8?bytes=50000`);
    expect((await padded.text()).length).toBeGreaterThan(50_000);
  });

  test('fails in its own shape, its health included', async () => {
    expect(await (await fetch(`${simulator.url}/health`)).json()).toMatchObject({ status: 'healthy' });
    await simulator.fault('status=503', '/health');
    const sick = await fetch(`${simulator.url}/health`);
    expect([sick.status, await sick.json()]).toEqual([503, { detail: expect.any(String) }]);
    await simulator.fault('');
    expect((await fetch(`${simulator.url}/health`)).status).toBe(200);
  });

  test('refuses faults that nobody knows', async () => {
    expect(String(await rejection(simulator.fault('explode')))).toMatch(/unknown fault/);
  });
});
