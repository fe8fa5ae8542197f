/*
 * The official `openai` client, and others that speak its dialect, against a gateway whose only target speaks Ollama's: what an application gets whose
 * model is served in another dialect than its own.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-crossing-000000000000';
const HEADERS = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: OpenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { retries: { base_delay: '20ms' } },
      providers: { native: { type: 'simulator', base_url: simulator.url, dialects: ['ollama'], models: ['sim-*'] } },
    },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const say = (content: string) => [{ role: 'user' as const, content }];
const TOOL = {
  type: 'function' as const,
  function: {
    name: 'look_up',
    description: 'Finds.',
    parameters: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
  },
};

const post = (body: object) => gateway.request('/v1/chat/completions', { method: 'POST', headers: HEADERS, body: JSON.stringify(body) });

async function lastAsked(): Promise<Record<string, unknown>> {
  const asked = await simulator.requests('/api/chat');
  return JSON.parse(asked.at(-1)?.body ?? '{}') as Record<string, unknown>;
}

describe('a chat', () => {
  test('is answered whole, by who answered it, with what it took', async () => {
    const { data, response } = await client.chat.completions
      .create({ model: 'sim-1', messages: say('echo: naïve café ☕ \u{1f600}') })
      .withResponse();
    expect(data).toMatchObject({
      object: 'chat.completion',
      model: 'sim-1',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'naïve café ☕ \u{1f600}' } }],
    });
    expect(data.id).toMatch(/^chatcmpl-\w+$/);
    expect(data.usage?.total_tokens).toBe((data.usage?.prompt_tokens ?? 0) + (data.usage?.completion_tokens ?? 0));
    expect(data.usage?.completion_tokens).toBeGreaterThan(0);
    expect(response.headers.get('x-gatehouse-translated')).toBe('openai-chat>ollama');
    expect(response.headers.get('x-gatehouse-dropped')).toBeNull();
  });

  test('says to the model all that Ollama has a word for', async () => {
    await post({
      model: 'sim-1',
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        ...say('And?'),
      ],
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      stop: ['END'],
      max_completion_tokens: 50,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
    });
    expect(await lastAsked()).toEqual({
      model: 'sim-1',
      stream: false,
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'And?' },
      ],
      options: { temperature: 0.5, top_p: 0.9, seed: 7, stop: ['END'], num_predict: 50, frequency_penalty: 0.1, presence_penalty: 0.2 },
    });
  });

  test('streams the same text in chunks of the shape that clients know', async () => {
    const whole = await client.chat.completions.create({ model: 'sim-1', messages: say('Tell me a story') });
    const stream = await client.chat.completions.create({ model: 'sim-1', messages: say('Tell me a story'), stream: true });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content ?? '-');
    expect(chunks.length).toBeGreaterThan(4);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(new Set(chunks.map(({ id, created, model, object }) => `${id} ${created} ${model} ${object}`)).size).toBe(1);
    expect(chunks.every(({ usage }) => usage === undefined)).toBe(true);
  });

  test('tells the usage of a stream in a chunk of its own, where it was asked for', async () => {
    const reply = await post({ model: 'sim-1', messages: say('Hi'), stream: true, stream_options: { include_usage: true } });
    const events = (await reply.text()).trimEnd().split('\n\n');
    expect(events.at(-1)).toBe('data: [DONE]');
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice('data: '.length)) as OpenAI.ChatCompletionChunk);
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) },
    });
  });

  test('is cut off where it was to be', async () => {
    const reply = await client.chat.completions.create({ model: 'sim-1', messages: say('Go on'), max_completion_tokens: 3 });
    expect(reply).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { completion_tokens: 3 } });
  });

  test('shows images, and answers by a schema', async () => {
    const url = `data:image/png;base64,${Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).toString('base64')}`;
    const schema = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] };
    const reply = await client.chat.completions.create({
      model: 'sim-1',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'How old?' },
            { type: 'image_url', image_url: { url } },
          ],
        },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'age', schema } },
    });
    expect(JSON.parse(reply.choices[0]?.message.content ?? '')).toEqual({ age: expect.any(Number) });
    expect(await lastAsked()).toMatchObject({ format: schema, messages: [{ content: 'How old?', images: ['iVBORw0KGgo='] }] });
  });

  test('shows what the model thought', async () => {
    const reply = await client.chat.completions.create({ model: 'sim-1', messages: say('echo: so'), reasoning_effort: 'high' });
    expect(await lastAsked()).toMatchObject({ think: 'high' });
    expect(reply.choices[0]?.message).toMatchObject({ content: 'so', reasoning_content: expect.stringMatching(/./) });
  });
});

describe('tools', () => {
  test('are called, and their results go back', async () => {
    const first = await client.chat.completions.create({ model: 'sim-1', messages: say('Use the tool'), tools: [TOOL] });
    const message = first.choices[0]?.message;
    const [call] = message?.tool_calls ?? [];
    if (message === undefined || call?.type !== 'function') throw new Error('no call');
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(call.function.name).toBe('look_up');
    expect(JSON.parse(call.function.arguments)).toEqual({ what: expect.any(String) });
    const second = await client.chat.completions.create({
      model: 'sim-1',
      messages: [...say('Use the tool'), message, { role: 'tool', tool_call_id: call.id, content: 'found it' }],
    });
    expect(second.choices[0]?.finish_reason).toBe('stop');
    expect((await lastAsked())['messages']).toEqual([
      { role: 'user', content: 'Use the tool' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: call.id, function: { index: 0, name: 'look_up', arguments: JSON.parse(call.function.arguments) as object } }],
      },
      { role: 'tool', content: 'found it', tool_name: 'look_up', tool_call_id: call.id },
    ]);
  });

  test('are called in a stream, as the client puts it together', async () => {
    const runner = client.chat.completions.stream({ model: 'sim-1', messages: say('Use the tool'), tools: [TOOL] });
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({ id: expect.stringMatching(/./), function: { name: 'look_up' } });
  });

  test('in the older form are answered in the older form', async () => {
    const { function: described } = TOOL;
    const reply = await post({ model: 'sim-1', messages: say('Use the tool'), functions: [described] });
    expect(await reply.json()).toMatchObject({
      choices: [
        { finish_reason: 'function_call', message: { function_call: { name: 'look_up', arguments: expect.stringContaining('what') } } },
      ],
    });
  });
});

describe('the AI SDK', () => {
  const model = () => createOpenAICompatible({ name: 'gatehouse', baseURL: `${gateway.url}/v1`, apiKey: KEY })('sim-1');

  test('gets a text, whole and streamed', async () => {
    const { text, finishReason } = await generateText({ model: model(), prompt: 'echo: hello there' });
    expect([text, finishReason]).toEqual(['hello there', 'stop']);
    const streamed = streamText({ model: model(), prompt: 'echo: hello there' });
    expect(await streamed.text).toBe('hello there');
    expect(await streamed.finishReason).toBe('stop');
  });
});

test('a body in the shape of the Responses API is answered as a chat', async () => {
  const reply = await post({
    model: 'sim-1',
    instructions: 'Be short.',
    input: [{ role: 'user', content: [{ type: 'input_text', text: 'Use the tool' }] }],
    tools: [{ type: 'function', ...TOOL.function }],
  });
  expect(await reply.json()).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: { tool_calls: [{ function: { name: 'look_up' } }] } }],
  });
  expect(await lastAsked()).toMatchObject({
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Use the tool' },
    ],
  });
});

describe('embeddings', () => {
  test('are numbers, or base64 as the client asks for them unasked', async () => {
    const plain = await client.embeddings.create({ model: 'sim-embed', input: ['one', 'two'], encoding_format: 'float' });
    const packed = await client.embeddings.create({ model: 'sim-embed', input: ['one', 'two'] });
    expect(plain.data.map(({ index }) => index)).toEqual([0, 1]);
    expect(plain.data[0]?.embedding.length).toBeGreaterThan(8);
    for (const [row, { embedding }] of packed.data.entries()) {
      expect(embedding).toHaveLength(plain.data[row]?.embedding.length ?? 0);
      for (const [place, value] of embedding.entries()) expect(value).toBeCloseTo(plain.data[row]?.embedding[place] ?? Number.NaN, 5);
    }
    expect(plain.usage.prompt_tokens).toBeGreaterThan(0);
  });

  test('of token numbers are refused, for this model takes none', async () => {
    const error = await rejection(client.embeddings.create({ model: 'sim-embed', input: [[1, 2]] }));
    expect(error).toMatchObject({ status: 400, code: 'feature_unsupported' });
  });
});

describe('what can’t be told', () => {
  test('is named where it is a setting', async () => {
    const { response } = await client.chat.completions
      .create({
        model: 'sim-1',
        messages: say('Hi'),
        logit_bias: { '50256': -100 },
        safety_identifier: 'u',
        prediction: { type: 'content', content: 'x' },
      })
      .withResponse();
    expect(response.headers.get('x-gatehouse-dropped')?.split(', ')).toEqual(['logit-bias', 'user', 'field:prediction']);
  });

  test('is an error where the answer would be another', async () => {
    const error = await rejection(client.chat.completions.create({ model: 'sim-1', messages: say('Hi'), n: 2 }));
    expect(error).toMatchObject({ status: 400, code: 'feature_unsupported' });
  });
});

describe('a failure', () => {
  test('of the caller names the field', async () => {
    const error = await rejection(client.chat.completions.create({ model: 'sim-1', messages: [{ role: 'robot' } as never] }));
    expect(error).toMatchObject({ status: 400, param: 'messages[0].role' });
  });

  for (const [fault, status] of [
    ['status=503', 503],
    ['status=429', 429],
    ['status=401', 502],
  ] as const) {
    test(`of the upstream (${fault}) is told in the caller's shape`, async () => {
      const error = await rejection(client.chat.completions.create({ model: `sim-1!${fault}`, messages: say('Hi') }));
      expect(error).toMatchObject({ status, error: { message: expect.any(String), type: expect.any(String) } });
    });
  }

  for (const [name, fault] of [
    ['told in band', 'error-after=3'],
    ['of a stream that is cut', 'cut-after=3'],
  ] as const) {
    test(`${name} is raised after what came before it`, async () => {
      const model = `sim-1!tokens=8,tokens-per-second=40,${fault}`;
      const stream = await client.chat.completions.create({ model, messages: say('Hi'), stream: true });
      const got: string[] = [];
      const error = await rejection(
        (async () => {
          for await (const { choices } of stream) got.push(choices[0]?.delta.content ?? '');
        })(),
      );
      expect(got.filter((text) => text !== '').length).toBeGreaterThan(0);
      expect(error).toMatchObject({ code: 'upstream_stream_interrupted' });
    });
  }
});

test('an abort reaches the upstream', async () => {
  const stream = await client.chat.completions.create({
    model: 'sim-1!tokens=1000,tokens-per-second=50,key=crossed',
    messages: say('Hi'),
    stream: true,
  });
  for await (const { choices } of stream) if ((choices[0]?.delta.content ?? '') !== '') break;
  await eventually(
    async () =>
      (await simulator.requests('/api/chat')).some(({ body, outcome }) => body.includes('key=crossed') && outcome === 'client_gone'),
    { what: 'the upstream being left' },
  );
});
