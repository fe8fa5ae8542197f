/*
 * The official `@anthropic-ai/sdk` against the real process, with a simulated model server behind it that speaks Anthropic's API: what an application
 * gets when it changes nothing but the base URL. Across dialects: anthropic-crossing.test.ts; bytes: anthropic-bytes.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic, { APIError, NotFoundError } from '@anthropic-ai/sdk';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-anthropic-client-0000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: Anthropic;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { ping_interval: '200ms', retries: { base_delay: '1ms', delay_max: '5ms' } },
      providers: { anthropic: { base_url: simulator.url, api_key: 'sk-ant-upstream' } },
      models: {
        'claude-house': { targets: [{ provider: 'anthropic', model: 'sim-1' }], aliases: ['claude-sonnet-5-5'] },
        'sim-1': { targets: [{ provider: 'anthropic' }] },
        quiet: { targets: [{ provider: 'anthropic', model: 'sim-1!tokens=3,tokens-per-second=2' }] },
        overloaded: { targets: [{ provider: 'anthropic', model: 'sim-1!status=529' }] },
        broken: { targets: [{ provider: 'anthropic', model: 'sim-1!error-after=3' }] },
        cut: { targets: [{ provider: 'anthropic', model: 'sim-1!cut-after=3' }] },
      },
    },
  });
  client = new Anthropic({ apiKey: KEY, baseURL: gateway.url });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const say = (content: string) => [{ role: 'user' as const, content }];
const HELLO = { model: 'claude-house', max_tokens: 500, messages: say('Hello') };
const TOOL: Anthropic.Tool = {
  name: 'get_weather',
  description: 'The weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

const textOf = (message: Anthropic.Message) => message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');

describe('a message', () => {
  test('is answered whole, with usage and the name of the model that answered', async () => {
    const { data, response, request_id } = await client.messages.create({ ...HELLO, messages: say('echo: naïve café ☕') }).withResponse();
    expect(data).toMatchObject({ type: 'message', role: 'assistant', model: 'sim-1', stop_reason: 'end_turn' });
    expect(textOf(data)).toBe('naïve café ☕');
    expect(data.usage.input_tokens).toBeGreaterThan(0);
    expect(request_id).toBe(response.headers.get('x-correlation-id'));
    expect(response.headers.get('x-gatehouse-provider')).toBe('anthropic');
    expect(response.headers.get('x-gatehouse-translated')).toBeNull();
  });

  test('is answered by its alias, with the gateway’s credential and the caller’s version and betas upstream', async () => {
    await client.beta.messages.create({
      ...HELLO,
      model: 'claude-sonnet-5-5',
      betas: ['context-1m-2025-08-07', 'interleaved-thinking-2025-05-14'],
    });
    const [sent] = (await simulator.requests('/v1/messages')).slice(-1);
    expect(sent?.headers['x-api-key']).toBe('sk-ant-upstream');
    expect(sent?.headers['authorization']).toBeUndefined();
    expect(sent?.headers['anthropic-beta']).toBe('context-1m-2025-08-07,interleaved-thinking-2025-05-14');
    expect(sent?.headers['anthropic-version']).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  test('is streamed as it would be answered whole, and the helper puts it together', async () => {
    const whole = await client.messages.create(HELLO);
    const pieces: string[] = [];
    const final = await client.messages
      .stream(HELLO)
      .on('text', (piece) => pieces.push(piece))
      .finalMessage();
    expect(final).toMatchObject({ model: whole.model, stop_reason: whole.stop_reason });
    expect(textOf(final)).toBe(textOf(whole));
    expect(pieces.join('')).toBe(textOf(whole));
    expect(final.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  test('with thinking brings thoughts and signatures, which go back unchanged', async () => {
    const asked = {
      ...HELLO,
      max_tokens: 4_000,
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      tools: [TOOL],
      messages: say('Use get_weather for Oslo'),
    } satisfies Anthropic.MessageCreateParamsNonStreaming;
    const first = await client.messages.stream(asked).finalMessage();
    expect(first.content.map(({ type }) => type)).toContain('thinking');
    const call = first.content.find((block) => block.type === 'tool_use');
    if (call?.type !== 'tool_use') throw new Error('no call');
    const next = await client.messages.create({
      ...asked,
      messages: [
        ...asked.messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sunny' }] },
      ],
    });
    expect(next.stop_reason).toBe('end_turn');
  });

  test('keeps to a schema that was asked for', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    const message = await client.messages.create({ ...HELLO, output_config: { format: { type: 'json_schema', schema } } });
    expect(Object.keys(JSON.parse(textOf(message)) as object)).toEqual(['city']);
  });

  test('is metered, whole and streamed, with what was read from a cache and written to it', async () => {
    const asked = {
      ...HELLO,
      system: [{ type: 'text', text: 'A long prompt. '.repeat(800), cache_control: { type: 'ephemeral' } }],
    } satisfies Anthropic.MessageCreateParams;
    const written = await client.messages.create(asked);
    const { response, data } = await client.messages.create({ ...asked, stream: true }).withResponse();
    for await (const _event of data);
    expect(written.usage.cache_creation_input_tokens).toBeGreaterThan(0);
    const line = await accessLine(gateway, response.headers.get('request-id') ?? '');
    const { input_tokens: fresh, cache_creation_input_tokens: made } = written.usage;
    expect(line).toMatchObject({ input_tokens: fresh + (made ?? 0) });
  });
});

describe('a stream that is quiet', () => {
  test('is kept alive by pings of the dialect, which clients pass over', async () => {
    const reply = await fetch(`${gateway.url}/v1/messages?beta=true`, {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
      body: JSON.stringify({ ...HELLO, model: 'quiet', stream: true }),
    });
    const text = await reply.text();
    const first = text.indexOf('content_block_delta');
    expect(text.indexOf('event: ping\ndata: {"type": "ping"}\n\n', first)).toBeGreaterThan(first);
    expect(text).toEndWith('event: message_stop\ndata: {"type":"message_stop"}\n\n');
    const final = await client.messages.stream({ ...HELLO, model: 'quiet' }).finalMessage();
    expect(final.stop_reason).toBe('end_turn');
  });
});

describe('an error', () => {
  test('of the gateway is told in Anthropic’s shape, with the request’s id', async () => {
    const error = await failureOf(client.messages.create({ ...HELLO, model: 'nothing' }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ status: 404, type: 'not_found_error', errorCode: 'model_unknown' });
    const { error: body, requestID } = error as APIError;
    expect(body).toMatchObject({ type: 'error', request_id: requestID });
  });

  test('of a missing key too', async () => {
    const error = await failureOf(new Anthropic({ apiKey: 'sk-wrong', baseURL: gateway.url }).messages.create(HELLO));
    expect(error).toMatchObject({ status: 401, type: 'authentication_error' });
  });

  test('of the upstream about a bad request is shown word for word', async () => {
    const { max_tokens: _left, ...asked } = HELLO;
    const error = (await failureOf(client.messages.create(asked as Anthropic.MessageCreateParamsNonStreaming))) as APIError;
    expect(error.status).toBe(400);
    expect(error.error).toMatchObject({ type: 'error', error: { type: 'invalid_request_error', message: 'max_tokens: Field required' } });
  });

  test('of an overloaded upstream keeps its status and its word, and is not tried again', async () => {
    await simulator.reset();
    const error = await failureOf(client.messages.create({ ...HELLO, model: 'overloaded' }));
    expect(error).toMatchObject({ status: 529, type: 'overloaded_error', apiMessage: 'Overloaded' });
    expect((error as APIError).headers?.get('x-should-retry')).toBe('false');
    // The gateway's own retries; the client's would treble them.
    expect((await simulator.requests('/v1/messages')).length).toBeLessThanOrEqual(3);
  });

  for (const { model, type } of [
    { model: 'broken', type: 'overloaded_error' },
    { model: 'cut', type: 'api_error' },
  ]) {
    test(`inside a stream raises in the client: ${model}`, async () => {
      const error = await failureOf(client.messages.stream({ ...HELLO, model }).finalMessage());
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ type });
    });
  }
});

test('whoever leaves a stream ends it upstream', async () => {
  await simulator.reset();
  const stream = client.messages.stream({ ...HELLO, model: 'anthropic/sim-1!tokens=2000,tokens-per-second=50' });
  for await (const event of stream) if (event.type === 'content_block_delta') break;
  await eventually(async () => (await simulator.stats()).clientsGone === 1, { what: 'the end of the stream upstream' });
});

describe('tokens are counted', () => {
  test('by the upstream, where it counts', async () => {
    const { data, response } = await client.messages
      .countTokens({ model: 'claude-house', messages: say('Hello'), tools: [TOOL] })
      .withResponse();
    expect(data.input_tokens).toBeGreaterThan(5);
    expect(response.headers.get('x-gatehouse-tokens')).toBeNull();
    expect((await simulator.requests('/v1/messages/count_tokens')).length).toBe(1);
  });

  test('by an estimate, where it can’t be reached', async () => {
    await simulator.fault('status=500', '/v1/messages/count_tokens');
    const { data, response } = await client.messages
      .countTokens({ model: 'claude-house', messages: say('Hello '.repeat(100)) })
      .withResponse();
    await simulator.reset();
    expect(response.headers.get('x-gatehouse-tokens')).toBe('estimated');
    expect(data.input_tokens).toBeWithin(100, 400);
  });
});

describe('the models', () => {
  test('are listed, aliases too, page by page', async () => {
    const listed: string[] = [];
    for await (const model of client.models.list({ limit: 2 })) {
      expect(model).toMatchObject({ type: 'model', display_name: model.id });
      expect(Number.isNaN(Date.parse(model.created_at))).toBe(false);
      listed.push(model.id);
    }
    expect(listed.toSorted()).toEqual(['broken', 'claude-house', 'claude-sonnet-5-5', 'cut', 'overloaded', 'quiet', 'sim-1']);
    const page = await client.models.list({ limit: 2, after_id: listed[1] ?? '' });
    expect(page).toMatchObject({ first_id: listed[2], last_id: listed[3], has_more: true });
    const earlier = await client.models.list({ limit: 1, before_id: listed[2] ?? '' });
    expect(earlier.data.map(({ id }) => id)).toEqual([listed[1] ?? '']);
  });

  test('are found by name, and are missed in Anthropic’s words', async () => {
    expect(await client.models.retrieve('claude-sonnet-5-5')).toMatchObject({ id: 'claude-sonnet-5-5', type: 'model' });
    expect(await failureOf(client.models.retrieve('nothing'))).toMatchObject({ status: 404, type: 'not_found_error' });
    expect(await failureOf(Promise.resolve(client.models.list({ limit: 0 })))).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
    });
  });

  test('as Claude Code asks for them, and as a client of OpenAI does', async () => {
    const claudeCode = { 'x-api-key': KEY, authorization: `Bearer ${KEY}`, 'anthropic-version': '2023-06-01' };
    const found = (await (await fetch(`${gateway.url}/v1/models?limit=1000`, { headers: claudeCode })).json()) as {
      data: { id: string; description: string }[];
    };
    expect(found.data.filter(({ id }) => id.includes('claude')).map(({ id }) => id)).toEqual(['claude-house', 'claude-sonnet-5-5']);
    const plain = await (await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${KEY}` } })).json();
    expect(plain).toMatchObject({
      object: 'list',
      data: expect.arrayContaining([expect.objectContaining({ object: 'model' })]) as unknown,
    });
  });
});
