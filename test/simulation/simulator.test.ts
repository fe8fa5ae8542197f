/*
 * The simulator against those who know the format: the official `openai` client reads its replies, and the compiler holds its
 * shapes against the types of that package.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { ChatChunk, ChatCompletion, EmbeddingList, ModelRow, TextCompletion } from '../../src/simulate/openai-shapes.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: OpenAI;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => simulator[Symbol.asyncDispose]());

const hello = [{ role: 'user' as const, content: 'Hello' }];
const weather: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
        days: { type: 'integer', minimum: 2 },
      },
      required: ['city', 'unit', 'days'],
    },
  },
};
const time: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: { name: 'get_time', parameters: { type: 'object', properties: {} } },
};

type Finished<Choice> = Choice & { finish_reason: 'stop' };

/** Compiles only while our shapes are the vendor's: but for a finish reason left out on purpose. */
const asVendor = {
  completion: (ours: ChatCompletion): OpenAI.ChatCompletion => ({
    ...ours,
    choices: ours.choices.map((choice): Finished<typeof choice> => ({ ...choice, finish_reason: 'stop' })),
  }),
  chunk: (ours: ChatChunk): OpenAI.ChatCompletionChunk => ours,
  text: (ours: TextCompletion): Omit<OpenAI.Completion, 'usage'> => ({
    ...ours,
    choices: ours.choices.map((choice): Finished<typeof choice> => ({ ...choice, finish_reason: 'stop' })),
  }),
  model: (ours: ModelRow): OpenAI.Model => ours,
  // The vendor's type knows numbers alone, though base64 is what its client asks for.
  embeddings: (ours: EmbeddingList): OpenAI.CreateEmbeddingResponse => ({
    ...ours,
    data: ours.data.map((row) => ({ ...row, embedding: typeof row.embedding === 'string' ? [] : row.embedding })),
  }),
};

async function collect(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<OpenAI.ChatCompletionChunk[]> {
  return Array.fromAsync(stream);
}

test('the shapes are the vendor’s, as its package declares them', async () => {
  const post = async <Reply>(path: string, body: object): Promise<Reply> => {
    const reply = await fetch(`${simulator.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    const text = await reply.text();
    return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as Reply;
  };
  const asked = { model: 'sim-1', messages: hello };
  const completion = asVendor.completion(await post<ChatCompletion>('/v1/chat/completions', asked));
  expect(Object.keys(completion)).toEqual(['id', 'object', 'created', 'model', 'choices', 'usage', 'service_tier', 'system_fingerprint']);
  const chunk = asVendor.chunk(await post<ChatChunk>('/v1/chat/completions', { ...asked, stream: true }));
  expect(Object.keys(chunk)).toEqual(['id', 'object', 'created', 'model', 'service_tier', 'system_fingerprint', 'choices']);
  expect(Object.keys(chunk.choices[0] ?? {})).toEqual(['index', 'delta', 'logprobs', 'finish_reason']);
  const text = asVendor.text(await post<TextCompletion>('/v1/completions', { model: 'sim-1', prompt: 'Hello' }));
  expect(text.object).toBe('text_completion');
  const vectors = asVendor.embeddings(await post<EmbeddingList>('/v1/embeddings', { model: 'sim-1', input: 'Hello' }));
  expect(Object.keys(vectors)).toEqual(['object', 'data', 'model', 'usage']);
  const listed = (await (await fetch(`${simulator.url}/v1/models`)).json()) as { data: ModelRow[] };
  expect(listed.data.map(asVendor.model).every((row) => row.object === 'model')).toBe(true);
});

describe('chat', () => {
  test('answers in one piece, with usage that adds up', async () => {
    const reply = await client.chat.completions.create({ model: 'sim-1', messages: hello });
    expect(reply).toMatchObject({ object: 'chat.completion', model: 'sim-1', choices: [{ index: 0, finish_reason: 'stop' }] });
    expect(reply.choices[0]?.message.content).toMatch(/^[A-Z].*\.$/);
    expect(reply.usage?.total_tokens).toBe((reply.usage?.prompt_tokens ?? 0) + (reply.usage?.completion_tokens ?? 0));
    expect(reply._request_id).toMatch(/^req_/);
  });

  test('streams the same text in as many chunks as it has tokens', async () => {
    const whole = await client.chat.completions.create({ model: 'sim-1', messages: hello });
    const chunks = await collect(await client.chat.completions.create({ model: 'sim-1', messages: hello, stream: true }));
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content ?? '');
    expect(chunks).toHaveLength((whole.usage?.completion_tokens ?? 0) + 2);
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
  });

  test('tells usage at the end of a stream when asked: null until then, and no choices with it', async () => {
    const stream = await client.chat.completions.create({
      model: 'sim-1!tokens=5',
      messages: hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await collect(stream);
    const last = chunks.pop();
    expect(last?.choices).toEqual([]);
    expect(last?.usage).toMatchObject({ completion_tokens: 5 });
    expect(chunks.every((chunk) => chunk.usage === null)).toBe(true);
  });

  test('ends at max_tokens with `length`, and at a stop sequence with `stop`', async () => {
    const long = { model: 'sim-1!tokens=30', messages: hello };
    const full = (await client.chat.completions.create(long)).choices[0]?.message.content ?? '';
    const cut = await client.chat.completions.create({ ...long, max_completion_tokens: 4 });
    expect(cut.choices[0]?.finish_reason).toBe('length');
    expect(cut.usage?.completion_tokens).toBe(4);
    expect(full.startsWith(cut.choices[0]?.message.content ?? 'nothing')).toBe(true);

    const stop = full.split(' ')[5] ?? '';
    const stopped = await client.chat.completions.create({ ...long, stop: [` ${stop}`] });
    expect(stopped.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: full.slice(0, full.indexOf(` ${stop}`)) } });
  });

  test('gives as many choices as asked for, each its own, streamed side by side', async () => {
    const reply = await client.chat.completions.create({ model: 'sim-1', messages: hello, n: 3 });
    expect(reply.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    expect(new Set(reply.choices.map((choice) => choice.message.content)).size).toBe(3);

    const chunks = await collect(await client.chat.completions.create({ model: 'sim-1', messages: hello, n: 3, stream: true }));
    for (const { index, message } of reply.choices) {
      const own = chunks.filter((chunk) => chunk.choices[0]?.index === index);
      expect(own.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(message.content ?? '');
      expect(own.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    }
  });

  test('gives a log probability for each token when asked', async () => {
    const reply = await client.chat.completions.create({ model: 'sim-1!tokens=4', messages: hello, logprobs: true, top_logprobs: 2 });
    const content = reply.choices[0]?.logprobs?.content ?? [];
    expect(content.map((entry) => entry.token).join('')).toBe(reply.choices[0]?.message.content ?? '');
    expect(content.every((entry) => entry.logprob <= 0 && entry.top_logprobs.length === 2)).toBe(true);
  });

  test('repeats what it is told to', async () => {
    const reply = await client.chat.completions.create({ model: 'sim-1', messages: [{ role: 'user', content: 'echo: two  spaces,\nä' }] });
    expect(reply.choices[0]?.message.content).toBe('two  spaces,\nä');
  });

  test('answers with JSON that fits the schema', async () => {
    const schema = {
      type: 'object',
      properties: { age: { type: 'integer', minimum: 18 }, ok: { type: 'boolean' } },
      required: ['age', 'ok'],
    };
    const reply = await client.chat.completions.create({
      model: 'sim-1',
      messages: hello,
      response_format: { type: 'json_schema', json_schema: { name: 'person', schema } },
    });
    expect(JSON.parse(reply.choices[0]?.message.content ?? '')).toEqual({ age: 18, ok: true });
    const plain = await client.chat.completions.create({ model: 'sim-1', messages: hello, response_format: { type: 'json_object' } });
    expect(JSON.parse(plain.choices[0]?.message.content ?? '')).toBeObject();
  });
});

describe('tools', () => {
  const rows: [name: string, content: string, choice: OpenAI.ChatCompletionToolChoiceOption | undefined, want: string[]][] = [
    ['are left alone when nobody asks', 'Hello', undefined, []],
    ['are called when required', 'Hello', 'required', ['get_weather']],
    ['are called by name', 'Hello', { type: 'function', function: { name: 'get_time' } }, ['get_time']],
    ['are called when the user says so', 'Use a tool please', undefined, ['get_weather']],
    ['are called together when the user names several', 'Try get_weather and get_time', undefined, ['get_weather', 'get_time']],
    ['are not called when forbidden', 'Use a tool please', 'none', []],
  ];
  for (const [name, content, choice, want] of rows) {
    test(name, async () => {
      const reply = await client.chat.completions.create({
        model: 'sim-1',
        messages: [{ role: 'user', content }],
        tools: [weather, time],
        ...(choice === undefined ? {} : { tool_choice: choice }),
      });
      const calls = reply.choices[0]?.message.tool_calls ?? [];
      expect(calls.map((call) => (call.type === 'function' ? call.function.name : ''))).toEqual(want);
      expect(reply.choices[0]?.finish_reason).toBe(want.length > 0 ? 'tool_calls' : 'stop');
    });
  }

  test('stream as the vendor streams them, and the client puts them together', async () => {
    const asked = {
      model: 'sim-1',
      messages: [{ role: 'user' as const, content: 'Try get_weather and get_time' }],
      tools: [weather, time],
    };
    const whole = await client.chat.completions.create(asked);
    const chunks = await collect(await client.chat.completions.create({ ...asked, stream: true }));
    const deltas = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    const opening = deltas.filter((delta) => delta.id !== undefined);
    expect(opening.map((delta) => [delta.index, delta.type, delta.function?.name, delta.function?.arguments])).toEqual([
      [0, 'function', 'get_weather', ''],
      [1, 'function', 'get_time', ''],
    ]);
    expect(deltas.every((delta) => typeof delta.index === 'number')).toBe(true);
    expect(deltas.filter((delta) => delta.index === 0).length).toBeGreaterThan(3);

    const final = await client.chat.completions.stream(asked).finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls).toMatchObject(whole.choices[0]?.message.tool_calls ?? []);
    const [call] = whole.choices[0]?.message.tool_calls ?? [];
    const given: unknown = JSON.parse(call?.type === 'function' ? call.function.arguments : '');
    expect(given).toMatchObject({ city: expect.any(String), unit: 'celsius', days: 2 });
  });

  test('that have answered get words, not another call', async () => {
    const reply = await client.chat.completions.create({
      model: 'sim-1',
      tools: [weather],
      messages: [
        { role: 'user', content: 'Use a tool' },
        { role: 'assistant', tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
      ],
    });
    expect(reply.choices[0]?.finish_reason).toBe('stop');
  });
});

describe('the other routes', () => {
  test('text completions come whole, streamed, and one for each prompt', async () => {
    const asked = { model: 'sim-1', prompt: ['One', 'Two'], max_tokens: 6 };
    const whole = await client.completions.create(asked);
    expect(whole.choices).toHaveLength(2);
    expect(whole.choices[0]).toMatchObject({ index: 0, finish_reason: 'length', logprobs: null });
    expect(whole.usage?.completion_tokens).toBe(12);
    const chunks = await Array.fromAsync(
      await client.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } }),
    );
    const text = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === 1);
    expect(text.map((choice) => choice.text).join('')).toBe(whole.choices[1]?.text ?? '');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
  });

  test('embeddings are the same as numbers and as base64, of unit length, and as long as asked for', async () => {
    const asked = { model: 'sim-embed', input: ['One', 'Two'], dimensions: 8 };
    const numbers = await client.embeddings.create({ ...asked, encoding_format: 'float' });
    // The client asks for base64 by itself, and decodes it.
    const decoded = await client.embeddings.create(asked);
    expect(numbers.data.map((row) => row.index)).toEqual([0, 1]);
    expect(decoded.data.map((row) => Array.from(row.embedding))).toEqual(numbers.data.map((row) => row.embedding));
    expect(Math.hypot(...(numbers.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
    expect(numbers.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
    const tokens = await client.embeddings.create({ ...asked, input: [[1, 2, 3], [4]] });
    expect(tokens.data).toHaveLength(2);
    expect(tokens.usage.prompt_tokens).toBe(4);
  });

  test('models are listed, and found by ids with slashes', async () => {
    const ids = (await client.models.list()).data.map((row) => row.id);
    expect(ids).toContain('sim-1');
    expect(await client.models.retrieve('org/some-model')).toMatchObject({ id: 'org/some-model', object: 'model' });
  });
});

describe('a request is refused', () => {
  const post = (path: string, body: string) => fetch(`${simulator.url}${path}`, { method: 'POST', body });
  const rows: [name: string, path: string, body: string, status: number, message: RegExp][] = [
    ['for broken JSON', '/v1/chat/completions', '{', 400, /could not parse the JSON body/],
    ['for a body that is no object', '/v1/chat/completions', '[]', 400, /must be an object/],
    ['without a model', '/v1/chat/completions', '{}', 400, /must provide a model/],
    ['without messages', '/v1/chat/completions', '{"model":"a"}', 400, /Missing required parameter: 'messages'/],
    ['for no messages', '/v1/chat/completions', '{"model":"a","messages":[]}', 400, /minimum length 1/],
    ['for a role nobody has', '/v1/chat/completions', '{"model":"a","messages":[{"role":"king"}]}', 400, /'king'/],
    [
      'for max_tokens of zero',
      '/v1/chat/completions',
      '{"model":"a","max_tokens":0,"messages":[{"role":"user","content":""}]}',
      400,
      /max_tokens/,
    ],
    ['for stream options without a stream', '/v1/completions', '{"model":"a","prompt":"","stream_options":{}}', 400, /stream_options/],
    ['for an empty input', '/v1/embeddings', '{"model":"a","input":""}', 400, /empty string/],
    ['on a path that is none', '/v1/nowhere', '{}', 404, /Invalid URL \(POST \/v1\/nowhere\)/],
  ];
  for (const [name, path, body, status, message] of rows) {
    test(name, async () => {
      const reply = await post(path, body);
      expect(reply.status).toBe(status);
      const { error } = (await reply.json()) as { error: { message: string; type: string } };
      expect(error.message).toMatch(message);
      expect(error.type).toBe('invalid_request_error');
    });
  }

  test('with the error class that the client has for it', async () => {
    const asked = (model: string) => client.chat.completions.create({ model, messages: hello });
    expect(await rejection(asked('sim-1!status=429,retry-after=1'))).toBeInstanceOf(OpenAI.RateLimitError);
    expect(await rejection(asked('sim-1!status=401'))).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(await rejection(asked('sim-1!content-policy'))).toMatchObject({ status: 400, code: 'content_policy_violation' });
  });

  test('for a model that is not listed, where only those are served', async () => {
    await using strict = await startSimulator(['--models', 'only', '--no-any-model']);
    const other = new OpenAI({ baseURL: `${strict.url}/v1`, apiKey: 'none', maxRetries: 0 });
    expect((await other.chat.completions.create({ model: 'only', messages: hello })).model).toBe('only');
    expect(await rejection(other.chat.completions.create({ model: 'sim-1', messages: hello }))).toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    expect(await rejection(other.models.retrieve('sim-1'))).toMatchObject({ status: 404 });
    const tags = (await (await fetch(`${strict.url}/api/tags`)).json()) as { models: { name: string }[] };
    expect(tags.models.map((row) => row.name)).toEqual(['only:latest']);
  });
});
