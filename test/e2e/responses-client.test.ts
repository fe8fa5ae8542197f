/*
 * The official `openai` client's Responses API against the real process: in front of a server that speaks it, and in front of one that speaks chat
 * completions alone. An application must not see which.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import type { ResponseInput, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { z } from 'zod';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-responses-client-000';
const OTHER = 'sk-responses-other-0000';
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: OpenAI;

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
      responses: { conversation_bytes_max: '20KiB' },
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
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

async function eventsOf(stream: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe.each(['native', 'crossed'])('a %s model', (model) => {
  const provider = model === 'native' ? 'native' : 'chat';

  test('answers whole, with usage, and repeats the request', async () => {
    const response = await client.responses.create({
      model,
      input: 'echo: naïve café ☕ "quoted"',
      instructions: 'Be brief.',
      temperature: 0.5,
      metadata: { a: 'b' },
      max_output_tokens: 100,
    });
    expect(response.output_text).toBe('naïve café ☕ "quoted"');
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'sim-1',
      error: null,
      incomplete_details: null,
      instructions: 'Be brief.',
      temperature: 0.5,
      metadata: { a: 'b' },
      max_output_tokens: 100,
    });
    expect(response.id).toStartWith('resp_');
    expect(response.usage?.total_tokens).toBe((response.usage?.input_tokens ?? 0) + (response.usage?.output_tokens ?? 0));
    expect(response.usage?.output_tokens).toBeGreaterThan(0);
  });

  test('streams what it answers whole, in numbered events', async () => {
    const whole = await client.responses.create({ model, input: 'Hello' });
    const events = await eventsOf(await client.responses.create({ model, input: 'Hello', stream: true }));
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['response.created', 'response.in_progress']);
    expect(events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : [])).join('')).toBe(whole.output_text);
    const last = events.at(-1);
    if (last?.type !== 'response.completed') throw new Error(`ended in ${last?.type}`);
    expect(last.response.output.map(({ type }) => type)).toEqual(['message']);
    expect(last.response.usage?.output_tokens).toBe(whole.usage?.output_tokens ?? -1);
  });

  test("is put together by the client's own helper", async () => {
    const stream = client.responses.stream({ model, input: 'Hello' });
    let told = '';
    stream.on('response.output_text.delta', ({ delta }) => {
      told += delta;
    });
    const final = await stream.finalResponse();
    expect(final.output_text).toBe(told);
    expect(final.status).toBe('completed');
  });

  test('gives JSON of a schema, parsed', async () => {
    const Person = z.object({ name: z.string(), age: z.number() });
    const format = zodTextFormat(Person, 'person');
    const whole = await client.responses.parse({ model, input: 'Somebody', text: { format } });
    expect(Person.parse(whole.output_parsed)).toEqual(whole.output_parsed as z.infer<typeof Person>);
    const streamed = await client.responses.stream({ model, input: 'Somebody', text: { format } }).finalResponse();
    expect(streamed.output_parsed).toEqual(whole.output_parsed);
  });

  test.each([false, true])('calls a tool, and goes on with what it gave (streamed: %p)', async (stream) => {
    const tools = [zodResponsesFunction({ name: 'look_up', parameters: z.object({ what: z.string() }) })];
    const input: ResponseInput = [{ role: 'user', content: 'Use the look_up tool.' }];
    const ask = (given: ResponseInput) =>
      stream
        ? client.responses.stream({ model, input: given, tools }).finalResponse()
        : client.responses.parse({ model, input: given, tools });
    const first = await ask(input);
    const call = first.output.find((item) => item.type === 'function_call');
    if (call?.type !== 'function_call') throw new Error('no call');
    expect(call.name).toBe('look_up');
    expect(call.parsed_arguments).toEqual(JSON.parse(call.arguments));
    const second = await ask([
      ...input,
      ...first.output.map((item) => item as ResponseInput[number]),
      { type: 'function_call_output', call_id: call.call_id, output: 'a fact' },
    ]);
    expect(second.output_text.length).toBeGreaterThan(0);
    expect(second.output.some(({ type }) => type === 'function_call')).toBe(false);
  });

  test('sees an image', async () => {
    const response = await client.responses.create({
      model,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is it?' },
            { type: 'input_image', image_url: `data:image/png;base64,${PIXEL}`, detail: 'low' },
          ],
        },
      ],
    });
    expect(response.status).toBe('completed');
    const sent = (await simulator.requests(model === 'native' ? '/v1/responses' : '/v1/chat/completions')).at(-1)?.body ?? '';
    expect(sent).toContain(PIXEL);
    expect(sent).toContain('"low"');
  });

  test('is incomplete where its tokens ran out, whole and streamed', async () => {
    const asked = { model, input: 'Hello', max_output_tokens: 16 };
    const whole = await client.responses.create(asked);
    expect(whole).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    const events = await eventsOf(await client.responses.create({ ...asked, stream: true }));
    expect(events.at(-1)?.type).toBe('response.incomplete');
  });

  test('goes on from an earlier answer, also twice and streamed', async () => {
    const first = await client.responses.create({ model, input: 'My name is Ada.' });
    const second = await client.responses.stream({ model, input: 'And I like tea.', previous_response_id: first.id }).finalResponse();
    const third = await client.responses.create({ model, input: 'echo: done', previous_response_id: second.id });
    expect(third.output_text).toBe('done');
    expect(third.usage?.input_tokens).toBeGreaterThan(second.usage?.input_tokens ?? 0);
    if (model === 'crossed') {
      const sent = JSON.parse((await simulator.requests('/v1/chat/completions')).at(-1)?.body ?? '{}') as { messages: unknown[] };
      expect(JSON.stringify(sent.messages[0])).toContain('My name is Ada.');
      expect(sent.messages).toHaveLength(5);
    }
  });

  test('what was not kept, or is nobody’s, can’t be gone on from', async () => {
    const lost = await client.responses.create({ model, input: 'Hello', store: false });
    for (const id of [lost.id, 'resp_0123456789abcdef']) {
      const error = await rejection(client.responses.create({ model, input: 'Go on', previous_response_id: id }));
      expect(error).toMatchObject({ status: 400, code: 'previous_response_not_found', param: 'previous_response_id' });
    }
  });

  test('an answer is gone on from by nobody but its caller', async () => {
    const first = await client.responses.create({ model, input: 'A secret.' });
    const other = new OpenAI({ apiKey: OTHER, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    const error = await rejection(other.responses.create({ model, input: 'Tell me', previous_response_id: first.id }));
    expect(error).toMatchObject({ status: 400, code: 'previous_response_not_found' });
    expect(await rejection(other.responses.retrieve(first.id))).toMatchObject({ status: 404 });
    expect(await rejection(other.responses.delete(first.id))).toMatchObject({ status: 404 });
  });

  test('an error of the server, and one of the caller, have their status and code', async () => {
    const failing = `${provider}/sim-1!status=503`;
    expect(await rejection(client.responses.create({ model: failing, input: 'Hello' }))).toMatchObject({ status: 503 });
    expect(await rejection(client.responses.create({ model, input: [{ role: 'nobody', content: 'x' } as never] }))).toMatchObject({
      status: 400,
      param: expect.stringContaining('input[0]'),
    });
    const cut = client.responses.create({ model: `${provider}/sim-1!cut-after=4,tokens-per-second=200`, input: 'Hello', stream: true });
    expect(await rejection(cut.then(eventsOf))).toMatchObject({ code: 'upstream_stream_interrupted' });
  });

  test('a caller that leaves ends the work', async () => {
    const stream = client.responses.stream({ model: `${provider}/sim-1!tokens=500,tokens-per-second=50`, input: 'Hello' });
    for await (const event of stream) if (event.type === 'response.output_text.delta') break;
    await eventually(async () => (await simulator.requests()).at(-1)?.outcome === 'client_gone', { what: 'the end of the work' });
  });
});

test('thoughts come with their seal, and go back to the vendor as they were', async () => {
  const asked = {
    model: 'native',
    input: 'Why?',
    reasoning: { effort: 'low', summary: 'auto' },
    include: ['reasoning.encrypted_content'],
    store: false,
  } as const;
  const first = await client.responses.create({ ...asked, include: ['reasoning.encrypted_content'] });
  const thought = first.output.find((item) => item.type === 'reasoning');
  if (thought?.type !== 'reasoning') throw new Error('no thought');
  expect(thought.encrypted_content).toBeString();
  const second = await client.responses.create({
    ...asked,
    include: ['reasoning.encrypted_content'],
    input: [
      { role: 'user', content: 'Why?' },
      ...first.output.map((item) => item as ResponseInput[number]),
      { role: 'user', content: 'echo: And?' },
    ],
  });
  expect(second.output_text).toBe('And?');
});

test('a conversation that is too long to be kept has to be sent whole', async () => {
  const first = await client.responses.create({ model: 'crossed', input: 'x'.repeat(30_000) });
  const error = await rejection(client.responses.create({ model: 'crossed', input: 'Go on', previous_response_id: first.id }));
  expect(error).toMatchObject({ status: 400, code: 'previous_response_not_found' });
});

test('a response that only another server could know is asked of none but a server of this API', async () => {
  const stored = await client.responses.create({ model: 'native', input: 'Remember me.' });
  const { data, response } = await client.responses
    .create({ model: 'mixed', input: 'echo: here', previous_response_id: stored.id })
    .withResponse();
  expect(data.output_text).toBe('here');
  expect(response.headers.get('x-gatehouse-provider')).toBe('native');
});

describe('stored responses', () => {
  test('are read, listed and deleted where they are', async () => {
    const made = await client.responses.create({ model: 'native', input: 'Keep this.' });
    expect((await client.responses.retrieve(made.id)).output_text).toBe(made.output_text);
    expect((await client.responses.inputItems.list(made.id)).data).toHaveLength(1);
    await client.responses.delete(made.id);
    expect(await rejection(client.responses.retrieve(made.id))).toMatchObject({ status: 404 });
  });

  test('of another model can be forgotten, and nothing else', async () => {
    const made = await client.responses.create({ model: 'crossed', input: 'Keep this.' });
    expect(await rejection(client.responses.retrieve(made.id))).toMatchObject({ status: 400, code: 'feature_unsupported' });
    await client.responses.delete(made.id);
    expect(await rejection(client.responses.create({ model: 'crossed', input: 'Go on', previous_response_id: made.id }))).toMatchObject({
      code: 'previous_response_not_found',
    });
  });

  test('that nobody knows, or could, are not there', async () => {
    for (const id of ['resp_unknown', 'a%20b', 'x'.repeat(300)]) {
      const reply = await gateway.request(`/v1/responses/${id}`, { headers: { authorization: `Bearer ${KEY}` } });
      expect([id, reply.status]).toEqual([id, 404]);
    }
  });
});

test('tokens are counted, and conversations compacted, where a server can', async () => {
  expect((await client.responses.inputTokens.count({ model: 'native', input: 'How many?' })).input_tokens).toBeGreaterThan(0);
  expect(await rejection(client.responses.compact({ model: 'crossed', input: 'Shorter!' }))).toMatchObject({
    status: 400,
    code: 'model_dialect_unsupported',
  });
});
