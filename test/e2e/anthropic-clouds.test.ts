/*
 * Anthropic's messages as clouds take them, against the real process: InvokeModel with AWS's own client, as Claude Code in its Bedrock form sends it, and
 * Vertex AI's rawPredict; in front of targets of three dialects.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import {
  type BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import { bedrockClient, SIMULATED_PAIR } from '../harness/bedrock.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-anthropic-clouds-000';
const MODELS = ['claude', 'gpt', 'bedrock'];

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let aws: BedrockRuntimeClient;

beforeAll(async () => {
  simulator = await startSimulator();
  const openai = (model: string) => ({ targets: [{ provider: 'openai', model }] });
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'clouds', key: KEY }] },
      limits: { mode: 'off' },
      providers: {
        openai: { base_url: `${simulator.url}/v1`, api_key: 'sk-upstream' },
        anthropic: { base_url: `${simulator.url}/v1`, api_key: 'sk-ant-upstream' },
        'aws-bedrock': { base_url: simulator.url, region: 'eu-central-1', aws: SIMULATED_PAIR },
      },
      models: {
        claude: { targets: [{ provider: 'anthropic', model: 'sim-1' }] },
        gpt: openai('sim-1'),
        bedrock: { targets: [{ provider: 'aws-bedrock', model: 'anthropic.claude-sonnet-4-5-20250929-v1:0' }] },
        throttled: openai('sim-1!status=429'),
        broken: openai('sim-1!error-after=3,tokens-per-second=100'),
      },
    },
  });
  aws = bedrockClient(gateway.url, { keyName: 'clouds', key: KEY });
});
afterAll(async () => {
  aws?.destroy();
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const body = (content: string, more: object = {}) => ({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 4_000,
  messages: [{ role: 'user', content }],
  ...more,
});

async function invoke(modelId: string, asked: object): Promise<Anthropic.Message> {
  const reply = await aws.send(new InvokeModelCommand({ modelId, contentType: 'application/json', body: JSON.stringify(asked) }));
  return JSON.parse(new TextDecoder().decode(reply.body)) as Anthropic.Message;
}

async function stream(modelId: string, asked: object, seen: Anthropic.MessageStreamEvent[] = []): Promise<Anthropic.MessageStreamEvent[]> {
  const command = new InvokeModelWithResponseStreamCommand({ modelId, contentType: 'application/json', body: JSON.stringify(asked) });
  for await (const event of (await aws.send(command)).body ?? [])
    seen.push(JSON.parse(new TextDecoder().decode(event.chunk?.bytes)) as Anthropic.MessageStreamEvent);
  return seen;
}

const textOf = (message: Anthropic.Message) => message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
const streamedText = (events: readonly Anthropic.MessageStreamEvent[]) =>
  events.map((event) => (event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? event.delta.text : '')).join('');

describe('InvokeModel', () => {
  test.each(MODELS)('is answered whole and streamed alike by %s', async (model) => {
    const whole = await invoke(model, body('Hello'));
    expect(whole).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' });
    const events = await stream(model, body('Hello'));
    expect(events[0]?.type).toBe('message_start');
    expect(events.at(-1)?.type).toBe('message_stop');
    expect(streamedText(events)).toBe(textOf(whole));
  });

  test('hands betas on as Anthropic’s own API has them, and nothing that it refuses', async () => {
    await invoke('claude', body('Hello', { anthropic_beta: ['interleaved-thinking-2025-05-14', 'context-1m-2025-08-07'] }));
    const [sent] = (await simulator.requests('/v1/messages')).slice(-1);
    expect(sent?.headers['anthropic-beta']).toBe('interleaved-thinking-2025-05-14,context-1m-2025-08-07');
    expect(JSON.parse(sent?.body ?? '{}')).toEqual({ max_tokens: 4_000, messages: [{ role: 'user', content: 'Hello' }], model: 'sim-1' });
  });

  test('calls tools and goes on with what was thought, through Bedrock', async () => {
    const tools = [{ name: 'get_weather', input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }];
    const more = { tools, thinking: { type: 'enabled', budget_tokens: 2_000 } };
    const first = await invoke('bedrock', body('Use get_weather for Oslo', more));
    const call = first.content.find((block) => block.type === 'tool_use');
    const next = await invoke('bedrock', {
      ...body('', more),
      messages: [
        { role: 'user', content: 'Use get_weather for Oslo' },
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.id, content: 'sunny' }] },
      ],
    });
    expect(next.stop_reason).toBe('end_turn');
  });

  test('tells what goes wrong in AWS’s words, before and inside a stream', async () => {
    expect(await rejection(invoke('throttled', body('Hello')))).toBeInstanceOf(ThrottlingException);
    expect(await rejection(invoke('gpt', { inputText: 'Hello' }))).toBeInstanceOf(ValidationException);
    expect(await rejection(invoke('gpt', body('Hello', { anthropic_beta: ['a\r\nb'] })))).toBeInstanceOf(ValidationException);
    expect(await rejection(invoke('gpt', body('Hello', { messages: [] })))).toBeInstanceOf(ValidationException);
    const seen: Anthropic.MessageStreamEvent[] = [];
    expect(await rejection(stream('broken', body('Hello'), seen))).toMatchObject({ name: 'ModelStreamErrorException' });
    expect(streamedText(seen)).not.toBe('');
  });
});

describe('Vertex AI’s form', () => {
  /** As Anthropic's client for Vertex makes its requests: another path, and the model out of the body. */
  const client = () =>
    new Anthropic({
      apiKey: KEY,
      baseURL: `${gateway.url}/v1`,
      maxRetries: 0,
      fetch: async (url, init) => {
        const { body: given = '{}' } = init ?? {};
        const { model, ...rest } = JSON.parse(typeof given === 'string' ? given : '{}') as { model: string; stream?: boolean };
        const counts = (url instanceof Request ? url.url : url.toString()).endsWith('/count_tokens');
        const place = `${gateway.url}/v1/projects/my-project/locations/europe-west1/publishers/anthropic/models`;
        const path = counts ? 'count-tokens:rawPredict' : `${model}:${rest.stream === true ? 'streamRawPredict' : 'rawPredict'}`;
        const asked = { anthropic_version: 'vertex-2023-10-16', ...rest, ...(counts ? { model } : {}) };
        return fetch(`${place}/${path}`, { ...init, body: JSON.stringify(asked) });
      },
    });
  const asked = (model: string) => ({ model, max_tokens: 500, messages: [{ role: 'user' as const, content: 'Hello' }] });

  test.each(MODELS)('is answered whole and streamed alike by %s', async (model) => {
    const whole = await client().messages.create(asked(model));
    const streamed = await client().messages.stream(asked(model)).finalMessage();
    expect(textOf(streamed)).toBe(textOf(whole));
  });

  test('counts tokens, and tells errors as Anthropic does', async () => {
    const count = await client().messages.countTokens({ model: 'claude', messages: [{ role: 'user', content: 'Hello' }] });
    expect(count.input_tokens).toBeGreaterThan(0);
    expect(await rejection(client().messages.create(asked('nobody-has-this')))).toBeInstanceOf(Anthropic.NotFoundError);
    const unversioned = await fetch(`${gateway.url}/v1/projects/p/locations/l/publishers/anthropic/models/claude:rawPredict`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: '{"messages":[]}',
    });
    expect([unversioned.status, await unversioned.json()]).toMatchObject([400, { type: 'error' }]);
  });
});
