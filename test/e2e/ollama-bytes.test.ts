/*
 * Ollama's dialect, byte for byte: what the upstream gets is what the caller sent but for the model's name, and what the caller gets is what
 * the upstream sent, whole or line by line, also out of the cache.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-bytes-000000000000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'bytes', key: KEY }] },
      limits: { mode: 'off' },
      cache: { routes: [{ match: '/api/*', any: true, coalesce: true }] },
      providers: { simulator: { base_url: simulator.url, models: ['*'] } },
      models: { 'house-model': { targets: [{ provider: 'simulator', model: 'sim-1' }] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

interface Bytes {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

async function post(url: string, body: string, more: Readonly<Record<string, string>> = {}): Promise<Bytes & { cache: string | null }> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...more };
  const reply = await fetch(url, { method: 'POST', headers, body });
  // Latin-1 keeps each byte apart: what UTF-8 would replace is not hidden.
  const bytes = Buffer.from(await reply.arrayBuffer()).toString('latin1');
  return {
    status: reply.status,
    contentType: reply.headers.get('content-type'),
    body: bytes,
    cache: reply.headers.get('x-gatehouse-cache'),
  };
}

/** Sends a request through the gateway, past its cache, and what the gateway made of it directly. */
async function pass(path: string, body: string): Promise<{ answer: Bytes; forwarded: string; direct: Bytes }> {
  const { cache: _cache, ...answer } = await post(gateway.url + path, body, { 'cache-control': 'no-store' });
  const forwarded = (await simulator.requests(path)).at(-1)?.body ?? '';
  const { cache: _none, ...direct } = await post(simulator.url + path, forwarded);
  return { answer, forwarded, direct };
}

const CHAT = '/api/chat';
const HELLO = { messages: [{ role: 'user', content: 'Hello' }] };
const TOOLS = [
  { type: 'function', function: { name: 'look_up', parameters: { type: 'object', properties: { what: { type: 'string' } } } } },
];

const QUESTIONS: { readonly name: string; readonly path: string; readonly body: object }[] = [
  { name: 'prose', path: CHAT, body: { model: 'sim-1', ...HELLO } },
  {
    name: 'text beyond ASCII',
    path: CHAT,
    body: { model: 'sim-1', messages: [{ role: 'user', content: 'echo: ☕ naïve 🜛🜚 \u2028 "done":true {"error":1} \\ \n </s>' }] },
  },
  { name: 'tool calls', path: CHAT, body: { model: 'sim-1', messages: [{ role: 'user', content: 'Use the tool' }], tools: TOOLS } },
  { name: 'thoughts', path: CHAT, body: { model: 'sim-1', ...HELLO, think: 'high' } },
  { name: 'an answer at a pace', path: CHAT, body: { model: 'sim-1!tokens=20,tokens-per-second=400,jitter=1', ...HELLO } },
  { name: 'a long answer', path: CHAT, body: { model: 'sim-1!tokens=5000', ...HELLO } },
  { name: 'a large line', path: CHAT, body: { model: 'sim-1!huge-event=2000000', ...HELLO } },
  { name: 'an answer without counts', path: CHAT, body: { model: 'sim-1!no-usage', ...HELLO } },
  { name: 'a model that is loaded', path: CHAT, body: { model: 'sim-1' } },
  { name: 'a prompt', path: '/api/generate', body: { model: 'sim-1', prompt: 'Once', system: 'Be brief', think: true } },
  { name: 'a raw prompt', path: '/api/generate', body: { model: 'sim-1', prompt: 'Once', raw: true } },
];

describe('a whole answer is the bytes of the upstream', () => {
  const rows = [
    ...QUESTIONS,
    { name: 'embeddings', path: '/api/embed', body: { model: 'sim-embed', input: ['a', 'b'] } },
    { name: 'no embeddings', path: '/api/embed', body: { model: 'sim-embed' } },
    { name: 'older embeddings', path: '/api/embeddings', body: { model: 'sim-embed', prompt: 'a' } },
    { name: 'what a model is', path: '/api/show', body: { model: 'sim-1' } },
  ];
  for (const { name, path, body } of rows) {
    test(name, async () => {
      const sent = JSON.stringify({ ...body, stream: false });
      const { answer, forwarded, direct } = await pass(path, sent);
      expect(forwarded).toBe(sent);
      expect(answer.status).toBe(200);
      expect(answer).toEqual(direct);
    });
  }
});

describe('a streamed answer is the bytes of the upstream', () => {
  for (const { name, path, body } of QUESTIONS) {
    test(name, async () => {
      const sent = JSON.stringify(body);
      const { answer, forwarded, direct } = await pass(path, sent);
      expect(forwarded).toBe(sent);
      expect(answer).toEqual(direct);
      expect(answer.contentType).toBe(name === 'a model that is loaded' ? 'application/json; charset=utf-8' : 'application/x-ndjson');
      expect(answer.body).toContain('"done":true');
    });
  }
});

/** Bodies that a parser and a printer would change. */
const ODD_BODIES: { readonly name: string; readonly body: string }[] = [
  { name: 'spaces and line ends', body: '\r\n{ "model" :\t"sim-1" ,\n\n  "messages":[ {"role" : "user","content":"Hello" } ]  }\n ' },
  {
    name: 'numbers in other notations, unknown fields, and an order of its own',
    body: '{"zeta":{"b":1},"options":{"temperature":1.0,"top_p":1E-1,"seed":12345678901234567890},"keep_alive":-0,"messages":[{"content":"Hello","role":"user"}],"model":"sim-1","2":1}',
  },
  { name: 'escapes', body: String.raw`{"model":"sim-1","messages":[{"role":"user","content":"\u0048ello \/ \ud83d\ude00 \u00e9"}]}` },
  { name: 'nulls', body: '{"model":"sim-1","messages":[{"role":"user","content":"Grüße ☕"}],"stream":null,"tools":null,"options":null}' },
];

describe('a request reaches the upstream byte for byte, with', () => {
  for (const { name, body } of ODD_BODIES) {
    test(name, async () => {
      const { answer, forwarded, direct } = await pass(CHAT, body);
      expect(forwarded).toBe(body);
      expect(answer).toEqual(direct);
    });

    test(`${name}, and another model's name in the place of the one that was asked for`, async () => {
      for (const asked of ['house-model', 'house-model:latest'])
        expect((await pass(CHAT, body.replace('"sim-1"', JSON.stringify(asked)))).forwarded).toBe(body);
    });
  }
});

describe('an error for which the caller is at fault is the bytes of the upstream', () => {
  for (const fault of ['status=400', 'status=404', 'status=413', 'status=400,body=html', 'status=400,body=empty', 'context-length']) {
    for (const stream of [false, true]) {
      test(`${fault}, ${stream ? 'streamed' : 'whole'}`, async () => {
        const body = JSON.stringify({ model: `sim-1!${fault},key=${String(stream)}`, ...HELLO, stream });
        const { answer, direct } = await pass(CHAT, body);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect([answer.status, answer.body]).toEqual([direct.status, direct.body]);
      });
    }
  }
});

describe('out of the cache', () => {
  for (const { name, path, body } of QUESTIONS) {
    if (name === 'a model that is loaded') continue;
    for (const stream of [true, false]) {
      test(`${name} ${stream ? 'streams again, line for line' : 'is the same bytes'}`, async () => {
        const sent = JSON.stringify({ ...body, stream, salt: 'cache' });
        const first = await post(gateway.url + path, sent);
        const again = await post(gateway.url + path, sent);
        expect([first.cache, again.cache]).toEqual(name === 'a large line' ? ['miss', 'miss'] : ['miss', 'hit']);
        expect({ ...again, cache: null }).toEqual({ ...first, cache: null });
      });
    }
  }

  test('a model is never loaded: it is asked for each time', async () => {
    const sent = JSON.stringify({ model: 'sim-1', messages: [], keep_alive: '1m', salt: 'load' });
    for (let count = 0; count < 2; count += 1) expect((await post(gateway.url + CHAT, sent)).cache).toBeNull();
    expect((await simulator.requests(CHAT)).filter(({ body }) => body === sent)).toHaveLength(2);
  });

  test('a stream that failed is not kept', async () => {
    const sent = JSON.stringify({ model: 'sim-1!tokens=4,error-after=3', ...HELLO });
    for (let count = 0; count < 2; count += 1) expect((await post(gateway.url + CHAT, sent)).cache).toBe('miss');
  });

  test('identical questions under way share one call', async () => {
    const sent = JSON.stringify({ model: 'sim-1!tokens=4,first-token-ms=300,key=share', ...HELLO, stream: false, options: { seed: 1 } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(gateway.url + CHAT, sent)));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect((await simulator.requests(CHAT)).filter(({ body }) => body === sent)).toHaveLength(1);
  });

  test('the two dialects never meet', async () => {
    const sent = JSON.stringify({ model: 'sim-1', ...HELLO, stream: false, salt: 'dialects' });
    const native = await post(gateway.url + CHAT, sent);
    const openai = await post(`${gateway.url}/v1/chat/completions`, sent);
    expect(native.body).toContain('"done":true');
    expect(openai.body).toContain('"choices"');
  });
});
