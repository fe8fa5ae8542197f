/*
 * The Responses API between a caller and a server that both speak it: same dialect, same bytes. Each answer is compared with the one that the simulator gives
 * directly to the very request that the gateway forwarded.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { accessLine } from '../harness/access-log.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-response-bytes-00000';
const PATH = '/v1/responses';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'bytes', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { retries: { base_delay: '10ms' } },
      providers: { simulator: { base_url: `${simulator.url}/v1`, models: ['*'] } },
      models: {
        'house-model': { targets: [{ provider: 'simulator', model: 'sim-1' }] },
        healing: {
          targets: [
            { provider: 'simulator', model: 'sim-1!error-after=0' },
            { provider: 'simulator', model: 'sim-2', priority: 1 },
          ],
        },
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

async function post(url: string, body: string, path = PATH) {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const reply = await fetch(url + path, { method: 'POST', headers, body });
  // Latin-1 keeps each byte apart: what UTF-8 would replace is not hidden.
  return { status: reply.status, reply, body: Buffer.from(await reply.arrayBuffer()).toString('latin1') };
}

/** Ids are made from the request and its number; times are times. */
const timeless = (body: string) =>
  body.replaceAll(/"(created_at|completed_at)":[\d.]+/g, '"$1":0').replaceAll(/\b(resp|msg|rs|fc|ctc)_[0-9a-f]+/g, '$1_');

const QUESTIONS: readonly (readonly [string, object])[] = [
  ['a text', { input: 'Hello' }],
  [
    'items, with fields that nobody knows',
    { input: [{ role: 'user', content: [{ type: 'input_text', text: 'naïve ☕' }] }], metadata: { a: 'b' } },
  ],
  [
    'a tool',
    { input: 'Look it up', tools: [{ type: 'function', name: 'look_up', parameters: { type: 'object', properties: {} }, strict: false }] },
  ],
  ['thoughts', { input: 'Why?', reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'], store: false }],
  [
    'JSON of a schema',
    {
      input: 'JSON',
      text: {
        format: {
          type: 'json_schema',
          name: 'x',
          schema: { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'], additionalProperties: false },
          strict: true,
        },
      },
    },
  ],
  ['a cut answer', { input: 'Hello', max_output_tokens: 16 }],
  ['a mistake', { input: 'Hello', max_output_tokens: 3 }],
];

describe.each(['sim-1', 'house-model'])('asked for %s', (model) => {
  for (const [name, fields] of QUESTIONS) {
    for (const stream of [false, true]) {
      test(`${name}, ${stream ? 'streamed' : 'whole'}: the bytes pass`, async () => {
        const sent = JSON.stringify({ model, ...fields, ...(stream ? { stream } : {}) });
        const answer = await post(gateway.url, sent);
        const forwarded = (await simulator.requests(PATH)).at(-1)?.body ?? '';
        expect(forwarded).toBe(sent.replace(`"model":"${model}"`, '"model":"sim-1"'));
        const direct = await post(simulator.url, forwarded);
        expect(answer.status).toBe(direct.status);
        expect(answer.reply.headers.get('content-type')?.split(';')[0]).toBe(direct.reply.headers.get('content-type')?.split(';')[0]);
        expect(timeless(answer.body)).toBe(timeless(direct.body));
      });
    }
  }
});

test('usage is known without touching a byte', async () => {
  for (const stream of [false, true]) {
    const { reply, body } = await post(
      gateway.url,
      JSON.stringify({ model: 'sim-1', input: 'Why?', reasoning: { effort: 'low' }, stream }),
    );
    const line = await accessLine(gateway, reply.headers.get('x-correlation-id') ?? '');
    const [, input, output] = /"usage":\{"input_tokens":(\d+),.*?"output_tokens":(\d+)/s.exec(body) ?? [];
    expect(line).toMatchObject({ status_code: 200, model: 'sim-1', input_tokens: Number(input), output_tokens: Number(output) });
  }
});

test('tokens are counted by the server that would answer', async () => {
  const sent = JSON.stringify({ model: 'house-model', input: 'How many?' });
  const answer = await post(gateway.url, sent, `${PATH}/input_tokens`);
  expect(JSON.parse(answer.body)).toEqual({ object: 'response.input_tokens', input_tokens: expect.any(Number) });
});

test('what fails before its first word is asked elsewhere', async () => {
  const { body, reply } = await post(gateway.url, JSON.stringify({ model: 'healing', input: 'Hello', stream: true }));
  expect(reply.headers.get('x-gatehouse-model')).toBe('sim-2');
  expect(body).toContain('event: response.completed');
});

interface Event {
  readonly type: string;
  readonly sequence_number: number;
}

const eventsOf = (body: string): Event[] =>
  body.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Event] : []));

test.each(['cut-after=5', 'error-after=5', 'malformed-after=5', 'end-after=5', 'no-done'])(
  'a stream with %s ends in an error event with the next number',
  async (fault) => {
    const { body } = await post(
      gateway.url,
      JSON.stringify({ model: `sim-1!${fault},tokens-per-second=200`, input: 'Hello', stream: true }),
    );
    const events = eventsOf(body);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
    expect(events.at(-1)).toMatchObject({
      type: 'error',
      code: 'upstream_stream_interrupted',
      error: { code: 'upstream_stream_interrupted' },
    });
    expect(events.some(({ type }) => type === 'response.completed')).toBe(false);
  },
);
