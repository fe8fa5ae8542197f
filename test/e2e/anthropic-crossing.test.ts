/*
 * Anthropic's messages across dialects, with the official clients of both sides against the real process: Anthropic's client before a model that speaks
 * OpenAI's chat completions, and OpenAI's before one that speaks Anthropic's messages. The simulated vendors refuse what the real ones do: unknown fields,
 * rounds of tools that don't fit, signatures that are not their own.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { writeSignature } from '../../src/dialects/dialect-signature.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-crossing-000000000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let anthropic: Anthropic;
let openai: OpenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'crossing', key: KEY }] },
      limits: { mode: 'off' },
      providers: {
        // Its Responses API would count tokens.
        openai: { base_url: `${simulator.url}/v1`, api_key: 'sk-upstream', dialects: ['openai-chat'] },
        anthropic: { base_url: `${simulator.url}/v1`, api_key: 'sk-ant-upstream' },
      },
      models: {
        'claude-gpt': { targets: [{ provider: 'openai', model: 'sim-1' }] },
        'gpt-claude': { targets: [{ provider: 'anthropic', model: 'sim-1' }] },
        either: {
          targets: [
            { provider: 'openai', model: 'sim-1!status=503' },
            { provider: 'anthropic', model: 'sim-1', priority: 1 },
          ],
        },
        broken: { targets: [{ provider: 'openai', model: 'sim-1!error-after=3' }] },
        refusing: { targets: [{ provider: 'openai', model: 'sim-1!status=400' }] },
      },
    },
  });
  anthropic = new Anthropic({ apiKey: KEY, baseURL: gateway.url });
  openai = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1` });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const say = (content: string) => [{ role: 'user' as const, content }];
const HELLO = { model: 'claude-gpt', max_tokens: 500, messages: say('Hello') };
const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const tool = (name: string): Anthropic.Tool => ({ name, description: `It is ${name}`, input_schema: schema });
const called = (name: string): OpenAI.ChatCompletionTool => ({ type: 'function', function: { name, parameters: schema } });
const textOf = (message: Anthropic.Message) => message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

describe('Anthropic’s client before OpenAI’s dialect', () => {
  test('gets a whole answer, and is told that it was translated', async () => {
    const { data, response } = await anthropic.messages
      .create({ ...HELLO, system: 'Be brief.', messages: say('echo: naïve café ☕') })
      .withResponse();
    expect(data).toMatchObject({ type: 'message', role: 'assistant', model: 'sim-1', stop_reason: 'end_turn', stop_sequence: null });
    expect(data.id).toStartWith('msg_');
    expect(textOf(data)).toBe('naïve café ☕');
    expect(data.usage.input_tokens).toBeGreaterThan(0);
    expect(response.headers.get('x-gatehouse-translated')).toBe('anthropic-messages>openai-chat');
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  test('gets the same as a stream', async () => {
    const whole = await anthropic.messages.create(HELLO);
    const pieces: string[] = [];
    const final = await anthropic.messages
      .stream(HELLO)
      .on('text', (piece) => pieces.push(piece))
      .finalMessage();
    expect(textOf(final)).toBe(textOf(whole));
    expect(pieces.length).toBeGreaterThan(1);
    expect(final).toMatchObject({
      stop_reason: 'end_turn',
      model: 'sim-1',
      usage: { output_tokens: whole.usage.output_tokens, input_tokens: whole.usage.input_tokens },
    });
  });

  test('has tools called, several at once, and sends back what they gave', async () => {
    const asked = { ...HELLO, tools: [tool('get_weather'), tool('get_time')], messages: say('Use get_weather and get_time for Oslo') };
    for (const first of [await anthropic.messages.create(asked), await anthropic.messages.stream(asked).finalMessage()]) {
      const calls = first.content.filter((block) => block.type === 'tool_use');
      expect(first.stop_reason).toBe('tool_use');
      expect(calls.map(({ name }) => name)).toEqual(['get_weather', 'get_time']);
      for (const { input } of calls) expect(Object.keys(input as object)).toEqual(['city']);
      const results = calls.map(({ id }) => ({
        type: 'tool_result' as const,
        tool_use_id: id,
        content: [{ type: 'text' as const, text: 'fine' }],
      }));
      const next = await anthropic.messages.create({
        ...asked,
        messages: [
          ...asked.messages,
          { role: 'assistant', content: first.content },
          { role: 'user', content: [...results, { type: 'text', text: 'Well?' }] },
        ],
      });
      expect(next.stop_reason).toBe('end_turn');
    }
  });

  test('can demand a tool, and forbid more than one', async () => {
    const asked = { ...HELLO, tools: [tool('get_weather'), tool('get_time')] };
    const named = await anthropic.messages.create({
      ...asked,
      tool_choice: { type: 'tool', name: 'get_time', disable_parallel_tool_use: true },
    });
    expect(named.content.flatMap((block) => (block.type === 'tool_use' ? [block.name] : []))).toEqual(['get_time']);
  });

  test('has an answer in its schema', async () => {
    const message = await anthropic.messages.create({ ...HELLO, output_config: { format: { type: 'json_schema', schema } } });
    expect(Object.keys(JSON.parse(textOf(message)) as object)).toEqual(['city']);
  });

  test('is told by name what the model could not be told', async () => {
    const { response } = await anthropic.beta.messages
      .create({
        ...HELLO,
        betas: ['context-management-2025-06-27'],
        system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
        top_k: 5,
        context_management: { edits: [] },
      } as Anthropic.Beta.MessageCreateParamsNonStreaming)
      .withResponse();
    const dropped = response.headers.get('x-gatehouse-dropped')?.split(', ') ?? [];
    expect(dropped.toSorted()).toEqual(['cache-marks', 'field:context_management', 'top-k']);
    const [sent] = (await simulator.requests('/v1/chat/completions')).slice(-1);
    expect(sent?.headers['anthropic-beta']).toBeUndefined();
    expect(sent?.headers['anthropic-version']).toBeUndefined();
  });

  test('has its tokens counted, by an estimate', async () => {
    const { data, response } = await anthropic.messages
      .countTokens({ model: 'claude-gpt', messages: say('Hello '.repeat(100)), tools: [tool('f')] })
      .withResponse();
    expect(response.headers.get('x-gatehouse-tokens')).toBe('estimated');
    expect(data.input_tokens).toBeWithin(120, 400);
    expect(await failureOf(Promise.resolve(anthropic.messages.countTokens({ model: 'nothing', messages: say('x') })))).toMatchObject({
      status: 404,
    });
  });

  test('is told of errors in its own shape', async () => {
    const refused = (await failureOf(anthropic.messages.create({ ...HELLO, model: 'refusing' }))) as APIError;
    expect(refused).toMatchObject({ status: 400, type: 'invalid_request_error' });
    const failed = await failureOf(anthropic.messages.stream({ ...HELLO, model: 'broken' }).finalMessage());
    expect(failed).toBeInstanceOf(APIError);
    expect(failed).toMatchObject({ type: 'api_error' });
  });

  test('is answered by a fallback of its own dialect, with its own bytes', async () => {
    const { data, response } = await anthropic.messages.create({ ...HELLO, model: 'either' }).withResponse();
    expect(data.stop_reason).toBe('end_turn');
    expect(response.headers.get('x-gatehouse-provider')).toBe('anthropic');
    expect(response.headers.get('x-gatehouse-translated')).toBeNull();
  });

  test('may move its talk from one vendor to the other and back, thoughts and all', async () => {
    const messages: Anthropic.MessageParam[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const isNative = turn % 2 === 0;
      messages.push({ role: 'user', content: `Use get_weather for town ${turn}` });
      for (let step = 0; step < 2; step += 1) {
        const message = await anthropic.messages
          .stream({
            model: isNative ? 'gpt-claude' : 'claude-gpt',
            max_tokens: 4_000,
            thinking: { type: 'enabled', budget_tokens: 2_000 },
            tools: [tool('get_weather')],
            messages,
          })
          .finalMessage();
        messages.push({ role: 'assistant', content: message.content });
        expect(message.stop_reason).toBe(step === 0 ? 'tool_use' : 'end_turn');
        const calls = message.content.filter((block) => block.type === 'tool_use');
        if (calls.length > 0)
          messages.push({ role: 'user', content: calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'sunny' })) });
      }
    }
  });
});

describe('a talk that another vendor’s model has thought in', () => {
  // As they were told by a gateway in front of others: signed, and not.
  const thoughts = [
    { dialect: 'gemini', value: 'CAIQ==' },
    { dialect: 'none', value: '' },
  ].map((signature) => writeSignature(signature, 'anthropic-messages'));

  for (const signature of thoughts) {
    test(`goes on at Anthropic’s without those thoughts, which it would refuse: ${signature.slice(-12)}`, async () => {
      const { data, response } = await anthropic.beta.messages
        .create({
          model: 'gpt-claude',
          max_tokens: 4_000,
          betas: ['interleaved-thinking-2025-05-14'],
          thinking: { type: 'enabled', budget_tokens: 2_000 },
          tools: [tool('get_weather')],
          messages: [
            ...say('Use get_weather for Oslo'),
            {
              role: 'assistant',
              content: [
                { type: 'thinking', thinking: 'I should look.', signature },
                { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Oslo' } },
              ],
            },
            { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'sunny' }] },
          ],
        })
        .withResponse();
      expect(data.stop_reason).toBe('end_turn');
      expect(response.headers.get('x-gatehouse-dropped')).toContain('reasoning-history');
      const [sent] = (await simulator.requests('/v1/messages')).slice(-1);
      expect(sent?.headers['anthropic-beta']).toBe('interleaved-thinking-2025-05-14');
      expect(sent?.body).not.toContain('I should look.');
    });
  }
});

describe('OpenAI’s client before Anthropic’s dialect', () => {
  const asked = { model: 'gpt-claude', messages: say('Hello') };

  test('gets a whole answer and the same as a stream, though it names no length', async () => {
    const { data: whole, response } = await openai.chat.completions.create(asked).withResponse();
    expect(response.headers.get('x-gatehouse-translated')).toBe('openai-chat>anthropic-messages');
    const streamed = await openai.chat.completions.stream({ ...asked, stream_options: { include_usage: true } }).finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content ?? '');
    expect(streamed.choices[0]?.finish_reason).toBe('stop');
    expect(streamed.usage?.total_tokens).toBe(whole.usage?.total_tokens ?? 0);
    const [sent] = (await simulator.requests('/v1/messages')).slice(-1);
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({ max_tokens: 4_096, stream: true });
    expect(sent?.headers['anthropic-version']).toBe('2023-06-01');
  });

  test('has tools called in parallel, and demanded', async () => {
    const tools = [called('get_weather'), called('get_time')];
    const both = await openai.chat.completions
      .stream({ ...asked, tools, messages: say('Use get_weather and get_time') })
      .finalChatCompletion();
    const calls = both.choices[0]?.message.tool_calls?.map((call) => (call.type === 'function' ? call.function.name : ''));
    expect(both.choices[0]?.finish_reason).toBe('tool_calls');
    expect(calls).toEqual(['get_weather', 'get_time']);
    const named = await openai.chat.completions.create({
      ...asked,
      tools,
      tool_choice: { type: 'function', function: { name: 'get_time' } },
    });
    expect(named.choices[0]?.message.tool_calls?.length).toBe(1);
  });

  test('has an answer in its schema, of which the vendor takes a part', async () => {
    const bounded = { type: 'object', properties: { n: { type: 'integer', minimum: 3 } }, required: ['n'], additionalProperties: false };
    const { data, response } = await openai.chat.completions
      .create({ ...asked, response_format: { type: 'json_schema', json_schema: { name: 'n', strict: true, schema: bounded } } })
      .withResponse();
    expect(Object.keys(JSON.parse(data.choices[0]?.message.content ?? '') as object)).toEqual(['n']);
    expect(response.headers.get('x-gatehouse-adapted')).toContain('schema-output');
  });

  test('keeps thoughts and their signatures through 200 turns of tools', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [];
    let thoughts = 0;
    for (let turn = 0; turn < 100; turn += 1) {
      messages.push({ role: 'user', content: `Use get_weather for town ${turn}` });
      for (let step = 0; step < 2; step += 1) {
        const { choices } = await openai.chat.completions.create({
          model: 'gpt-claude',
          max_completion_tokens: 8_000,
          reasoning_effort: 'low',
          tools: [called('get_weather')],
          messages,
        });
        const message = choices[0]?.message;
        if (message === undefined) throw new Error('no answer');
        messages.push(message);
        // The vendor has looked at every signature of the talk: a single one that is not its own is a 400.
        if ('reasoning_details' in message) thoughts += 1;
        const calls = message.tool_calls ?? [];
        expect(calls.length).toBe(step === 0 ? 1 : 0);
        for (const { id } of calls) messages.push({ role: 'tool', tool_call_id: id, content: 'sunny' });
      }
    }
    expect(thoughts).toBe(200);
    const [sent] = (await simulator.requests('/v1/messages')).slice(-1);
    expect(sent?.body).toContain('"type":"thinking"');
  });
});
