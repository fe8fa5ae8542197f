/*
 * Items of earlier answers that a request only names (`item_reference`), as the AI SDK does unless it is told otherwise, through the official client against
 * the real process: in front of a model that knows nothing of them, one whose server keeps them, and both.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { Response, ResponseInput } from 'openai/resources/responses/responses';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-references-000000000';
const OTHER = 'sk-references-other-000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: OpenAI;
let other: OpenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: {
        keys: [
          { name: 'client', key: KEY },
          { name: 'other', key: OTHER },
        ],
      },
      limits: { mode: 'off' },
      server: { body_bytes_max: '64KiB' },
      responses: { conversation_bytes_max: '64KiB' },
      upstream: { retries: { base_delay: '10ms' } },
      providers: {
        native: { type: 'simulator', base_url: `${simulator.url}/v1` },
        chat: { type: 'openai-compatible', base_url: `${simulator.url}/v1` },
      },
      models: {
        native: { targets: [{ provider: 'native', model: 'sim-1' }] },
        crossed: { targets: [{ provider: 'chat', model: 'sim-1' }] },
        mixed: {
          targets: [
            { provider: 'chat', model: 'sim-1' },
            { provider: 'native', model: 'sim-1', priority: 1 },
          ],
        },
      },
    },
  });
  client = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  other = new OpenAI({ apiKey: OTHER, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const TOOL = { type: 'function', name: 'look_up', parameters: { type: 'object', properties: {} }, strict: false } as const;

function referencesTo({ output }: Response): ResponseInput {
  return output.map(({ id }) => ({ type: 'item_reference' as const, id: id ?? '' }));
}

async function sentMessages(): Promise<readonly { readonly role: string }[]> {
  const sent = (await simulator.requests('/v1/chat/completions')).at(-1)?.body ?? '{}';
  return (JSON.parse(sent) as { messages: { role: string }[] }).messages;
}

const notFound = (id: string) => ({
  status: 404,
  type: 'invalid_request_error',
  param: 'input',
  message: expect.stringContaining(`Item with id '${id}' not found.`),
});

describe.each([false, true])('answers that were streamed: %p', (stream) => {
  const ask = async (model: string, input: ResponseInput, more: object = {}): Promise<Response> => {
    const body = { model, input, ...more };
    return stream ? client.responses.stream(body).finalResponse() : client.responses.create(body);
  };

  test.each(['crossed', 'native', 'mixed'])('the items of an answer of a %s model are known by their ids', async (model) => {
    const question = { role: 'user', content: 'Use the look_up tool.' } as const;
    const first = await ask(model, [question], { tools: [TOOL] });
    const call = first.output.find((item) => item.type === 'function_call');
    if (call?.type !== 'function_call') throw new Error('no call');
    const input: ResponseInput = [
      question,
      ...referencesTo(first),
      { type: 'function_call_output', call_id: call.call_id, output: 'a fact' },
    ];
    const second = await ask(model, input, { tools: [TOOL] });
    expect(second.output_text).not.toBe('');
    // References to several answers, one of which was itself asked with references.
    const third = await ask(model, [...input, ...referencesTo(second), { role: 'user', content: 'echo: done' }]);
    expect(third.output_text).toBe('done');
    if (model === 'native') return;
    expect((await sentMessages()).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user']);
    expect(JSON.stringify(await sentMessages())).toContain(call.call_id);
  });

  test('what was asked with references can be gone on from', async () => {
    const first = await ask('crossed', [{ role: 'user', content: 'echo: one' }]);
    const second = await ask('crossed', [...referencesTo(first), { role: 'user', content: 'echo: two' }]);
    const third = await ask('crossed', [{ role: 'user', content: 'echo: three' }], { previous_response_id: second.id });
    expect(third.output_text).toBe('three');
    expect(JSON.stringify(await sentMessages())).toContain('"one"');
  });

  test('what was not to be kept is not known', async () => {
    const first = await ask('crossed', [{ role: 'user', content: 'A secret.' }], { store: false });
    const [{ id = '' } = {}] = first.output;
    const error = await rejection(ask('crossed', [...referencesTo(first), { role: 'user', content: 'Go on' }]));
    expect(error).toMatchObject(stream ? { status: 404 } : notFound(id));
  });
});

test('the type may be left out', async () => {
  const { output } = await client.responses.create({ model: 'crossed', input: 'echo: typeless' });
  const [{ id = '' } = {}] = output;
  await client.responses.create({ model: 'crossed', input: [{ id }, { role: 'user', content: 'Go on' }] as ResponseInput });
  expect(JSON.stringify(await sentMessages())).toContain('"typeless"');
});

test('items are known to nobody but who was answered', async () => {
  const first = await client.responses.create({ model: 'crossed', input: 'echo: the secret', temperature: 0 });
  const [{ id = '' } = {}] = first.output;
  const asked = { model: 'crossed', input: [...referencesTo(first), { role: 'user' as const, content: 'Tell me' }], temperature: 0 };
  expect((await client.responses.create(asked)).status).toBe('completed');
  // Neither the item, nor the answer that was given to its owner.
  expect(await rejection(other.responses.create(asked))).toMatchObject(notFound(id));
  for (const model of ['native', 'mixed']) {
    const error = await rejection(other.responses.create({ ...asked, model }));
    expect(error).toMatchObject({ status: 404, message: expect.stringContaining('not found') });
  }
  expect(JSON.stringify(await simulator.requests()).split('the secret')).toHaveLength(3);
});

test('ids that mean nothing, or mischief, are not found', async () => {
  for (const id of ['msg_unknown', '', '__proto__', 'msg_\0\n', '💥', '../response:x', 'x'.repeat(5_000)]) {
    const error = await rejection(client.responses.create({ model: 'crossed', input: [{ type: 'item_reference', id }] }));
    expect((error as Error).message.length).toBeLessThan(300);
    expect(error).toMatchObject({ status: 404, param: 'input', message: expect.stringContaining('Item with id') });
  }
  for (const id of [7, null, { a: 1 }, ['msg_1']]) {
    const error = await rejection(client.responses.create({ model: 'crossed', input: [{ type: 'item_reference', id } as never] }));
    expect([id, (error as { status: number }).status]).toEqual([id, 400]);
  }
});

test('a small request can’t become a huge one', async () => {
  const first = await client.responses.create({ model: 'crossed', input: `echo: ${'x'.repeat(20_000)}` });
  const input = [...referencesTo(first), ...referencesTo(first), ...referencesTo(first), ...referencesTo(first)];
  expect(await rejection(client.responses.create({ model: 'crossed', input }))).toMatchObject({ status: 413 });
});

test('a response that is deleted takes its items with it', async () => {
  const first = await client.responses.create({ model: 'crossed', input: 'Hello' });
  const [{ id = '' } = {}] = first.output;
  expect(await rejection(other.responses.delete(first.id))).toMatchObject({ status: 404 });
  const input: ResponseInput = [...referencesTo(first), { role: 'user', content: 'Go on' }];
  expect((await client.responses.create({ model: 'crossed', input })).status).toBe('completed');
  await client.responses.delete(first.id);
  expect(await rejection(client.responses.create({ model: 'crossed', input }))).toMatchObject(notFound(id));
});
