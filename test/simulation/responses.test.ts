/*
 * The simulated Responses API against those who know the format: the official client reads its replies and accumulates its streams, and the
 * compiler holds its shapes against the types of that package.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { NumberedEvent, OutputItem, ResponseObject } from '../../src/simulate/responses/shapes.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import type { RawReply } from '../harness/raw-reply.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: OpenAI;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

type Params = OpenAI.Responses.ResponseCreateParamsNonStreaming;
/** What is echoed is told by the request, and typed there. */
type Echoed = 'text' | 'tool_choice' | 'tools' | 'reasoning' | 'metadata' | 'truncation' | 'service_tier' | 'output';

/** Compiles only while our shapes are the vendor's. `output_text` is made by the client, `usage: null` stands in answers not yet finished. */
const asVendor = {
  item: (ours: OutputItem): OpenAI.Responses.ResponseOutputItem => ours,
  response: (ours: Omit<ResponseObject, Echoed | 'usage' | 'user' | 'status'> & { usage: NonNullable<ResponseObject['usage']> }) =>
    ours satisfies Omit<OpenAI.Responses.Response, Echoed | 'output_text' | 'status'>,
  event: (
    ours: Exclude<NumberedEvent, { type: 'error' | `response.${'created' | 'in_progress' | 'completed' | 'incomplete' | 'failed'}` }>,
  ): OpenAI.Responses.ResponseStreamEvent => ours,
};

const asked = { model: 'sim-1', input: 'Hello' };
const weather: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'get_weather',
  strict: true,
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 } },
    required: ['city', 'days'],
    additionalProperties: false,
  },
};
const time: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'get_time',
  strict: false,
  parameters: { type: 'object', properties: {} },
};
const patch: OpenAI.Responses.CustomTool = { type: 'custom', name: 'apply_patch' };
const please = 'Use get_weather and get_time, please.';

const plain = (value: object) => JSON.parse(JSON.stringify({ ...value, output_parsed: undefined, _request_id: undefined })) as object;

/** Streamed through the client's accumulator, and whole: the same response. */
async function both(params: Params): Promise<OpenAI.Responses.Response> {
  const whole = await client.responses.create(params);
  const stream = client.responses.stream(params as never);
  const numbers: number[] = [];
  stream.on('event', (event) => numbers.push(event.sequence_number));
  const streamed = await stream.finalResponse();
  const strip = (response: OpenAI.Responses.Response) => ({
    ...plain(response),
    output: response.output.map(
      (item) => JSON.parse(JSON.stringify(item, (name, value: unknown) => (/parsed/.test(name) ? undefined : value))) as object,
    ),
    usage: { ...response.usage, input_tokens_details: undefined },
  });
  expect(strip(streamed)).toEqual(strip(whole));
  expect(numbers).toEqual(numbers.map((_, index) => index));
  return whole;
}

test('the shapes are the vendor’s, as its package declares them', async () => {
  const reply = await fetch(`${simulator.url}/v1/responses`, { method: 'POST', body: JSON.stringify({ ...asked, stream: true }) });
  const events = (await reply.text())
    .trimEnd()
    .split('\n\n')
    .map((event) => /^event: (.+)\ndata: (.+)$/.exec(event));
  expect(events.map((event) => (JSON.parse(event?.[2] ?? '') as NumberedEvent).type as string)).toEqual(
    events.map((event) => event?.[1] ?? ''),
  );
  const { output } = (await (
    await fetch(`${simulator.url}/v1/responses`, { method: 'POST', body: JSON.stringify(asked) })
  ).json()) as ResponseObject;
  expect(output.map(asVendor.item)).toMatchObject([{ type: 'message', status: 'completed', role: 'assistant' }]);
  expect(Object.keys(asVendor)).toEqual(['item', 'response', 'event']);
});

describe('responses', () => {
  test('are answered whole and streamed alike, with ids and usage', async () => {
    const response = await both(asked);
    expect(response).toMatchObject({ object: 'response', status: 'completed', model: 'sim-1', error: null });
    expect(response.id).toMatch(/^resp_/);
    expect(response.output_text).toMatch(/^[A-Z].*\.$/);
    expect(response.usage?.total_tokens).toBe((response.usage?.input_tokens ?? 0) + (response.usage?.output_tokens ?? 0));
    expect(await client.responses.inputTokens.count(asked)).toMatchObject({ input_tokens: response.usage?.input_tokens ?? 0 });
  });

  test('end at max_output_tokens, and say so', async () => {
    const response = await both({ ...asked, model: 'sim-1!tokens=40', max_output_tokens: 16 });
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      usage: { output_tokens: 16 },
    });
  });

  test('are refused in a part of their own', async () => {
    const response = await both({ ...asked, model: 'sim-1!refusal' });
    expect(response.output).toMatchObject([{ type: 'message', content: [{ type: 'refusal' }] }]);
  });

  test('acknowledge images and files, and pay for them', async () => {
    const content: OpenAI.Responses.ResponseInputContent[] = [
      { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,aGVsbG8=' },
      { type: 'input_file', file_url: 'https://example.com/a.pdf' },
      { type: 'input_text', text: 'What is this?' },
    ];
    const response = await both({ ...asked, input: [{ role: 'user', content }] });
    expect(response.output_text).toStartWith('I see 1 image and 1 file.');
    expect(response.usage?.input_tokens).toBeGreaterThan(2_000);
  });

  test('are JSON of the schema that is asked for, as the client’s parser reads it', async () => {
    const schema = { type: 'object', properties: { age: { type: 'integer', minimum: 3 } }, required: ['age'], additionalProperties: false };
    const format = { type: 'json_schema', name: 'person', strict: true, schema } as const;
    await both({ ...asked, text: { format } });
    expect((await client.responses.parse({ ...asked, text: { format } })).output_parsed).toEqual({ age: 3 } as never);
  });

  test('tell log probabilities when asked', async () => {
    const response = await both({ ...asked, top_logprobs: 2, include: ['message.output_text.logprobs'] });
    const [item] = response.output;
    const part = item?.type === 'message' ? item.content[0] : undefined;
    expect(part?.type === 'output_text' ? part.logprobs?.map(({ token }) => token).join('') : '').toBe(response.output_text);
  });
});

describe('reasoning', () => {
  const thinking = { ...asked, reasoning: { effort: 'low', summary: 'auto' } } as const;

  test('comes first, is summed up where asked, and is counted', async () => {
    const response = await both(thinking);
    expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    expect(response.output[0]).toMatchObject({ summary: [{ type: 'summary_text' }] });
    expect(response.usage?.output_tokens_details.reasoning_tokens).toBe(12);
    const silent = await both({ ...asked, reasoning: { effort: 'high' } });
    expect(silent.output[0]).toMatchObject({ type: 'reasoning', summary: [] });
    expect((await both({ ...asked, reasoning: { effort: 'none' } })).output.map(({ type }) => type)).toEqual(['message']);
  });

  test('goes with the client when nothing is stored: sealed, and refused when changed', async () => {
    const { output } = await both({ ...thinking, store: false, include: ['reasoning.encrypted_content'] });
    const next = (items: OpenAI.Responses.ResponseInput) =>
      client.responses.create({
        ...thinking,
        store: false,
        input: [{ role: 'user', content: 'Hello' }, ...items, { role: 'user', content: 'And?' }],
      });
    const items = output as OpenAI.Responses.ResponseInput;
    expect((await next(items)).status).toBe('completed');
    const [reasoning, ...rest] = items as [OpenAI.Responses.ResponseReasoningItem, ...OpenAI.Responses.ResponseInput];
    const sealed = reasoning.encrypted_content ?? '';
    expect(sealed).toStartWith('gAAAA');
    const changed = { ...reasoning, encrypted_content: `${sealed.slice(0, 20)}AAAA${sealed.slice(24)}` };
    expect(await rejection(next([changed, ...rest]))).toMatchObject({ status: 400, code: 'invalid_encrypted_content' });
    const { encrypted_content: _, ...bare } = reasoning;
    expect(await rejection(next([bare, ...rest]))).toMatchObject({
      status: 404,
      message: expect.stringContaining('Items are not persisted'),
    });
  });
});

describe('tools', () => {
  test('are called with arguments that fit, in parallel where allowed', async () => {
    const response = await both({ ...asked, tools: [weather, time], input: please });
    expect(response.output).toMatchObject([
      { type: 'function_call', name: 'get_weather', status: 'completed', call_id: expect.stringMatching(/^call_/) },
      { type: 'function_call', name: 'get_time', arguments: '{}' },
    ]);
    const [call] = response.output;
    expect(JSON.parse(call?.type === 'function_call' ? call.arguments : '')).toEqual({ city: expect.any(String), days: 2 });
    const single = await both({ ...asked, tools: [weather, time], input: please, parallel_tool_calls: false });
    expect(single.output).toHaveLength(1);
  });

  test('are chosen by the caller', async () => {
    const names = async (choice: Params['tool_choice'], input = please) =>
      (await both({ ...asked, tools: [weather, time, patch], tool_choice: choice ?? 'auto', input })).output.map((item) =>
        'name' in item ? item.name : item.type,
      );
    expect(await names({ type: 'function', name: 'get_time' })).toEqual(['get_time']);
    expect(await names('required', 'Hello')).toEqual(['get_weather']);
    expect(await names('none')).toEqual(['message']);
    expect(await names({ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'get_time' }] })).toEqual(['get_time']);
    expect(await names({ type: 'custom', name: 'apply_patch' })).toEqual(['apply_patch']);
  });

  test('that take text are called with text', async () => {
    const { output } = await both({ ...asked, tools: [patch], tool_choice: 'required' });
    expect(output).toMatchObject([{ type: 'custom_tool_call', name: 'apply_patch', input: expect.stringMatching(/^[a-z]+$/) }]);
  });

  test('are answered, and a text follows: with everything sent again, or with what came before', async () => {
    const params = { ...asked, tools: [weather], input: please };
    const first = await client.responses.create(params);
    const [call] = first.output;
    const callId = call?.type === 'function_call' ? call.call_id : '';
    const output = { type: 'function_call_output', call_id: callId, output: 'sun' } as const;
    const again = await client.responses.create({ ...params, input: [{ role: 'user', content: please }, call as never, output] });
    const onwards = await client.responses.create({ ...params, previous_response_id: first.id, input: [output] });
    for (const response of [again, onwards]) expect(response.output.map(({ type }) => type)).toEqual(['message']);
    expect(onwards.output_text).toBe(again.output_text);
  });
});

describe('what is stored', () => {
  test('is found by id, with its input, until it is deleted', async () => {
    const response = await client.responses.create({ ...asked, input: 'Keep this' });
    expect(plain(await client.responses.retrieve(response.id))).toEqual(plain(response));
    const second = await client.responses.create({ ...asked, previous_response_id: response.id, input: 'And this' });
    const items = await Array.fromAsync(client.responses.inputItems.list(second.id, { order: 'asc', limit: 2 }));
    expect(items.map((item) => ('role' in item ? item.role : item.type))).toEqual(['user', 'assistant', 'user']);
    expect(items[0]).toMatchObject({ type: 'message', content: [{ type: 'input_text', text: 'Keep this' }] });
    await client.responses.delete(response.id);
    expect(await rejection(client.responses.retrieve(response.id))).toMatchObject({
      status: 404,
      message: expect.stringContaining('not found'),
    });
    const error = await rejection(client.responses.create({ ...asked, previous_response_id: response.id }));
    expect(error).toMatchObject({ status: 400, code: 'previous_response_not_found', param: 'previous_response_id' });
  });

  test('is nothing where it is not to be', async () => {
    const { id } = await client.responses.create({ ...asked, input: 'Forget this', store: false });
    expect(await rejection(client.responses.retrieve(id))).toMatchObject({ status: 404 });
  });

  test('of long prompts is read from the cache', async () => {
    await simulator.reset();
    const params = { ...asked, instructions: 'Be long and careful. '.repeat(400) };
    const cached = async () => (await client.responses.create(params)).usage?.input_tokens_details.cached_tokens ?? -1;
    expect(await cached()).toBe(0);
    const read = await cached();
    expect(read).toBeGreaterThan(1_024);
    expect(read % 128).toBe(0);
  });
});

describe('it refuses', () => {
  const user = (content: unknown) => [{ role: 'user', content }];
  for (const [name, body, error] of [
    ['no model', { input: 'a' }, { param: 'model' }],
    ['no input', { model: 'sim-1' }, { param: 'input', code: 'missing_required_parameter' }],
    ['an unknown field', { ...asked, messages: [] }, { message: "Unknown parameter: 'messages'.", code: 'unknown_parameter' }],
    ['a frame’s field', { ...asked, generate: false }, { message: "Unknown parameter: 'generate'." }],
    ['input of a wrong type', { ...asked, input: 5 }, { code: 'invalid_type', param: 'input' }],
    ['few tokens', { ...asked, max_output_tokens: 5 }, { code: 'integer_below_min_value', param: 'max_output_tokens' }],
    ['too hot', { ...asked, temperature: 3 }, { code: 'decimal_above_max_value', param: 'temperature' }],
    ['an unknown effort', { ...asked, reasoning: { effort: 'much' } }, { code: 'invalid_value', param: 'reasoning.effort' }],
    ['an unknown role', { ...asked, input: [{ role: 'tool', content: 'a' }] }, { code: 'invalid_value', param: 'input[0].role' }],
    [
      'words of the user in the mouth of the assistant',
      { ...asked, input: [{ role: 'assistant', content: [{ type: 'input_text', text: 'a' }] }] },
      { message: "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.", param: 'input[0].content[0]' },
    ],
    [
      'a picture that is none',
      { ...asked, input: user([{ type: 'input_image', image_url: 'data:image/png;base64,?' }]) },
      { param: 'input[0].content[0].image_url' },
    ],
    ['an unknown item', { ...asked, input: [{ type: 'thought' }] }, { code: 'invalid_value', param: 'input[0].type' }],
    [
      'an output without a call',
      { ...asked, input: [{ type: 'function_call_output', call_id: 'call_1', output: 'a' }] },
      { message: 'No tool call found for function call output with call_id call_1.', param: 'input' },
    ],
    [
      'a call without an output',
      { ...asked, input: [{ type: 'function_call', call_id: 'call_1', name: 'a', arguments: '{}' }] },
      { message: 'No tool output found for function call call_1.', param: 'input' },
    ],
    [
      'a tool in the form of chat',
      { ...asked, tools: [{ type: 'function', function: { name: 'a' } }] },
      { message: "Missing required parameter: 'tools[0].name'." },
    ],
    [
      'a strict tool that is open',
      { ...asked, tools: [{ ...time, strict: true }] },
      { code: 'invalid_function_parameters', param: 'tools[0].parameters' },
    ],
    [
      'a format without a name',
      { ...asked, text: { format: { type: 'json_schema', schema: {} } } },
      { message: "Missing required parameter: 'text.format.name'." },
    ],
    ['JSON that nobody mentions', { ...asked, text: { format: { type: 'json_object' } } }, { param: 'input' }],
    ['a choice of no tool', { ...asked, tool_choice: { type: 'function', name: 'a' } }, { param: 'tool_choice' }],
    ['work in the background', { ...asked, background: true }, { param: 'background' }],
  ] as const) {
    test(name, async () => {
      const reply = await fetch(`${simulator.url}/v1/responses`, { method: 'POST', body: JSON.stringify(body) });
      expect(reply.status).toBe(400);
      expect(((await reply.json()) as { error: object }).error).toMatchObject({ type: 'invalid_request_error', ...error });
    });
  }

  test('other methods', async () => {
    expect((await fetch(`${simulator.url}/v1/responses`)).status).toBe(405);
    expect((await fetch(`${simulator.url}/v1/responses/resp_1/cancel`, { method: 'POST' })).status).toBe(404);
  });
});

describe('faults', () => {
  function ask(fault: string, stream: boolean, timeoutMs = 2_000): Promise<RawReply> {
    const body = JSON.stringify({ ...asked, model: `sim-1!tokens=8,${fault}`, stream });
    return rawExchange(simulator.url, [rawRequest({ target: '/v1/responses', body })], { timeoutMs });
  }
  const events = (reply: RawReply) => reply.body.split('\n\n').filter((event) => event !== '');
  const deltas = (reply: RawReply) => events(reply).filter((event) => event.startsWith('event: response.output_text.delta'));

  test('within a stream come after exactly n tokens', async () => {
    expect(await ask('cut-after=3', true)).toMatchObject({ connection: 'reset', complete: false });
    for (const [fault, count] of [
      ['cut-after=3', 3],
      ['end-after=3', 3],
      ['error-after=3', 3],
      ['malformed-after=3', 9],
      ['huge-event=9', 9],
    ] as const)
      expect([fault, deltas(await ask(fault, true)).length]).toEqual([fault, count]);
    const stalled = await ask('stall-after=3', true, 300);
    expect(stalled).toMatchObject({ connection: 'open', complete: false });
  });

  test('error-after is an error and a failed response, numbered on', async () => {
    const sent = events(await ask('error-after=3', true)).map(
      (event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)) as NumberedEvent,
    );
    expect(sent.at(-2)).toMatchObject({ type: 'error', error: { code: 'server_error' } });
    expect(sent.at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'failed', error: { code: 'server_error' } } });
    expect(sent.map(({ sequence_number: number }) => number)).toEqual(sent.map((_, index) => index));
    const failing = client.responses.stream({ ...asked, model: 'sim-1!error-after=3' });
    expect(await rejection(failing.finalResponse())).toMatchObject({ message: expect.stringContaining('server had an error') });
    expect(JSON.parse((await ask('error-after=3', false)).body)).toMatchObject({ object: 'response', status: 'failed' });
  });

  test('a huge event has a number of its own', async () => {
    const sent = events(await ask('huge-event=100000', true)).map(
      (event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)) as NumberedEvent,
    );
    expect(sent.map(({ sequence_number: number }) => number)).toEqual(sent.map((_, index) => index));
  });

  test('no-finish, no-usage and no-done leave out just that', async () => {
    for (const [fault, has] of [
      ['no-finish', { finish: false, usage: true, done: true }],
      ['no-usage', { finish: true, usage: false, done: true }],
      ['no-done', { finish: false, usage: false, done: false }],
    ] as const) {
      const last = events(await ask(fault, true)).at(-1) ?? '';
      const event = JSON.parse(last.slice(last.indexOf('data: ') + 6)) as { type: string; response?: ResponseObject };
      const seen = {
        finish: event.response?.status === 'completed',
        usage: (event.response?.usage ?? null) !== null,
        done: event.type === 'response.completed',
      };
      expect([fault, seen]).toEqual([fault, has]);
    }
  });
});
