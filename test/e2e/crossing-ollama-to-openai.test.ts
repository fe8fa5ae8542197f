/* The official `ollama` client against a gateway whose only target speaks OpenAI's chat completions: it can call any model. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type ChatResponse, Ollama } from 'ollama';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-crossing-000000000000';
const HEADERS = { Authorization: `Bearer ${KEY}` };

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: Ollama;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { retries: { base_delay: '20ms' } },
      providers: {
        compatible: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, models: ['sim-*'] },
        native: { type: 'simulator', base_url: simulator.url, dialects: ['ollama'] },
      },
      models: {
        house: { targets: [{ provider: 'compatible', model: 'sim-2' }] },
        // An Ollama that may be asked when the first is down.
        both: {
          targets: [
            { provider: 'compatible', model: 'sim-2' },
            { provider: 'native', model: 'sim-3', priority: 1 },
          ],
        },
      },
    },
  });
  client = new Ollama({ host: gateway.url, headers: HEADERS });
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

async function lastAsked(): Promise<Record<string, unknown>> {
  const asked = await simulator.requests('/v1/chat/completions');
  return JSON.parse(asked.at(-1)?.body ?? '{}') as Record<string, unknown>;
}

const TOOL = {
  type: 'function',
  function: {
    name: 'look_up',
    description: 'Finds.',
    parameters: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
  },
};

describe('a chat', () => {
  test('is answered whole, with its counts', async () => {
    const reply = await client.chat({ model: 'house', messages: say('echo: naïve café ☕ "quoted"') });
    expect(reply).toMatchObject({
      model: 'sim-2',
      done: true,
      done_reason: 'stop',
      message: { role: 'assistant', content: 'naïve café ☕ "quoted"' },
    });
    expect(reply.prompt_eval_count).toBeGreaterThan(0);
    expect(reply.eval_count).toBeGreaterThan(0);
    expect(Number.isNaN(Date.parse(reply.created_at as unknown as string))).toBe(false);
  });

  test('streams the same text, and ends with `done` and its counts', async () => {
    const whole = await client.chat({ model: 'sim-1', messages: say('Tell me a story') });
    const parts = await partsOf(await client.chat({ model: 'sim-1', messages: say('Tell me a story'), stream: true }));
    expect(parts.length).toBeGreaterThan(4);
    expect(textOf(parts)).toBe(whole.message.content);
    expect(parts.map(({ done }) => done)).toEqual([...parts.slice(1).map(() => false), true]);
    expect(parts.at(-1)?.eval_count).toBe(whole.eval_count);
  });

  test('says to the model what OpenAI has a word for', async () => {
    await client.chat({
      model: 'sim-1',
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'See', images: [new Uint8Array([0xff, 0xd8, 0xff, 0xe0])] },
      ],
      options: { temperature: 0.5, top_p: 0.9, seed: 7, stop: ['END'], num_predict: 5 },
    });
    expect(await lastAsked()).toEqual({
      model: 'sim-1',
      messages: [
        { role: 'system', content: 'Be short.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See' },
            { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/4A==' } },
          ],
        },
      ],
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      stop: ['END'],
      max_tokens: 5,
    });
  });

  test('calls tools, whole and streamed, and takes their results back', async () => {
    const request = { model: 'sim-1', messages: say('Use the tool'), tools: [TOOL] };
    const { message } = await client.chat(request);
    const [call] = message.tool_calls ?? [];
    expect(call?.function).toMatchObject({ name: 'look_up', arguments: { what: expect.any(String) } });
    const parts = await partsOf(await client.chat({ ...request, stream: true }));
    const streamed = parts.flatMap((part) => part.message.tool_calls ?? []);
    expect(streamed.map((one) => one.function)).toEqual((message.tool_calls ?? []).map((one) => one.function));
    // As most applications write it: with the name of the tool, and no id.
    const answer = await client.chat({
      model: 'sim-1',
      messages: [...say('Use the tool'), message, { role: 'tool', content: 'found', tool_name: 'look_up' }],
    });
    expect(answer.done_reason).toBe('stop');
    const { messages } = (await lastAsked()) as { messages: { tool_calls?: { id: string }[]; tool_call_id?: string }[] };
    expect(messages[2]?.tool_call_id).toBe(messages[1]?.tool_calls?.[0]?.id ?? '-');
  });

  test('answers in JSON, by a schema', async () => {
    const format = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] };
    const reply = await client.chat({ model: 'sim-1', messages: say('How old?'), format });
    expect(JSON.parse(reply.message.content)).toEqual({ age: expect.any(Number) });
  });

  test('names what was left out', async () => {
    const body = JSON.stringify({
      model: 'sim-1',
      messages: say('Hi'),
      stream: false,
      keep_alive: '5m',
      options: { top_k: 5, num_ctx: 4_096 },
    });
    const reply = await gateway.request('/api/chat', { method: 'POST', headers: HEADERS, body });
    expect(reply.headers.get('x-gatehouse-translated')).toBe('ollama>openai-chat');
    expect(reply.headers.get('x-gatehouse-dropped')?.split(', ')).toEqual(['top-k', 'field:options.num_ctx', 'field:keep_alive']);
  });
});

describe('generate', () => {
  test('is a chat of one turn, whole and streamed', async () => {
    const whole = await client.generate({ model: 'house', prompt: 'echo: once upon a time', system: 'Be short.' });
    expect(whole).toMatchObject({ model: 'sim-2', response: 'once upon a time', done: true, done_reason: 'stop' });
    expect(await lastAsked()).toMatchObject({
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'echo: once upon a time' },
      ],
    });
    const parts = await partsOf(await client.generate({ model: 'house', prompt: 'echo: once upon a time', stream: true }));
    expect(parts.map(({ response }) => response).join('')).toBe('once upon a time');
    expect(parts.at(-1)?.done).toBe(true);
  });

  test('loads a model that is always there, and unloads it, as clients do before they chat', async () => {
    const before = (await simulator.requests('/v1/')).length;
    expect(await client.generate({ model: 'house', prompt: '' })).toMatchObject({
      model: 'house',
      done: true,
      done_reason: 'load',
      response: '',
    });
    expect(await client.chat({ model: 'house', messages: [], keep_alive: 0 })).toMatchObject({
      done_reason: 'unload',
      message: { content: '' },
    });
    expect((await simulator.requests('/v1/')).length).toBe(before);
    expect(await rejection(client.generate({ model: 'nothing', prompt: '' }))).toMatchObject({ status_code: 404 });
  });
});

test('a model that an Ollama may answer is loaded there, and asked where it is first', async () => {
  expect(await client.chat({ model: 'both', messages: [] })).toMatchObject({ done_reason: 'load' });
  expect((await simulator.requests('/api/chat')).at(-1)?.body).toContain('sim-3');
  expect(await client.chat({ model: 'both', messages: say('echo: first') })).toMatchObject({
    model: 'sim-2',
    message: { content: 'first' },
  });
});

test('embeddings are vectors, in both forms', async () => {
  const { embeddings } = await client.embed({ model: 'sim-embed', input: ['one', 'two'] });
  expect(embeddings).toHaveLength(2);
  const { embedding } = await client.embeddings({ model: 'sim-embed', prompt: 'one' });
  expect(embedding).toEqual(embeddings[0] ?? []);
});

describe('the models', () => {
  test('are listed, the configured and those that the server has, and each can be called', async () => {
    const names = (await client.list()).models.map(({ name }) => name);
    expect(names).toEqual(['house:latest', 'both:latest', 'sim-1', 'sim-2', 'sim-embed', 'sim-fixed']);
    for (const model of ['house:latest', 'sim-1'])
      expect((await client.chat({ model, messages: say('echo: yes') })).message.content).toBe('yes');
  });

  test('are shown as far as they are known', async () => {
    expect(await client.show({ model: 'house' })).toMatchObject({
      details: { family: '', families: null },
      capabilities: ['completion', 'tools', 'vision', 'thinking'],
    });
    expect(await rejection(client.show({ model: 'nothing' }))).toMatchObject({ status_code: 404 });
  });
});

describe('a failure', () => {
  test('is Ollama’s own kind of error', async () => {
    const error = await rejection(client.chat({ model: 'sim-1!status=503', messages: say('Hi') }));
    expect(error).toMatchObject({ name: 'ResponseError', status_code: 503 });
    expect(await rejection(client.generate({ model: 'sim-1', prompt: 'Hi', suffix: 'x' }))).toMatchObject({ status_code: 400 });
  });

  for (const [name, fault] of [
    ['told in band', 'error-after=3'],
    ['of a stream that is cut', 'cut-after=3'],
  ] as const) {
    test(`${name} is raised after what came before it`, async () => {
      const stream = await client.chat({ model: `sim-1!tokens=8,tokens-per-second=40,${fault}`, messages: say('Hi'), stream: true });
      const got: string[] = [];
      const error = await rejection(
        (async () => {
          for await (const part of stream) got.push(part.message.content);
        })(),
      );
      expect(got.length).toBeGreaterThan(0);
      expect((error as Error).message).toMatch(/./);
    });
  }
});

test('an abort reaches the upstream', async () => {
  const mine = new Ollama({ host: gateway.url, headers: HEADERS });
  const stream = await mine.chat({ model: 'sim-1!tokens=1000,tokens-per-second=50,key=abort', messages: say('Hi'), stream: true });
  const error = await rejection(
    (async () => {
      for await (const part of stream) if (part.message.content !== '') mine.abort();
    })(),
  );
  expect((error as Error).name).toBe('AbortError');
  await eventually(
    async () =>
      (await simulator.requests('/v1/chat/completions')).some(
        ({ body, outcome }) => body.includes('key=abort') && outcome === 'client_gone',
      ),
    { what: 'the upstream being left' },
  );
});
