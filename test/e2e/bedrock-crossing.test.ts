/*
 * Bedrock's Converse across dialects, with the official clients of both sides against the real process: AWS's client before a model that speaks OpenAI's chat
 * completions, and OpenAI's and Anthropic's clients before Bedrock. The simulated vendors refuse what the real ones do.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import {
  type BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import OpenAI from 'openai';
import { bedrockClient, SIMULATED_PAIR } from '../harness/bedrock.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-bedrock-crossing-00';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let aws: BedrockRuntimeClient;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'crossing', key: KEY }] },
      limits: { mode: 'off' },
      providers: {
        openai: { base_url: `${simulator.url}/v1`, api_key: 'sk-upstream' },
        'aws-bedrock': { base_url: simulator.url, region: 'eu-central-1', aws: SIMULATED_PAIR },
      },
      models: {
        gpt: { targets: [{ provider: 'openai', model: 'sim-1' }] },
        throttled: { targets: [{ provider: 'openai', model: 'sim-1!status=429' }] },
        refusing: { targets: [{ provider: 'openai', model: 'sim-1!status=400' }] },
        broken: { targets: [{ provider: 'openai', model: 'sim-1!error-after=3,tokens-per-second=100' }] },
        claude: { targets: [{ provider: 'aws-bedrock', model: 'anthropic.claude-sonnet-4-5-20250929-v1:0' }] },
        llama: { targets: [{ provider: 'aws-bedrock', model: 'meta.llama4-scout-17b-instruct-v1:0' }] },
        'claude-broken': { targets: [{ provider: 'aws-bedrock', model: 'anthropic.claude-x!error-after=3,tokens-per-second=100' }] },
        either: {
          targets: [
            { provider: 'aws-bedrock', model: 'sim-1!status=503' },
            { provider: 'openai', model: 'sim-1', priority: 1 },
          ],
        },
      },
    },
  });
  aws = bedrockClient(gateway.url, { key: KEY });
  openai = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: KEY, baseURL: gateway.url, maxRetries: 0 });
});
afterAll(async () => {
  aws?.destroy();
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

type Input = Omit<ConverseCommandInput, 'modelId'>;
type Messages = NonNullable<ConverseCommandInput['messages']>;

const say = (text: string): Messages => [{ role: 'user', content: [{ text }] }];
const converse = (input: Input, modelId = 'gpt') => aws.send(new ConverseCommand({ modelId, ...input }));
async function stream(input: Input, modelId = 'gpt'): Promise<ConverseStreamOutput[]> {
  const reply = await aws.send(new ConverseStreamCommand({ modelId, ...input }));
  return Array.fromAsync(reply.stream ?? []);
}
const streamedText = (events: readonly ConverseStreamOutput[]) =>
  events.map((event) => event.contentBlockDelta?.delta?.text ?? '').join('');

const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const toolSpec = (name: string) => ({ toolSpec: { name, description: `It is ${name}`, inputSchema: { json: schema } } });
const called = (name: string): OpenAI.ChatCompletionTool => ({ type: 'function', function: { name, parameters: schema } });
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const lastSent = async (path: string): Promise<Record<string, unknown>> => {
  const [sent] = (await simulator.requests(path)).slice(-1);
  return JSON.parse(sent?.body ?? '{}') as Record<string, unknown>;
};

describe('AWS’s client before OpenAI’s dialect', () => {
  test('gets a whole answer, and is told that it was translated', async () => {
    const raw = await fetch(`${gateway.url}/model/gpt/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: say('Hello'), guardrailConfig: { guardrailIdentifier: 'x', guardrailVersion: '1' } }),
    });
    expect(raw.headers.get('x-gatehouse-translated')).toBe('bedrock-converse>openai-chat');
    expect(raw.headers.get('x-gatehouse-dropped')).toContain('field:guardrailConfig');
    const reply = await converse({ messages: say('echo: naïve café ☕'), system: [{ text: 'Be brief' }] });
    expect(reply).toMatchObject({
      output: { message: { role: 'assistant', content: [{ text: 'naïve café ☕' }] } },
      stopReason: 'end_turn',
      metrics: { latencyMs: expect.any(Number) },
    });
    expect(reply.usage?.totalTokens).toBe((reply.usage?.inputTokens ?? 0) + (reply.usage?.outputTokens ?? 0));
  });

  test('gets the same as a stream', async () => {
    const whole = await converse({ messages: say('Hello') });
    const events = await stream({ messages: say('Hello') });
    const names = events.map((event) => Object.keys(event)[0]);
    expect([names[0], ...names.slice(-3)]).toEqual(['messageStart', 'contentBlockStop', 'messageStop', 'metadata']);
    expect(streamedText(events)).toBe(whole.output?.message?.content?.[0]?.text ?? '');
    expect(events.at(-1)?.metadata?.usage).toMatchObject({ outputTokens: whole.usage?.outputTokens ?? -1 });
  });

  test('calls tools one after the other, whole and streamed, and sends their results', async () => {
    const asked = { messages: say('Use get_weather for Oslo'), toolConfig: { tools: [toolSpec('get_weather')], toolChoice: { any: {} } } };
    const first = await converse(asked);
    expect(first.stopReason).toBe('tool_use');
    const call = first.output?.message?.content?.find(({ toolUse }) => toolUse !== undefined)?.toolUse;
    expect(call).toMatchObject({ name: 'get_weather', input: { city: expect.any(String) } });
    const events = await stream(asked);
    const pieces = events.map((event) => event.contentBlockDelta?.delta?.toolUse?.input ?? '').join('');
    expect(JSON.parse(pieces)).toEqual(call?.input);
    const next = await converse({
      ...asked,
      toolConfig: { tools: [toolSpec('get_weather')] },
      messages: [
        ...asked.messages,
        { role: 'assistant', content: first.output?.message?.content },
        {
          role: 'user',
          content: [{ toolResult: { toolUseId: call?.toolUseId, content: [{ json: { weather: 'sunny' } }] } }, { text: 'So?' }],
        },
      ],
    });
    expect(next.stopReason).toBe('end_turn');
    expect((await lastSent('/v1/chat'))['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant' },
      { role: 'tool', content: '{"weather":"sunny"}' },
      { role: 'user' },
    ]);
  });

  test('sends images, limits, stops and a schema', async () => {
    const reply = await converse({
      messages: [{ role: 'user', content: [{ text: 'What is it?' }, { image: { format: 'png', source: { bytes: PIXEL } } }] }],
      inferenceConfig: { maxTokens: 300, temperature: 0.5, topP: 0.9, stopSequences: ['###'] },
      outputConfig: {
        textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'place', schema: JSON.stringify(schema) } } },
      },
    });
    expect(JSON.parse(reply.output?.message?.content?.[0]?.text ?? '')).toMatchObject({ city: expect.any(String) });
    const sent = await lastSent('/v1/chat');
    expect(sent).toMatchObject({
      temperature: 0.5,
      top_p: 0.9,
      stop: ['###'],
      response_format: { json_schema: { name: 'place', schema } },
    });
    expect(JSON.stringify(sent['messages'])).toContain(`data:image/png;base64,${PIXEL.toString('base64')}`);
  });

  test('is told what goes wrong in Bedrock’s words, before and inside a stream', async () => {
    expect(await rejection(converse({ messages: say('Hello') }, 'throttled'))).toBeInstanceOf(ThrottlingException);
    expect(await rejection(converse({ messages: say('Hello') }, 'refusing'))).toBeInstanceOf(ValidationException);
    expect(await rejection(converse({ messages: [] }))).toBeInstanceOf(ValidationException);
    expect(await rejection(stream({ messages: say('Hello') }, 'broken'))).toMatchObject({ name: 'ModelStreamErrorException' });
  });

  test('is answered by another dialect where Bedrock fails', async () => {
    const reply = await converse({ messages: say('echo: fallen back') }, 'either');
    expect(reply.output?.message?.content).toEqual([{ text: 'fallen back' }]);
  });
});

describe('OpenAI’s client before Bedrock', () => {
  const ask = { model: 'claude', messages: [{ role: 'user' as const, content: 'Hello' }] };

  test('gets the same, whole and streamed', async () => {
    const whole = await openai.chat.completions.create(ask);
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } });
    const runner = openai.chat.completions.stream({ ...ask, stream_options: { include_usage: true } });
    const streamed = await runner.finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content ?? '');
    expect(streamed.usage?.total_tokens).toBe(whole.usage?.total_tokens ?? -1);
  });

  test('calls tools in parallel and goes on, in turns that Bedrock takes', async () => {
    const tools = [called('get_weather'), called('get_time')];
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Use get_weather and get_time for Oslo' },
    ];
    const first = await openai.chat.completions.create({ model: 'claude', messages, tools });
    const calls = first.choices[0]?.message.tool_calls ?? [];
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(calls.length).toBeGreaterThan(0);
    if (first.choices[0] !== undefined) messages.push(first.choices[0].message);
    for (const call of calls) messages.push({ role: 'tool', tool_call_id: call.id, content: 'done' });
    messages.push({ role: 'user', content: 'And?' }, { role: 'user', content: 'Well?' });
    const next = await openai.chat.completions.create({ model: 'claude', messages });
    expect(next.choices[0]?.finish_reason).toBe('stop');
    const sent = await lastSent('/model');
    expect((sent['messages'] as { role: string }[]).map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    // The talk has called tools, so they are declared, though the caller does so no more.
    expect(sent['toolConfig']).toBeDefined();
  });

  test('forces a tool, or none', async () => {
    const tools = [called('get_weather'), called('get_time')];
    const choose = (choice: OpenAI.ChatCompletionToolChoiceOption) =>
      openai.chat.completions.create({ ...ask, tools, tool_choice: choice, parallel_tool_calls: false });
    const named = await choose({ type: 'function', function: { name: 'get_time' } });
    expect(named.choices[0]?.message.tool_calls?.map((call) => (call.type === 'function' ? call.function.name : ''))).toEqual(['get_time']);
    expect((await lastSent('/model'))['additionalModelRequestFields']).toMatchObject({ tool_choice: { disable_parallel_tool_use: true } });
    expect((await choose('none')).choices[0]?.message.tool_calls).toBeUndefined();
  });

  test('sends documents, whose names are made to fit, and thinks', async () => {
    const file = (filename: string) => ({
      type: 'file' as const,
      file: { filename, file_data: `data:application/pdf;base64,${Buffer.from('%PDF-1.7 x').toString('base64')}` },
    });
    const reply = await openai.chat.completions.create({
      model: 'claude',
      reasoning_effort: 'low',
      max_completion_tokens: 5_000,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Compare' }, file('Zoë’s report.v2.pdf'), file('zoe s report v2 pdf')] }],
    });
    expect(reply.choices[0]?.finish_reason).toBe('stop');
    const sent = await lastSent('/model');
    const names = JSON.stringify(sent['messages']).match(/"name":"[^"]*"/g);
    expect(names).toEqual(['"name":"Zoe s report v2 pdf"', '"name":"zoe s report v2 pdf 2"']);
    expect(sent['additionalModelRequestFields']).toMatchObject({ thinking: { type: 'enabled' } });
  });

  test('is told what goes wrong', async () => {
    const error = await rejection(
      (async () => {
        const broken = await openai.chat.completions.create({ ...ask, model: 'claude-broken', stream: true });
        for await (const _chunk of broken);
      })(),
    );
    expect(error).toMatchObject({ code: 'upstream_stream_interrupted' });
  });
});

describe('Anthropic’s client before Bedrock', () => {
  test('thinks, calls a tool, and sends back what was thought, signed', async () => {
    const asked = {
      model: 'claude',
      max_tokens: 4_000,
      thinking: { type: 'enabled' as const, budget_tokens: 2_000 },
      tools: [{ name: 'get_weather', input_schema: schema, cache_control: { type: 'ephemeral' as const } }],
      messages: [{ role: 'user' as const, content: 'Use get_weather for Oslo' }],
    };
    const first = await anthropic.messages.stream(asked).finalMessage();
    const call = first.content.find((block) => block.type === 'tool_use');
    expect(first.content[0]?.type).toBe('thinking');
    const next = await anthropic.messages.create({
      ...asked,
      messages: [
        ...asked.messages,
        { role: 'assistant', content: first.content },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: call?.id ?? '',
              content: [{ type: 'text', text: 'sunny', cache_control: { type: 'ephemeral' } }],
            },
          ],
        },
      ],
    });
    expect(next.stop_reason).toBe('end_turn');
    const sent = await lastSent('/model');
    expect(sent['toolConfig']).toMatchObject({ tools: [{ toolSpec: { name: 'get_weather' } }, { cachePoint: { type: 'default' } }] });
    const turns = sent['messages'] as { content: object[] }[];
    expect(turns.at(-1)?.content.map((block) => Object.keys(block)[0])).toEqual(['toolResult', 'cachePoint']);
    expect(next.usage.cache_creation_input_tokens ?? 0).toBeGreaterThan(0);
  });

  test('marks nothing for models that take no marks', async () => {
    await anthropic.messages.create({
      model: 'llama',
      max_tokens: 100,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } }] }],
    });
    expect(JSON.stringify(await lastSent('/model'))).not.toContain('cachePoint');
  });
});
