/*
 * The official `openai` client against the real process, with a model server in another one: what an application gets when it changes
 * nothing but the base URL. Errors, aborts and retries are in openai-client-errors.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { ChatCompletionChunk, ChatCompletionTool } from 'openai/resources/chat/completions';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-client-00000000000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: OpenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: {
        'sim-1': { targets: [{ provider: 'simulator' }], aliases: ['gpt-4o'] },
        'acme/large-2': { targets: [{ provider: 'simulator', model: 'sim-2' }] },
        'sim-embed': { targets: [{ provider: 'simulator' }] },
        refuser: { targets: [{ provider: 'simulator', model: 'sim-1!refusal' }] },
      },
    },
  });
  client = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1` });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const say = (content: string) => [{ role: 'user' as const, content }];

async function chunksOf(stream: AsyncIterable<ChatCompletionChunk>): Promise<ChatCompletionChunk[]> {
  const chunks: ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks: readonly ChatCompletionChunk[]) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

describe('a chat', () => {
  test('is answered whole, with usage and the name of the model that answered', async () => {
    const { data, response, request_id } = await client.chat.completions
      .create({ model: 'sim-1', messages: say('echo: naïve café ☕ "quoted"') })
      .withResponse();
    expect(data).toMatchObject({ object: 'chat.completion', model: 'sim-1' });
    expect(data.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant', content: 'naïve café ☕ "quoted"' } });
    expect(data.usage?.total_tokens).toBe((data.usage?.prompt_tokens ?? 0) + (data.usage?.completion_tokens ?? 0));
    expect(request_id).toMatch(/^[\w-]{8,}$/);
    expect(response.headers.get('x-correlation-id')).toBe(request_id);
    expect(response.headers.get('x-gatehouse-provider')).toBe('simulator');
    expect(response.headers.get('x-gatehouse-attempts')).toBe('1');
  });

  for (const { asked, answers } of [
    { asked: 'gpt-4o', answers: 'sim-1' },
    { asked: 'acme/large-2', answers: 'sim-2' },
    { asked: 'simulator/sim-2', answers: 'sim-2' },
  ]) {
    test(`with '${asked}' is answered by ${answers}, whole and streamed`, async () => {
      const whole = await client.chat.completions.create({ model: asked, messages: say('Hello') });
      const chunks = await chunksOf(await client.chat.completions.create({ model: asked, messages: say('Hello'), stream: true }));
      expect(whole.model).toBe(answers);
      expect(new Set(chunks.map((chunk) => chunk.model))).toEqual(new Set([answers]));
      expect(textOf(chunks)).toBe(whole.choices[0]?.message.content ?? '');
    });
  }

  test('of several choices, with log probabilities, comes as the model said it', async () => {
    const asked = { model: 'sim-1', messages: say('Hello'), n: 2, logprobs: true, top_logprobs: 2, max_completion_tokens: 5 } as const;
    const whole = await client.chat.completions.create(asked);
    expect(whole.choices.map((choice) => choice.index)).toEqual([0, 1]);
    for (const choice of whole.choices) {
      expect(choice.finish_reason).toBe('length');
      expect(choice.logprobs?.content).toHaveLength(5);
      expect(choice.logprobs?.content?.[0]?.top_logprobs).toHaveLength(2);
    }
    const chunks = await chunksOf(await client.chat.completions.create({ ...asked, stream: true }));
    for (const index of [0, 1]) {
      const deltas = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index);
      expect(deltas.map((choice) => choice.delta.content ?? '').join('')).toBe(whole.choices[index]?.message.content ?? '');
      expect(deltas.flatMap((choice) => choice.logprobs?.content ?? [])).toEqual(whole.choices[index]?.logprobs?.content ?? []);
    }
  });

  test('that the model declines is a refusal and no error', async () => {
    const whole = await client.chat.completions.create({ model: 'refuser', messages: say('Hello') });
    expect(whole.choices[0]?.message.refusal).toContain('can’t help');
    const streamed = await client.chat.completions.stream({ model: 'refuser', messages: say('Hello') }).finalChatCompletion();
    expect(streamed.choices[0]?.message.refusal).toBe(whole.choices[0]?.message.refusal ?? '');
  });
});

describe('a stream', () => {
  test('opens with a role, ends with a finish reason, and keeps one id', async () => {
    const chunks = await chunksOf(await client.chat.completions.create({ model: 'sim-1', messages: say('Hello'), stream: true }));
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
  });

  test('has no usage chunk, and a choice in every chunk, when usage was not asked for', async () => {
    const chunks = await chunksOf(await client.chat.completions.create({ model: 'sim-1', messages: say('Hello'), stream: true }));
    expect(chunks.every((chunk) => chunk.choices.length === 1)).toBe(true);
    expect(chunks.every((chunk) => (chunk.usage ?? null) === null)).toBe(true);
  });

  test('ends with a usage chunk when it was asked for, and the same usage as the whole answer', async () => {
    const asked = { model: 'sim-1', messages: say('Hello') };
    const whole = await client.chat.completions.create(asked);
    const chunks = await chunksOf(
      await client.chat.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } }),
    );
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null && chunk.choices.length === 1)).toBe(true);
  });

  test('comes token by token, and not at its end', async () => {
    const model = 'simulator/sim-1!tokens=10,tokens-per-second=50';
    const startMs = performance.now();
    const arrivals: number[] = [];
    for await (const _chunk of await client.chat.completions.create({ model, messages: say('Hello'), stream: true })) {
      arrivals.push(performance.now() - startMs);
    }
    const [first = 0] = arrivals;
    const last = arrivals.at(-1) ?? 0;
    expect(last - first).toBeGreaterThan(120);
  });

  test('is put together by the helper of the client', async () => {
    const asked = { model: 'sim-1', messages: say('Hello'), stream_options: { include_usage: true } };
    const seen: string[] = [];
    const stream = client.chat.completions.stream(asked).on('content', (delta) => seen.push(delta));
    const final = await stream.finalChatCompletion();
    const { stream_options: _, ...plain } = asked;
    const whole = await client.chat.completions.create(plain);
    expect(final.choices[0]?.message.content).toBe(whole.choices[0]?.message.content ?? '');
    expect(seen.join('')).toBe(whole.choices[0]?.message.content ?? '');
    expect(await stream.totalUsage()).toMatchObject(whole.usage ?? {});
  });
});

describe('tools', () => {
  const tool = (name: string): ChatCompletionTool => ({
    type: 'function',
    function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
  });
  const tools = [tool('get_weather'), tool('get_time')];
  const both = say('Use get_weather and get_time for Oslo');

  test('are called in parallel, whole and streamed alike', async () => {
    const whole = await client.chat.completions.create({ model: 'sim-1', messages: both, tools });
    const calls = whole.choices[0]?.message.tool_calls?.filter((call) => call.type === 'function') ?? [];
    expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
    expect(calls.map((call) => call.function.name)).toEqual(['get_weather', 'get_time']);
    for (const call of calls) expect(Object.keys(JSON.parse(call.function.arguments) as object)).toEqual(['city']);

    const streamed = await client.chat.completions.stream({ model: 'sim-1', messages: both, tools }).finalChatCompletion();
    const pieces = streamed.choices[0]?.message.tool_calls?.filter((call) => call.type === 'function') ?? [];
    expect(pieces.map(({ id, function: { name, arguments: text } }) => [id, name, text])).toEqual(
      calls.map(({ id, function: { name, arguments: text } }) => [id, name, text]),
    );
    expect(streamed.choices[0]?.finish_reason).toBe('tool_calls');
  });

  test('have an index in every delta, and id and name in the first', async () => {
    const chunks = await chunksOf(await client.chat.completions.create({ model: 'sim-1', messages: both, tools, stream: true }));
    const deltas = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(new Set(deltas.map((delta) => delta.index))).toEqual(new Set([0, 1]));
    for (const index of [0, 1]) {
      const [first, ...rest] = deltas.filter((delta) => delta.index === index);
      expect(first?.id).toMatch(/^call_/);
      expect(first?.function?.name).toBeString();
      expect(rest.every((delta) => delta.id === undefined)).toBe(true);
    }
  });

  test('run to the end in the loop of the client', async () => {
    const asked: unknown[] = [];
    const runner = client.chat.completions.runTools({
      model: 'sim-1',
      messages: say('Use get_weather for Oslo'),
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'The weather of a city',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
            parse: JSON.parse,
            function: (given: { city: string }) => {
              asked.push(given);
              return 'sunny';
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBeString();
    expect(asked).toEqual([{ city: expect.any(String) as unknown }]);
  });

  test('none are called when one is forbidden, one alone when it is named', async () => {
    const none = await client.chat.completions.create({ model: 'sim-1', messages: both, tools, tool_choice: 'none' });
    expect(none.choices[0]?.message.tool_calls).toBeUndefined();
    const named = await client.chat.completions.create({
      model: 'sim-1',
      messages: say('Hello'),
      tools,
      tool_choice: { type: 'function', function: { name: 'get_time' } },
    });
    const names = named.choices[0]?.message.tool_calls?.map((call) => (call.type === 'function' ? call.function.name : ''));
    expect(names).toEqual(['get_time']);
  });
});

describe('structured output', () => {
  const schema = {
    type: 'object',
    properties: {
      city: { type: 'string' },
      degrees: { type: 'integer', minimum: -20 },
      tags: { type: 'array', items: { enum: ['a', 'b'] } },
    },
    required: ['city', 'degrees', 'tags'],
    additionalProperties: false,
  };
  const response_format = { type: 'json_schema' as const, json_schema: { name: 'weather', strict: true, schema } };

  test('fits the schema that was sent, whole and streamed', async () => {
    const asked = { model: 'sim-1', messages: say('The weather, please'), response_format };
    const parsed = await client.chat.completions.parse(asked);
    const value = JSON.parse(parsed.choices[0]?.message.content ?? '') as unknown;
    expect(value).toEqual({ city: expect.any(String) as unknown, degrees: -20, tags: ['a'] });
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(parsed.choices[0]?.message.content ?? '');
  });
});

describe('the older completions', () => {
  test('are answered whole and streamed, for one prompt or several', async () => {
    const asked = { model: 'sim-1', prompt: ['Once', 'upon'], max_tokens: 6 };
    const whole = await client.completions.create(asked);
    expect(whole).toMatchObject({ object: 'text_completion', model: 'sim-1' });
    expect(whole.choices).toHaveLength(2);
    const texts = ['', ''];
    for await (const chunk of await client.completions.create({ ...asked, stream: true })) {
      for (const choice of chunk.choices) texts[choice.index] += choice.text;
    }
    expect(texts).toEqual(whole.choices.map((choice) => choice.text));
  });
});

describe('embeddings', () => {
  test('are the same numbers as floats and as base64, which the client asks for by default', async () => {
    const asked = { model: 'sim-embed', input: ['one text', 'another ☕'], dimensions: 16 };
    const packed = await client.embeddings.create(asked);
    const floats = await client.embeddings.create({ ...asked, encoding_format: 'float' });
    expect(packed.data.map((item) => item.index)).toEqual([0, 1]);
    expect(packed.data[0]?.embedding).toHaveLength(16);
    for (const [index, { embedding }] of floats.data.entries()) {
      expect([...Float32Array.from(packed.data[index]?.embedding ?? [])]).toEqual([...Float32Array.from(embedding)]);
    }
    expect(floats.usage.total_tokens).toBeGreaterThan(0);
    const sent = (await simulator.requests('/v1/embeddings')).map(
      ({ body }) => (JSON.parse(body) as { encoding_format?: string }).encoding_format,
    );
    expect(sent).toEqual(['base64', 'float']);
  });

  test('of a single text or of token numbers are answered too', async () => {
    for (const input of ['alone', [1, 2, 3], [[1, 2], [3]]]) {
      const { data } = await client.embeddings.create({ model: 'sim-embed', input });
      expect(data.length).toBe(Array.isArray(input) && Array.isArray(input[0]) ? 2 : 1);
    }
  });
});

describe('the models', () => {
  test('are listed, aliases too, and page as one', async () => {
    const listed: string[] = [];
    for await (const model of client.models.list()) {
      expect(model).toMatchObject({ object: 'model', owned_by: 'simulator' });
      expect(model.created).toBeInteger();
      listed.push(model.id);
    }
    expect(listed.toSorted()).toEqual(['acme/large-2', 'gpt-4o', 'refuser', 'sim-1', 'sim-embed']);
  });

  for (const id of ['sim-1', 'gpt-4o', 'acme/large-2']) {
    test(`are found by name: ${id}`, async () => {
      expect(await client.models.retrieve(id)).toMatchObject({ id, object: 'model', owned_by: 'simulator' });
    });
  }

  test('are found by a name with a slash that was not escaped, as hand-written clients send it', async () => {
    const reply = await gateway.request('/v1/models/acme/large-2', { headers: { authorization: `Bearer ${KEY}` } });
    expect(await reply.json()).toMatchObject({ id: 'acme/large-2' });
  });
});
