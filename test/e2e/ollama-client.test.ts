/*
 * The official `ollama` client against the real process, with a model server in another one: what an application gets when it changes nothing
 * but the host.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type ChatResponse, Ollama } from 'ollama';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-ollama-00000000000000';
const NARROW = 'sk-ollama-narrow-0000000';
const ADMIN = 'sk-ollama-admin-00000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: Ollama;

const clientOf = (key: string) => new Ollama({ host: gateway.url, headers: { Authorization: `Bearer ${key}` } });

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: {
        keys: [
          { name: 'client', key: KEY },
          { name: 'narrow', key: NARROW, models: ['house'] },
          { name: 'admin', key: ADMIN, admin: true },
        ],
      },
      limits: { mode: 'off' },
      upstream: { first_token_timeout: '1s', retries: { base_delay: '20ms' } },
      providers: {
        local: { type: 'ollama', base_url: simulator.url, models: ['sim-*'] },
        down: { type: 'ollama', base_url: `http://127.0.0.1:${freePort()}` },
        vllm: { base_url: `${simulator.url}/v1` },
      },
      models: {
        house: {
          targets: [
            { provider: 'down', model: 'sim-2' },
            { provider: 'local', model: 'sim-2', priority: 1 },
          ],
        },
        'openai-only': { targets: [{ provider: 'vllm', model: 'sim-1' }] },
      },
      services: {
        // What the guide shows: an administrator may copy models, nobody else.
        'ollama-admin': { urls: [simulator.url], routes: ['POST /api/copy'], rewrite: '/echo', access: 'admin' },
      },
    },
  });
  client = clientOf(KEY);
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const say = (content: string) => [{ role: 'user', content }];

async function partsOf<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

const textOf = (parts: readonly ChatResponse[]) => parts.map(({ message }) => message.content).join('');

const TOOL = {
  type: 'function',
  function: { name: 'look_up', description: '', parameters: { type: 'object', properties: { what: { type: 'string' } } } },
};

describe('a chat', () => {
  test('is answered whole, with its counts and its durations', async () => {
    const reply = await client.chat({ model: 'sim-1', messages: say('echo: naïve café ☕ "quoted"') });
    expect(reply).toMatchObject({ model: 'sim-1', done: true, done_reason: 'stop', message: { role: 'assistant' } });
    expect(reply.message.content).toBe('naïve café ☕ "quoted"');
    expect(reply.eval_count).toBeGreaterThan(0);
    expect(reply.total_duration).toBeGreaterThan(0);
  });

  test('streams the same text, and ends with `done`', async () => {
    const whole = await client.chat({ model: 'sim-1', messages: say('Tell me a story') });
    const parts = await partsOf(await client.chat({ model: 'sim-1', messages: say('Tell me a story'), stream: true }));
    expect(textOf(parts)).toBe(whole.message.content);
    expect(parts.map(({ done }) => done)).toEqual([...parts.slice(1).map(() => false), true]);
    expect(parts.at(-1)?.eval_count).toBe(whole.eval_count);
  });

  test('calls tools, whole and streamed', async () => {
    const request = { model: 'sim-1', messages: say('Use the tool'), tools: [TOOL] };
    const whole = await client.chat(request);
    expect(whole.message.tool_calls?.[0]?.function.name).toBe('look_up');
    const parts = await partsOf(await client.chat({ ...request, stream: true }));
    expect(parts.flatMap(({ message }) => message.tool_calls ?? [])).toEqual(whole.message.tool_calls ?? []);
  });

  test('thinks first when asked to', async () => {
    const parts = await partsOf(await client.chat({ model: 'sim-1', messages: say('echo: so'), think: true, stream: true }));
    expect(parts[0]?.message.thinking).toBeString();
    expect(textOf(parts)).toBe('so');
  });

  test('answers in JSON, by a schema', async () => {
    const format = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] };
    const reply = await client.chat({ model: 'sim-1', messages: say('How old?'), format });
    expect(JSON.parse(reply.message.content)).toEqual({ age: expect.any(Number) });
  });

  test('takes images', async () => {
    const plain = await client.chat({ model: 'sim-1', messages: say('What is this?') });
    const seen = await client.chat({ model: 'sim-1', messages: [{ role: 'user', content: 'What is this?', images: [new Uint8Array(9)] }] });
    expect(seen.prompt_eval_count).toBeGreaterThan(plain.prompt_eval_count);
  });

  test('is as long as its options say', async () => {
    const reply = await client.chat({ model: 'sim-1', messages: say('Go on'), options: { num_predict: 3 } });
    expect(reply).toMatchObject({ eval_count: 3, done_reason: 'length' });
  });

  test('is answered by a fallback when the first target is down, streamed too', async () => {
    for (const stream of [false, true]) {
      const answer = await client.chat({ model: 'house', messages: say('echo: still here'), stream: stream as true });
      const parts = stream ? await partsOf(answer) : [answer as unknown as ChatResponse];
      expect(textOf(parts)).toBe('still here');
      expect(parts[0]?.model).toBe('sim-2');
    }
  });

  test('leaves the counts of its last line in the log', async () => {
    const id = 'ollama-usage';
    const headers = { Authorization: `Bearer ${KEY}`, 'x-correlation-id': id };
    const named = new Ollama({ host: gateway.url, headers });
    const last = (await partsOf(await named.chat({ model: 'sim-1', messages: say('Hello'), stream: true }))).at(-1);
    expect(await accessLine(gateway, id)).toMatchObject({
      route: '/api/chat',
      status_code: 200,
      input_tokens: last?.prompt_eval_count,
      output_tokens: last?.eval_count,
    });
  });
});

describe('generate', () => {
  test('answers a prompt whole and streamed, and goes on from its context', async () => {
    const whole = await client.generate({ model: 'sim-1', prompt: 'Once upon a time' });
    const parts = await partsOf(await client.generate({ model: 'sim-1', prompt: 'Once upon a time', stream: true }));
    expect(parts.map(({ response }) => response).join('')).toBe(whole.response ?? '');
    expect(whole.context.length).toBeGreaterThan(0);
    const next = await client.generate({ model: 'sim-1', prompt: 'Once upon a time', context: whole.context });
    expect(next.response).not.toBe(whole.response);
  });

  test('loads and unloads a model, which ps tells', async () => {
    expect(await client.generate({ model: 'sim-7', prompt: '' })).toMatchObject({ done: true, done_reason: 'load' });
    await eventually(async () => (await client.ps()).models.some(({ name }) => name === 'sim-7:latest'), {
      what: 'the loaded model in ps',
    });
    expect(await client.generate({ model: 'sim-7', prompt: '', stream: true, keep_alive: 0 }).then(partsOf)).toMatchObject([
      { done: true, done_reason: 'unload' },
    ]);
    await eventually(async () => !(await client.ps()).models.some(({ name }) => name === 'sim-7:latest'), { what: 'its end in ps' });
  });
});

describe('embeddings', () => {
  test('come for one text and for several', async () => {
    const one = await client.embed({ model: 'sim-embed', input: 'Hello' });
    const two = await client.embed({ model: 'sim-embed', input: ['Hello', 'World'], dimensions: 16 });
    expect(one.embeddings).toHaveLength(1);
    expect(two.embeddings.map(({ length }) => length)).toEqual([16, 16]);
    expect(two.prompt_eval_count).toBeGreaterThan(0);
  });

  test('come in the older form', async () => {
    const { embedding } = await client.embeddings({ model: 'sim-embed', prompt: 'Hello' });
    expect(embedding).toEqual((await client.embed({ model: 'sim-embed', input: 'Hello' })).embeddings[0] ?? []);
  });
});

describe('the models', () => {
  test('are those that can be called in this dialect, by names that can be asked for', async () => {
    const { models } = await client.list();
    const names = models.map(({ name }) => name);
    expect(names).toEqual(['house:latest', 'sim-1:latest', 'sim-2:latest', 'sim-embed:latest', 'openai-only:latest']);
    for (const { name, model, size, digest, details } of models) {
      const isNative = name !== 'openai-only:latest';
      expect([name, size, digest.length, details.format]).toEqual(isNative ? [model, 4_000_000_000, 64, 'gguf'] : [model, 0, 0, '']);
      expect(await client.chat({ model: name, messages: say('echo: yes') })).toMatchObject({ message: { content: 'yes' } });
    }
  });

  test('are asked of the upstream once in a while, not by every caller', async () => {
    await client.list();
    const before = (await simulator.requests('/api/tags')).length;
    await Promise.all(Array.from({ length: 20 }, () => client.list()));
    expect((await simulator.requests('/api/tags')).length).toBe(before);
  });

  test('are no more than a key may use', async () => {
    const narrow = clientOf(NARROW);
    expect((await narrow.list()).models.map(({ name }) => name)).toEqual(['house:latest']);
    expect((await narrow.chat({ model: 'house:latest', messages: say('echo: mine') })).message.content).toBe('mine');
    expect(await rejection(narrow.chat({ model: 'sim-1', messages: say('Hi') }))).toMatchObject({ status_code: 403 });
    expect(await rejection(narrow.show({ model: 'sim-1' }))).toMatchObject({ status_code: 403 });
  });

  test('are shown as the target that answers shows them', async () => {
    const shown = await client.show({ model: 'house' });
    expect(shown).toMatchObject({ modelfile: 'FROM sim-2', details: { family: 'llama' } });
    expect(shown.capabilities).toContain('completion');
  });

  test('are the same ones that OpenAI’s clients call', async () => {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ model: 'house', messages: say('echo: both') });
    const reply = await gateway.request('/v1/chat/completions', { method: 'POST', headers, body });
    expect(await reply.json()).toMatchObject({ model: 'sim-2', choices: [{ message: { content: 'both' } }] });
    const breakers = (await (await gateway.request('/circuit-breakers')).json()) as Record<string, unknown>;
    expect(Object.keys(breakers).filter((name) => name.startsWith('local/sim-2'))).toEqual(['local/sim-2']);
  });
});

test('the version is the upstream’s', async () => {
  const { version } = (await (await fetch(`${simulator.url}/api/version`)).json()) as { version: string };
  expect(await client.version()).toEqual({ version });
});

describe('an error', () => {
  for (const [name, ask, status, message] of [
    ['about a model that nobody has', () => client.chat({ model: 'nothing', messages: say('Hi') }), 404, "model 'nothing' not found"],
    ['about one that only the upstream knows not to be', () => client.chat({ model: 'sim-1!status=404', messages: [] }), 404, 'model'],
    [
      'about what only an Ollama can do, asked of another',
      () => client.generate({ model: 'openai-only', prompt: 'Hi', suffix: 'there' }),
      400,
      "The model 'openai-only' can't be called in the dialect 'ollama', only in 'openai-chat'",
    ],
    ['of the caller', () => client.embed({ model: 'sim-1', input: 7 as unknown as string }), 400, "'input' must be"],
    ['of an upstream, told when all was tried', () => client.generate({ model: 'sim-1!status=503', prompt: 'Hi' }), 503, 'overloaded'],
    ['about a key', () => clientOf('sk-wrong-000000000000000').list(), 401, 'key'],
    ['about pulling', () => client.pull({ model: 'sim-1' }), 403, 'models are not managed through this gateway: POST /api/pull'],
    ['about pushing', () => client.push({ model: 'sim-1' }), 403, 'models are not managed'],
    ['about creating', () => client.create({ model: 'new', from: 'sim-1' }), 403, 'models are not managed'],
    ['about deleting', () => client.delete({ model: 'sim-1' }), 403, 'models are not managed'],
    ['about what only an administrator may', () => client.copy({ source: 'a', destination: 'b' }), 403, ''],
  ] as const) {
    test(`${name} is Ollama’s own kind of error`, async () => {
      const error = await rejection(ask());
      expect(error).toMatchObject({ name: 'ResponseError', status_code: status });
      if (message !== '') expect((error as Error).message).toContain(message);
    });
  }

  test('inside a stream is raised after what came before it', async () => {
    const got: string[] = [];
    const model = 'sim-1!tokens=8,tokens-per-second=40,error-after=3';
    const stream = await client.chat({ model, messages: say('Hi'), stream: true });
    const error = await rejection(
      (async () => {
        for await (const part of stream) got.push(part.message.content);
      })(),
    );
    expect(got).toHaveLength(3);
    expect((error as Error).message).toBe('The server had an error while processing your request. Sorry about that!');
  });
});

test('a service route opens what is refused otherwise, to whom it says', async () => {
  expect(await clientOf(ADMIN).copy({ source: 'a', destination: 'b' })).toEqual({ status: 'success' });
  expect((await simulator.requests('/echo')).at(-1)).toMatchObject({ method: 'POST', path: '/echo' });
});

test('a quiet stream is kept alive, and the client does not notice', async () => {
  await using quiet = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      upstream: { ping_interval: '200ms' },
      providers: { simulator: { base_url: simulator.url, models: ['*'] } },
    },
  });
  const request = { model: 'sim-1!tokens=3,tokens-per-second=2', messages: say('Hi') };
  const headers = { authorization: `Bearer ${KEY}` };
  const reply = await quiet.request('/api/chat', { method: 'POST', headers, body: JSON.stringify(request) });
  const direct = await fetch(`${simulator.url}/api/chat`, { method: 'POST', body: JSON.stringify(request) });
  const [body, wanted] = await Promise.all([reply.text(), direct.text()]);
  // Only the beginning of a line has room for them.
  expect(body).toMatch(/\n +\{/);
  expect(body.replaceAll(/^ +/gm, '')).toBe(wanted);
  const asked = new Ollama({ host: quiet.url, headers: { Authorization: `Bearer ${KEY}` } });
  const parts = await partsOf(await asked.chat({ ...request, stream: true }));
  expect(parts).toEqual(
    wanted
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ChatResponse),
  );
});

test('an abort reaches the upstream', async () => {
  const mine = clientOf(KEY);
  const stream = await mine.chat({ model: 'sim-1!tokens=1000,tokens-per-second=50,key=abort', messages: say('Hi'), stream: true });
  const error = await rejection(
    (async () => {
      for await (const part of stream) if (part.message.content !== '') mine.abort();
    })(),
  );
  expect((error as Error).name).toBe('AbortError');
  await eventually(
    async () =>
      (await simulator.requests('/api/chat')).some(({ body, outcome }) => body.includes('key=abort') && outcome === 'client_gone'),
    {
      what: 'the upstream being left',
    },
  );
});

test('the lines of Ollama’s own documents work, which name no content type; but not from a web page', async () => {
  const body = JSON.stringify({ model: 'sim-1', prompt: 'Why is the sky blue?', stream: false });
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-www-form-urlencoded' };
  const reply = await gateway.request('/api/generate', { method: 'POST', headers, body });
  expect(await reply.json()).toMatchObject({ model: 'sim-1', done: true });
  const page = await gateway.request('/api/generate', { method: 'POST', headers: { ...headers, origin: 'https://a.example' }, body });
  expect(page.status).toBe(415);
  const other = await gateway.request('/v1/chat/completions', { method: 'POST', headers, body });
  expect(other.status).toBe(415);
});
