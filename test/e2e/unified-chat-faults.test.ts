/*
 * The fault table (fault-rows.ts) asked through `POST /v1/chat`: the same retries, fallbacks and deadlines as for any chat, told in the shapes of
 * the unified chat. How often each target is asked is the matter of fault-table.test.ts; here it is what the caller sees, and in what form.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { accessLine } from '../harness/access-log.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { FAULT_ROWS, type View } from './fault-rows.ts';

const KEY = 'sk-faults-00000000000000';
const RUNNING_MAX = 48;

interface Trial {
  readonly name: string;
  /** Name of the model. */
  readonly id: string;
  readonly fault: string;
  readonly streamed: boolean;
  readonly backed: boolean;
  readonly want: View;
}

const TRIALS = FAULT_ROWS.flatMap(({ fault, whole, streamed }, index): Trial[] =>
  [
    { cell: whole, kind: 'whole' },
    { cell: streamed, kind: 'streamed' },
  ].flatMap(({ cell, kind }) => {
    if (cell === undefined) return [];
    const shared = { fault, streamed: kind === 'streamed' };
    return [
      { ...shared, name: `${fault}, ${kind}, alone`, id: `row${index}-${kind}-alone`, backed: false, want: cell.alone },
      { ...shared, name: `${fault}, ${kind}, with a fallback`, id: `row${index}-${kind}-backed`, backed: true, want: cell.backed },
    ];
  }),
);

interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
const seen = new Map<string, Seen>();

beforeAll(async () => {
  simulator = await startSimulator(['--records', '10000']);
  const upstream = { type: 'openai-compatible', base_url: `${simulator.url}/v1` };
  const model = ({ fault, id, backed }: Trial) => ({
    targets: [
      { provider: fault === 'dead' ? 'dead' : 'first', model: `sim-1!${fault === 'dead' ? '' : fault},key=${id}` },
      ...(backed ? [{ provider: 'second', model: `sim-2!tokens=8,key=${id}`, priority: 1 }] : []),
    ],
  });
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'faults', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { first_token_timeout: '1s', idle_timeout: '1s', total_timeout: '4s', retries: { base_delay: '20ms', delay_max: '1s' } },
      providers: { first: upstream, second: upstream, dead: { ...upstream, base_url: `http://127.0.0.1:${freePort()}/v1` } },
      models: Object.fromEntries(TRIALS.map((trial) => [trial.id, model(trial)])),
    },
  });
  const waiting = [...TRIALS];
  const lane = async () => {
    for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) seen.set(trial.id, await ask(trial));
  };
  await Promise.all(Array.from({ length: RUNNING_MAX }, lane));
}, 60_000);
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

async function ask({ id, streamed }: Trial): Promise<Seen> {
  const reply = await gateway.request('/v1/chat', {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: id, stream: streamed, messages: [{ role: 'user', content: 'Hello' }] }),
    // More than any deadline that is configured.
    signal: AbortSignal.timeout(8_000),
  });
  return { status: reply.status, headers: reply.headers, body: await reply.text() };
}

interface Told {
  readonly object?: string;
  readonly model?: string;
  readonly metadata?: object;
  readonly error?: { readonly type: string; readonly code: string; readonly message: string; readonly correlation_id?: string };
  readonly detail?: { readonly attempts?: readonly unknown[]; readonly upstream?: { readonly status: number } };
}

const eventsOf = (body: string) =>
  body.split('\n\n').flatMap((event) => (event.startsWith('data: {') ? [JSON.parse(event.slice(6)) as Told] : []));

function checkAnswer({ streamed }: Trial, by: string, { status, headers, body }: Seen): void {
  expect(status).toBe(200);
  expect(headers.get('x-gatehouse-provider')).toBe(by);
  const events = streamed ? eventsOf(body) : [JSON.parse(body) as Told];
  const object = streamed ? 'unified.chat.completion.chunk' : 'unified.chat.completion';
  expect(events.every((event) => event.object === object && event.model === (by === 'first' ? 'sim-1' : 'sim-2'))).toBe(true);
  expect(events.at(-1)?.metadata).toBeDefined();
  if (streamed) expect(body).toEndWith('data: [DONE]\n\n');
}

function checkRefused({ want }: Trial, { status, headers, body }: Seen): void {
  if (want.kind !== 'error' && want.kind !== 'refusal') return;
  const { error, detail } = JSON.parse(body) as Told;
  expect(status).toBe(want.status);
  expect(headers.get('content-type')).toBe('application/json');
  expect(error?.correlation_id).toBe(headers.get('x-correlation-id') ?? '');
  expect([typeof error?.message, typeof error?.type, typeof error?.code]).toEqual(['string', 'string', 'string']);
  if (want.kind === 'refusal') {
    // In the upstream's words, with its status.
    expect(detail?.upstream?.status).toBe(want.status);
    return;
  }
  expect(detail?.attempts).toHaveLength(want.asked);
  expect(headers.get('retry-after')).toBe(want.retryAfter ?? null);
}

function checkCut({ status, body }: Seen): void {
  expect(status).toBe(200);
  expect(body).not.toContain('[DONE]');
  expect(body).not.toContain('"metadata":{"memory');
  const events = eventsOf(body);
  expect(events.at(-1)?.error).toMatchObject({ code: 'upstream_stream_interrupted', type: 'api_error' });
  expect(events.slice(0, -1).every(({ object }) => object === 'unified.chat.completion.chunk')).toBe(true);
}

describe('an upstream fault, through the unified chat', () => {
  for (const trial of TRIALS) {
    const { want } = trial;
    test(`${trial.name}: ${want.kind}`, async () => {
      const result = seen.get(trial.id);
      if (result === undefined) throw new Error('was not asked');
      if (want.kind === 'answer') checkAnswer(trial, want.by, result);
      else if (want.kind === 'cut') checkCut(result);
      else checkRefused(trial, result);
      const line = await accessLine(gateway, result.headers.get('x-correlation-id') ?? '');
      expect(line).toMatchObject({ status_code: result.status, outcome: want.kind === 'cut' ? 'cut' : 'complete', route: '/v1/chat' });
    });
  }
});

test('nothing is open at the end', async () => {
  expect(await (await gateway.request('/metrics')).text()).toMatch(/^gateway_streams_open 0$/m);
});
