/** What the simulated Anthropic refuses, in the vendor's words; and its faults, as bytes. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import type { RawReply } from '../harness/raw-reply.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

const version = { 'anthropic-version': '2023-06-01' };
const post = (body: unknown, { headers = version, path = '/v1/messages' }: { headers?: Record<string, string>; path?: string } = {}) =>
  fetch(`${simulator.url}${path}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const hello = [{ role: 'user', content: 'Hello' }];
const asked = { model: 'sim-1', max_tokens: 100, messages: hello };
const tool = { name: 'get_weather', input_schema: { type: 'object' } };
const call = (id: string) => ({ type: 'tool_use', id, name: 'get_weather', input: {} });
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'sun' });
const rounds = (...blocks: object[][]) => blocks.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }));
const say = [{ type: 'text', text: 'Hi' }];
const thinking = { type: 'enabled', budget_tokens: 1_024 };

describe('it refuses', () => {
  for (const [name, body, message] of [
    ['no model', { ...asked, model: undefined }, 'model: Field required'],
    ['no max_tokens', { ...asked, max_tokens: undefined }, 'max_tokens: Field required'],
    ['no tokens at all', { ...asked, max_tokens: 0 }, 'max_tokens: Input should be greater than or equal to 1'],
    ['tokens as text', { ...asked, max_tokens: '9' }, 'max_tokens: Input should be a valid integer'],
    ['an unknown field', { ...asked, n: 2 }, 'n: Extra inputs are not permitted'],
    ['a field of a beta without its header', { ...asked, context_management: {} }, 'context_management: Extra inputs are not permitted'],
    ['too hot', { ...asked, temperature: 1.5 }, 'temperature: Input should be less than or equal to 1'],
    ['no messages', { ...asked, messages: [] }, 'messages: at least one message is required'],
    ['messages of a wrong type', { ...asked, messages: 'Hi' }, 'messages: Input should be a valid list'],
    [
      'an unknown role',
      { ...asked, messages: [{ role: 'tool', content: 'a' }] },
      "messages.0.role: Input should be 'user', 'assistant' or 'system'",
    ],
    [
      'an assistant to begin with',
      { ...asked, messages: [{ role: 'assistant', content: 'a' }] },
      'messages: first message must use the "user" role',
    ],
    [
      'instructions to begin with',
      { ...asked, messages: [{ role: 'system', content: 'a' }, ...hello] },
      'messages: Unexpected role "system"',
    ],
    ['an empty text', { ...asked, messages: rounds([{ type: 'text', text: '' }]) }, 'messages: text content blocks must be non-empty'],
    [
      'an unknown block',
      { ...asked, messages: rounds([{ type: 'input_text', text: 'a' }]) },
      "messages.0.content.0: Input tag 'input_text' found",
    ],
    [
      'an unknown field of a block',
      { ...asked, messages: rounds([{ type: 'text', text: 'a', id: 1 }]) },
      'messages.0.content.0.text.id: Extra inputs',
    ],
    [
      'a picture that is none',
      { ...asked, messages: rounds([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: '?' } }]) },
      'messages.0.content.0.image.source.base64: invalid base64 data',
    ],
    [
      'a picture of a wrong kind',
      { ...asked, messages: rounds([{ type: 'image', source: { type: 'base64', media_type: 'image/bmp', data: 'aGVsbG8=' } }]) },
      "media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
    ],
    ['a call by the user', { ...asked, messages: rounds([call('toolu_1')]) }, '`tool_use` blocks can only be in `assistant` messages'],
    [
      'a call without a result',
      { ...asked, messages: rounds(say, [call('toolu_1'), call('toolu_2')], [result('toolu_2')]) },
      'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
    ],
    ['a call at the end', { ...asked, messages: rounds(say, [call('toolu_1')]) }, 'messages.1: `tool_use` ids were found without'],
    [
      'a result after a text',
      { ...asked, messages: rounds(say, [call('toolu_1')], [...say, result('toolu_1')]) },
      'messages.1: `tool_use` ids were found without',
    ],
    [
      'a result without a call',
      { ...asked, messages: rounds(say, say, [result('toolu_9')]) },
      'messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_9. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
    ],
    [
      'two results of one call',
      { ...asked, messages: rounds(say, [call('toolu_1')], [result('toolu_1'), result('toolu_1')]) },
      'messages.2.content.1: each tool_use must have a single result.',
    ],
    [
      'arguments that are no object',
      { ...asked, messages: rounds(say, [{ ...call('a'), input: '{}' }]) },
      'messages.1.content.0.tool_use.input: Input should be a valid dictionary',
    ],
    [
      'a tool in OpenAI’s form',
      { ...asked, tools: [{ type: 'function', function: {} }] },
      "tools.0: Input tag 'function' found using 'type' does not match",
    ],
    ['a tool without a schema', { ...asked, tools: [{ name: 'a' }] }, 'tools.0.custom.input_schema: Field required'],
    [
      'an unknown field of a tool',
      { ...asked, tools: [{ ...tool, parameters: {} }] },
      'tools.0.custom.parameters: Extra inputs are not permitted',
    ],
    ['two tools of one name', { ...asked, tools: [tool, tool] }, 'tools: Tool names must be unique.'],
    ['a choice without tools', { ...asked, tool_choice: { type: 'any' } }, 'tool_choice may only be specified while providing tools'],
    ['a choice of no tool', { ...asked, tools: [tool], tool_choice: { type: 'tool', name: 'x' } }, "Tool 'x' not found in provided tools"],
    [
      'a small budget',
      { ...asked, thinking: { type: 'enabled', budget_tokens: 512 } },
      'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024',
    ],
    ['a budget beyond max_tokens', { ...asked, thinking }, '`max_tokens` must be greater than `thinking.budget_tokens`'],
    [
      'thinking while cool',
      { ...asked, max_tokens: 2_000, thinking, temperature: 0 },
      '`temperature` may only be set to 1 when thinking is enabled',
    ],
    [
      'thinking and a forced call',
      { ...asked, max_tokens: 2_000, thinking, tools: [tool], tool_choice: { type: 'any' } },
      'Thinking may not be enabled when tool_choice forces tool use.',
    ],
    [
      'trailing space of the assistant',
      { ...asked, messages: [...hello, { role: 'assistant', content: 'a ' }] },
      'cannot end with trailing whitespace',
    ],
    [
      'five marks',
      { ...asked, messages: rounds(Array.from({ length: 5 }, () => ({ ...say[0], cache_control: { type: 'ephemeral' } }))) },
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
    ['no JSON', '{"model":', 'We could not parse the JSON body'],
    ['no object', '[]', 'must be an object'],
  ] as const) {
    test(name, async () => {
      const reply = await post(body);
      const told = (await reply.json()) as { error: { message: string }; request_id: string };
      expect(reply.status).toBe(400);
      expect(told).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
      expect(told.error.message).toContain(message);
      expect(reply.headers.get('request-id')).toBe(told.request_id);
    });
  }

  test('a request without a version, and a model that it does not serve', async () => {
    expect(((await (await post(asked, { headers: {} })).json()) as { error: object }).error).toMatchObject({
      message: 'anthropic-version: header is required',
    });
    await using strict = await startSimulator(['--no-any-model']);
    const reply = await fetch(`${strict.url}/v1/messages`, {
      method: 'POST',
      headers: version,
      body: JSON.stringify({ ...asked, model: 'gpt' }),
    });
    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ error: { type: 'not_found_error', message: 'model: gpt' } });
  });

  test('max_tokens where tokens are only counted, and paths that are not there', async () => {
    const path = '/v1/messages/count_tokens';
    expect((await (await post(asked, { path })).json()) as object).toMatchObject({
      error: { message: 'max_tokens: Extra inputs are not permitted' },
    });
    expect(await (await post(asked, { path: '/v1/messages/batches' })).json()).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error' },
    });
  });

  test('nothing that a beta allows with its header, and messages of one role in a row', async () => {
    expect(
      (await post({ ...asked, context_management: {} }, { headers: { ...version, 'anthropic-beta': 'context-management-2025-06-27' } }))
        .status,
    ).toBe(200);
    expect((await post({ ...asked, messages: [...hello, ...hello] })).status).toBe(200);
  });
});

describe('faults', () => {
  function ask(fault: string, stream: boolean, timeoutMs = 2_000): Promise<RawReply> {
    const body = JSON.stringify({ ...asked, model: `sim-1!tokens=8,${fault}`, stream });
    return rawExchange(simulator.url, [rawRequest({ target: '/v1/messages', headers: version, body })], { timeoutMs });
  }
  const deltas = (reply: RawReply) => reply.body.split('\n\n').filter((event) => event.startsWith('event: content_block_delta'));

  for (const [fault, status, type] of [
    ['status=401', 401, 'authentication_error'],
    ['status=403', 403, 'permission_error'],
    ['status=413', 413, 'request_too_large'],
    ['status=429', 429, 'rate_limit_error'],
    ['status=500', 500, 'api_error'],
    ['status=529', 529, 'overloaded_error'],
    ['content-policy', 400, 'invalid_request_error'],
    ['context-length', 400, 'invalid_request_error'],
  ] as const) {
    test(`${fault} is an error in Anthropic’s shape`, async () => {
      const reply = await ask(fault, true);
      expect(reply.status).toBe(status);
      expect(JSON.parse(reply.body)).toMatchObject({
        type: 'error',
        error: { type, message: expect.any(String) },
        request_id: expect.any(String),
      });
    });
  }

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
    expect(deltas(stalled)).toHaveLength(3);
  });

  test('error-after is an event that the official client raises', async () => {
    const reply = await ask('error-after=3', true);
    expect(reply.body).toEndWith('\n\n');
    expect(reply.body).toContain('event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}');
    expect(reply.body).not.toContain('message_stop');
    const client = new Anthropic({ baseURL: simulator.url, apiKey: 'none', maxRetries: 0 });
    const broken = client.messages.stream({ model: 'sim-1!error-after=3', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] });
    expect(await rejection(broken.finalMessage())).toMatchObject({ message: expect.stringContaining('Overloaded') });
  });

  test('no-finish, no-usage and no-done leave out just that', async () => {
    for (const [fault, has] of [
      ['no-finish', { finish: false, usage: true, done: true }],
      ['no-usage', { finish: true, usage: false, done: true }],
      ['no-done', { finish: true, usage: true, done: false }],
    ] as const) {
      const { body } = await ask(fault, true);
      const seen = {
        finish: body.includes('"stop_reason":"end_turn"'),
        usage: body.includes('"usage"'),
        done: body.includes('message_stop'),
      };
      expect([fault, seen]).toEqual([fault, has]);
    }
  });

  test('within a whole answer, the body is cut, or is an error told with 200', async () => {
    expect(await ask('cut-after=4', false)).toMatchObject({ status: 200, complete: false, connection: 'reset' });
    expect(JSON.parse((await ask('error-after=4', false)).body)).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
  });
});
