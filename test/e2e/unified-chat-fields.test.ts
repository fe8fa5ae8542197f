/*
 * The request table of `POST /v1/chat`, as the AI platform documents it: every field at both ends of its range and beyond them, of the wrong
 * type, and left out with null; and bodies that are no requests at all.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-fields-00000000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'fields', key: KEY }] },
      limits: { mode: 'off' },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: { other: { targets: [{ provider: 'simulator', model: 'sim-1!tokens=2' }] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const MESSAGES = [{ role: 'user', content: 'Hello!' }];

function post(body: object | string): Promise<Response> {
  return gateway.request('/v1/chat', {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

interface Row {
  readonly field: string;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}

const NO_NUMBERS = ['3', true, [], {}];
const NO_FLAGS = ['true', 1, 0, [], {}];
const NO_NAMES = ['', 1, false, [], {}, 'x'.repeat(257), 'a\nb'];

const TABLE: readonly Row[] = [
  { field: 'rag_k', good: [1, 10, 3.0, null], bad: [0, 11, -1, 2.5, 1e300, ...NO_NUMBERS] },
  { field: 'memory_limit', good: [1, 20, null], bad: [0, 21, -5, 1.1, ...NO_NUMBERS] },
  { field: 'max_tokens', good: [1, 2_048, 2_147_483_647, null], bad: [0, -1, 1.5, 2_147_483_648, 1e300, ...NO_NUMBERS] },
  { field: 'temperature', good: [0, 0.0, 2, 2.0, 1.3, null], bad: [-0.01, 2.01, 100, ...NO_NUMBERS] },
  { field: 'top_p', good: [0, 1, 1.0, 0.5, null], bad: [-0.1, 1.01, 2, ...NO_NUMBERS] },
  { field: 'use_memory', good: [true, false, null], bad: NO_FLAGS },
  { field: 'use_rag', good: [true, false, null], bad: NO_FLAGS },
  { field: 'store_memory', good: [true, false, null], bad: NO_FLAGS },
  { field: 'stream', good: [false, null], bad: NO_FLAGS },
  { field: 'user_id', good: ['alice-001', 'ünï ✓', 'x'.repeat(256), null], bad: NO_NAMES },
  { field: 'model', good: ['other', null], bad: NO_NAMES },
  {
    field: 'messages',
    good: [
      [{ role: 'system', content: 'Be kind' }, ...MESSAGES],
      [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      [...MESSAGES, { role: 'assistant', content: null, tool_calls: [] }, ...MESSAGES],
    ],
    bad: [[], 'Hello', 1, {}, null],
  },
];

const INNER: readonly { readonly name: string; readonly messages: unknown[]; readonly param: string }[] = [
  { name: 'a message that is a text', messages: [...MESSAGES, 'hi'], param: 'messages[1]' },
  { name: 'a message that is null', messages: [null], param: 'messages[0]' },
  { name: 'a message without a role', messages: [{ content: 'x' }], param: 'messages[0].role' },
  { name: 'a role that is none', messages: [{ role: '', content: 'x' }], param: 'messages[0].role' },
  { name: 'a role that is a number', messages: [...MESSAGES, { role: 1, content: 'x' }], param: 'messages[1].role' },
  { name: 'a message without content', messages: [{ role: 'user' }], param: 'messages[0].content' },
  { name: 'content that is a number', messages: [{ role: 'user', content: 1 }], param: 'messages[0].content' },
  { name: 'content of bare texts', messages: [{ role: 'user', content: ['x'] }], param: 'messages[0].content' },
];

interface Refusal {
  readonly error: {
    readonly type: string;
    readonly code: string;
    readonly message: string;
    readonly param: string;
    readonly correlation_id: string;
  };
  readonly detail: readonly { readonly loc: unknown[]; readonly msg: string; readonly type: string }[];
}

async function expectFieldRefused(reply: Response, param: string): Promise<Refusal> {
  const body = (await reply.json()) as Refusal;
  expect({ status: reply.status, code: body.error.code, param: body.error.param }).toEqual({ status: 422, code: 'field_invalid', param });
  expect(body.error.message).toStartWith(`'${param}' `);
  expect(body.error.correlation_id).toBe(reply.headers.get('x-correlation-id') ?? '');
  expect(reply.headers.get('x-should-retry')).toBe('false');
  return body;
}

describe('the request table', () => {
  for (const { field, good, bad } of TABLE) {
    for (const value of good) {
      test(`${field}: ${shown(value)} is taken`, async () => {
        const reply = await post({ messages: MESSAGES, [field]: value });
        expect({ status: reply.status, text: reply.status === 200 ? '' : await reply.text() }).toEqual({ status: 200, text: '' });
      });
    }
    for (const value of bad) {
      test(`${field}: ${shown(value)} is refused by name`, async () => {
        const reply = await post({ messages: MESSAGES, [field]: value });
        const { detail } = await expectFieldRefused(reply, field);
        expect(detail[0]?.loc).toEqual(['body', field]);
      });
    }
  }

  for (const { name, messages, param } of INNER) {
    test(`${name} is refused by its place`, async () => expectFieldRefused(await post({ messages }), param));
  }

  test('messages are required', async () => {
    const { error } = await expectFieldRefused(await post({}), 'messages');
    expect(error.message).toContain('is required');
  });

  test('every field at fault is told, as FastAPI tells them', async () => {
    const { detail } = await expectFieldRefused(await post({ messages: MESSAGES, rag_k: 0, top_p: 'x' }), 'rag_k');
    expect(detail.map(({ loc }) => loc)).toEqual([
      ['body', 'rag_k'],
      ['body', 'top_p'],
    ]);
  });

  test('a thousand faults make no long answer', async () => {
    const reply = await post({ messages: Array.from({ length: 1_000 }, () => ({})) });
    expect((await reply.text()).length).toBeLessThan(8_000);
  });

  test('a number that no double holds is refused', async () => {
    await expectFieldRefused(await post(`{"messages":${JSON.stringify(MESSAGES)},"temperature":1e999}`), 'temperature');
  });

  test('a field for the model that no model could read is refused by name', async () => {
    await expectFieldRefused(await post({ messages: MESSAGES, tools: {} }), 'tools');
  });

  for (const { name, body, status, code } of [
    { name: 'no body', body: '', status: 400, code: 'json_invalid' },
    { name: 'a cut body', body: '{"messages":[', status: 400, code: 'json_invalid' },
    { name: 'a field twice', body: `{"rag_k":1,"rag_k":2,"messages":${JSON.stringify(MESSAGES)}}`, status: 400, code: 'json_invalid' },
    { name: 'an array', body: '[]', status: 400, code: 'request_invalid' },
    { name: 'nesting without end', body: `{"messages":${'['.repeat(500)}${']'.repeat(500)}}`, status: 400, code: 'json_invalid' },
  ]) {
    test(`${name}: ${status} ${code}`, async () => {
      const reply = await post(body);
      expect(reply.status).toBe(status);
      expect(await reply.json()).toMatchObject({ error: { code, type: 'invalid_request_error' } });
    });
  }
});

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}… (${text.length})` : text;
}
