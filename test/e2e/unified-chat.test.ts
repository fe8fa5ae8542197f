/*
 * `POST /v1/chat` as the AI platform's gateway documents it: its request table, its response structure, and all that the gateway does for any
 * other chat. Answers whole and streamed, as a caller sees them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { leaveAfter, rawRequest } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-test-key-123';
const ADA = 'sk-ada-0000000000000';
const LIMITED = 'sk-limited-0000000000';
const CHOSEN = 'sk-chosen-00000000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

function config(more: object = {}): object {
  const target = (model: string) => ({ targets: [{ provider: 'simulator', model }] });
  return {
    auth: {
      keys: [
        { name: 'test', key: KEY, tier: 'free' },
        { name: 'ada', key: ADA, user: 'ada', tier: 'free' },
        { name: 'limited', key: LIMITED, tier: 'three' },
        { name: 'chosen', key: CHOSEN, tier: 'free', models: ['other'] },
      ],
    },
    state: { records: 'memory' },
    // On a busy machine too: what is tried here is what is told.
    context: { deadline: '5s' },
    limits: { tiers: { three: { per_hour: 3 }, free: {} } },
    cache: { routes: [{ match: '/v1/chat', ttl: '60s', coalesce: true }] },
    providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
    models: {
      other: target('sim-1'),
      'llama-3.3-8b-instruct': target('sim-2'),
      slow: target('sim-1!first-token-ms=300'),
      endless: target('sim-1!tokens=100000,tokens-per-second=50'),
      cut: target('sim-1!tokens=8,tokens-per-second=40,cut-after=3'),
      silent: target('sim-1!no-usage'),
    },
    ...more,
  };
}

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({ config: config() });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const MESSAGES = [{ role: 'user', content: 'Hello!' }];

function post(
  body: object | string,
  { key = KEY, headers = {} }: { key?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return gateway.request('/v1/chat', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

interface Unified {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: number;
    readonly message: { role: string; content: string };
    readonly finish_reason: string;
  }[];
  readonly usage: Record<string, unknown>;
  readonly context: unknown;
  readonly metadata: Record<string, unknown>;
}

const answerTo = async (body: object, more: { key?: string } = {}): Promise<Unified> => {
  const reply = await post(body, more);
  expect(reply.status).toBe(200);
  return (await reply.json()) as Unified;
};

/** The body of the last question that came to the model. */
async function lastQuestion(): Promise<Record<string, unknown>> {
  return JSON.parse((await simulator.requests('/v1/chat')).at(-1)?.body ?? '{}') as Record<string, unknown>;
}

const expectAnswer = ({ id, object, created, model, choices, usage, context, metadata }: Unified, isStored: boolean) => {
  expect(id).toMatch(/^unified-[a-z0-9]{20}$/);
  expect([object, model]).toEqual(['unified.chat.completion', 'sim-2']);
  expect(created).toBeInteger();
  expect(choices).toHaveLength(1);
  expect(choices[0]).toMatchObject({
    index: 0,
    message: { role: 'assistant', content: expect.stringMatching(/\w/) },
    finish_reason: 'stop',
  });
  expect(usage).toMatchObject({
    prompt_tokens: expect.any(Number),
    completion_tokens: expect.any(Number),
    total_tokens: expect.any(Number),
  });
  expect(context).toEqual({ memories: [], rag_documents: [] });
  expect(metadata).toMatchObject({
    memory_retrieval_ms: expect.any(Number),
    rag_retrieval_ms: expect.any(Number),
    memories_retrieved: 0,
    rag_documents_retrieved: 0,
    memory_stored: isStored,
    memory_id: isStored ? expect.any(String) : null,
  });
};

describe("the document's own requests", () => {
  test('the simple one is answered in the documented structure', async () => {
    const answer = await answerTo({ messages: MESSAGES });
    expectAnswer(answer, false);
    expect(answer.metadata['skipped']).toEqual(['memory', 'knowledge']);
    expect(answer.metadata['left_out']).toEqual([
      { part: 'memory', reason: 'no_user' },
      { part: 'knowledge', reason: 'no_collection' },
    ]);
  });

  test('the full one is, too', async () => {
    const answer = await answerTo({
      messages: [{ role: 'user', content: 'What do you know about me?' }],
      user_id: 'alice-001',
      use_memory: true,
      use_rag: true,
      store_memory: true,
      rag_k: 3,
      memory_limit: 5,
      max_tokens: 200,
    });
    expectAnswer(answer, true);
    expect(answer.metadata['skipped']).toEqual(['knowledge']);
  });

  test('the times are those of this request', async () => {
    const startMs = performance.now();
    const { metadata } = await answerTo({ model: 'slow', messages: MESSAGES });
    const tookMs = performance.now() - startMs;
    const [generation, total] = [Number(metadata['generation_ms']), Number(metadata['total_latency_ms'])];
    expect(generation).toBeGreaterThanOrEqual(295);
    expect(total).toBeGreaterThanOrEqual(generation);
    expect(total).toBeLessThanOrEqual(tookMs);
  });

  test('what a caller does not want is not said to be left out', async () => {
    const off = { use_memory: false, store_memory: false, use_rag: false };
    expect((await answerTo({ messages: MESSAGES, ...off })).metadata['skipped']).toEqual([]);
    expect((await answerTo({ messages: MESSAGES, ...off, use_rag: true })).metadata['skipped']).toEqual(['knowledge']);
    expect((await answerTo({ messages: MESSAGES, ...off, store_memory: true })).metadata['skipped']).toEqual(['memory']);
  });

  test('usage that the upstream did not count is unknown, not 0', async () => {
    const { usage } = await answerTo({ model: 'silent', messages: MESSAGES });
    expect(usage).toEqual({ prompt_tokens: null, completion_tokens: null, total_tokens: null });
  });
});

describe('what the model is asked', () => {
  test('has the documented defaults, and nothing of what is meant for the gateway', async () => {
    await answerTo({
      messages: MESSAGES,
      user_id: 'alice',
      use_memory: true,
      use_rag: false,
      store_memory: true,
      rag_k: 1,
      memory_limit: 1,
    });
    expect(await lastQuestion()).toEqual({ messages: MESSAGES, model: 'sim-2', max_tokens: 2_048, temperature: 0.7, top_p: 0.9 });
  });

  test('has what the caller said instead, and every field that we do not know', async () => {
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }];
    const more = {
      max_tokens: 5,
      temperature: 1.5,
      top_p: 0.5,
      stop: ['x'],
      seed: 7,
      tools,
      tool_choice: 'none',
      user: 'label',
      made_up: [1.5],
    };
    await answerTo({ messages: MESSAGES, user_id: 'alice', ...more });
    expect(await lastQuestion()).toEqual({ messages: MESSAGES, model: 'sim-2', ...more });
  });

  test('leaves the sampling to the model where the caller says null, and keeps the newer name of the length alone', async () => {
    await answerTo({ messages: MESSAGES, temperature: null, top_p: null, max_completion_tokens: 9 });
    expect(await lastQuestion()).toEqual({ messages: MESSAGES, model: 'sim-2', max_completion_tokens: 9 });
  });

  test('keeps the bytes of the conversation', async () => {
    const text = `{"rag_k":2, "messages" : [ {"role":"user","content":"\\u0068i \\ud83d\\ude00", "x": 1.50} ],"use_rag":false}`;
    expect((await post(text)).status).toBe(200);
    const asked = (await simulator.requests('/v1/chat')).at(-1)?.body;
    expect(asked).toContain(`"messages" : [ {"role":"user","content":"\\u0068i \\ud83d\\ude00", "x": 1.50} ]`);
  });
});

interface Chunk {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly choices: readonly { readonly delta: { readonly content?: string }; readonly finish_reason: string | null }[];
  readonly usage?: unknown;
  readonly context?: unknown;
  readonly metadata?: Record<string, unknown>;
  readonly error?: { readonly code: string; readonly type: string };
}

const chunksOf = (text: string): Chunk[] =>
  text.split('\n\n').flatMap((event) => (event.startsWith('data: {') ? [JSON.parse(event.slice(6)) as Chunk] : []));
const textOf = (chunks: readonly Chunk[]) => chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

describe('a stream', () => {
  test('comes in chunks of its own object, with context and metadata in the last one before [DONE]', async () => {
    const reply = await post({ messages: MESSAGES, seed: 1, stream: true });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const text = await reply.text();
    expect(text).toEndWith('\n\ndata: [DONE]\n\n');
    const chunks = chunksOf(text);
    const [id] = [...new Set(chunks.map((chunk) => chunk.id))];
    expect(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.object} ${chunk.model} ${chunk.created}`)).size).toBe(1);
    expect(id).toMatch(/^unified-[a-z0-9]{20}$/);
    expect(chunks[0]).toMatchObject({
      object: 'unified.chat.completion.chunk',
      model: 'sim-2',
      choices: [{ delta: { role: 'assistant' } }],
    });
    const last = chunks.at(-1);
    expect(last?.choices).toEqual([]);
    expect(last?.usage).toMatchObject({ prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) });
    expect(last?.context).toEqual({ memories: [], rag_documents: [] });
    expect(last?.metadata).toMatchObject({ memory_stored: false, memory_id: null, skipped: ['memory', 'knowledge'] });
    expect(Number(last?.metadata?.['total_latency_ms'])).toBeGreaterThan(0);
    // Nobody else tells them, and the answer is the one that comes whole.
    expect(chunks.filter(({ metadata, context }) => metadata !== undefined || context !== undefined)).toHaveLength(1);
    expect(chunks.filter(({ usage }) => usage !== undefined && usage !== null)).toHaveLength(1);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(textOf(chunks)).toBe((await answerTo({ messages: MESSAGES, seed: 1 })).choices[0]?.message.content ?? 'none');
  });

  test('is logged with its usage and with the bytes that the caller got', async () => {
    const reply = await post({ messages: MESSAGES, stream: true });
    const text = await reply.text();
    const line = await accessLine(gateway, reply.headers.get('x-correlation-id') ?? '');
    expect(line).toMatchObject({
      route: '/v1/chat',
      outcome: 'complete',
      status_code: 200,
      bytes: Buffer.byteLength(text),
      model: 'sim-2',
    });
    expect(Number(line['output_tokens'])).toBeGreaterThan(0);
  });

  test('that the upstream cuts ends in a typed error, and never in [DONE]', async () => {
    const reply = await post({ model: 'cut', messages: MESSAGES, stream: true });
    const text = await reply.text();
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('"metadata":{"memory');
    const chunks = chunksOf(text);
    expect(chunks.at(-1)?.error).toMatchObject({ code: 'upstream_stream_interrupted', type: 'api_error' });
    expect(chunks.at(-2)?.object).toBe('unified.chat.completion.chunk');
    expect(await accessLine(gateway, reply.headers.get('x-correlation-id') ?? '')).toMatchObject({
      outcome: 'cut',
      error: 'upstream_stream_interrupted',
    });
  });

  test('whose caller leaves is left upstream within 250 ms', async () => {
    const request = rawRequest({
      target: '/v1/chat',
      headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: 'endless', messages: MESSAGES, stream: true, user_id: 'leaver' }),
    });
    const leftAtMs = await leaveAfter(gateway.url, request, 2_000);
    const record = await eventually(
      async () => (await simulator.requests('/v1/chat')).find(({ body, outcome }) => body.includes('100000') && outcome === 'client_gone'),
      { what: 'the abort upstream' },
    );
    expect(record.receivedAtMs + (record.abortedAfterMs ?? Number.POSITIVE_INFINITY) - leftAtMs).toBeLessThan(250);
  });
});

describe('as any other chat', () => {
  test('it takes a key', async () => {
    const reply = await gateway.request('/v1/chat', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect(reply.status).toBe(401);
    expect(await reply.json()).toMatchObject({ error: { code: 'key_missing' }, detail: expect.any(String) });
  });

  test('it takes a model that the key may use', async () => {
    expect((await post({ model: 'other', messages: MESSAGES }, { key: CHOSEN })).status).toBe(200);
    const reply = await post({ messages: MESSAGES }, { key: CHOSEN });
    expect(reply.status).toBe(403);
    expect(await reply.json()).toMatchObject({ error: { code: 'model_forbidden', param: 'model' } });
  });

  test('a model that is not there is told', async () => {
    const reply = await post({ model: 'nobody', messages: MESSAGES });
    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ error: { code: 'model_unknown', param: 'model' } });
  });

  test('it is limited, with the same headers, and refused in the older shape', async () => {
    const statuses: number[] = [];
    let last: Response | undefined;
    for (let count = 0; count < 4; count += 1) {
      last = await post({ messages: MESSAGES }, { key: LIMITED });
      statuses.push(last.status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(last?.headers.get('x-ratelimit-limit-hour')).toBe('3');
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await last?.json()).toMatchObject({
      error: { code: 'rate_limited', type: 'rate_limit_error' },
      detail: { error: 'Rate limit exceeded', limit_per_hour: 3 },
    });
  });

  test('a deterministic answer is cached; the times and the id are of this request all the same', async () => {
    const body = { model: 'slow', messages: [{ role: 'user', content: 'Cached?' }], temperature: 0 };
    const [first, second] = [await post(body), await post(body)];
    expect([first.headers.get('x-cache'), second.headers.get('x-cache')]).toEqual(['MISS', 'HIT']);
    const [made, kept] = [(await first.json()) as Unified, (await second.json()) as Unified];
    expect(kept.choices).toEqual(made.choices);
    expect(kept.id).not.toBe(made.id);
    expect([made.metadata['cached'], kept.metadata['cached']]).toEqual([false, true]);
    expect(Number(made.metadata['generation_ms'])).toBeGreaterThan(250);
    expect(Number(kept.metadata['generation_ms'])).toBeLessThan(250);
  });

  test('a cached stream is a stream again, with its own last chunk', async () => {
    const body = { messages: [{ role: 'user', content: 'Cached stream?' }], temperature: 0, stream: true };
    const first = chunksOf(await (await post(body)).text());
    const reply = await post(body);
    expect(reply.headers.get('x-cache')).toBe('HIT');
    const text = await reply.text();
    const second = chunksOf(text);
    expect(text).toEndWith('data: [DONE]\n\n');
    expect(textOf(second)).toBe(textOf(first));
    expect(second[0]?.id).not.toBe(first[0]?.id ?? '');
    expect(second.at(-1)?.metadata).toMatchObject({ cached: true });
  });

  test('the users of one key never share what is cached', async () => {
    const body = { messages: [{ role: 'user', content: 'Whose?' }], temperature: 0 };
    await answerTo({ ...body, user_id: 'alice' });
    expect((await post({ ...body, user_id: 'alice' })).headers.get('x-cache')).toBe('HIT');
    expect((await post({ ...body, user_id: 'bob' })).headers.get('x-cache')).toBe('MISS');
    expect((await post(body)).headers.get('x-cache')).toBe('MISS');
    expect((await post(body, { key: ADA })).headers.get('x-cache')).toBe('MISS');
  });

  test('twenty who ask the same at once ask upstream once, and each gets an answer of their own', async () => {
    const body = { model: 'slow', messages: [{ role: 'user', content: 'All at once' }], temperature: 0 };
    const before = (await simulator.requests('/v1/chat')).length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => answerTo(body)));
    expect((await simulator.requests('/v1/chat')).length).toBe(before + 1);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(20);
    expect(answers.filter(({ metadata }) => metadata['cached'] === true)).toHaveLength(19);
  });
});

describe('a user', () => {
  test('is named by whoever speaks for all', async () => {
    await answerTo({ messages: MESSAGES, user_id: 'anybody' });
  });

  test('speaks for itself with a key that is bound to it', async () => {
    await answerTo({ messages: MESSAGES, user_id: 'ada' }, { key: ADA });
    await answerTo({ messages: MESSAGES }, { key: ADA });
  });

  test('does not exist for a key that is bound to another, and nobody is asked', async () => {
    const before = (await simulator.requests('/v1/chat')).length;
    const reply = await post({ messages: MESSAGES, user_id: 'bob' }, { key: ADA });
    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ error: { code: 'resource_unknown', param: 'user_id' } });
    expect((await simulator.requests('/v1/chat')).length).toBe(before);
  });
});
