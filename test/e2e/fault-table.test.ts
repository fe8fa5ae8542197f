/*
 * Each failure that the simulator can produce × whole or streamed × with or without a fallback: the caller's view, and the attempts that the
 * upstreams saw. The rows are in fault-rows.ts. Each cell has targets of its own, so no breaker, bench or retry budget carries over, and
 * many run at once.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { RequestRecord } from '../../src/simulate/recorder.ts';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { type Cell, FAULT_ROWS, type FaultRow, type View } from './fault-rows.ts';

const KEY = 'sk-faults-00000000000000';
const RUNNING_MAX = 48;

interface Trial {
  readonly name: string;
  /** Name of the model, and mark of its targets. */
  readonly id: string;
  readonly row: FaultRow;
  readonly streamed: boolean;
  readonly backed: boolean;
  readonly want: View;
}

const TRIALS: readonly Trial[] = FAULT_ROWS.flatMap((row, index) => [
  ...trialsOf({ row, index, streamed: false }, row.whole),
  ...trialsOf({ row, index, streamed: true }, row.streamed),
]);

function trialsOf({ row, index, streamed }: { row: FaultRow; index: number; streamed: boolean }, cell: Cell | undefined): Trial[] {
  if (cell === undefined) return [];
  const kind = streamed ? 'streamed' : 'whole';
  return [
    { name: `${row.fault}, ${kind}, alone`, id: `row${index}-${kind}-alone`, row, streamed, backed: false, want: cell.alone },
    { name: `${row.fault}, ${kind}, with a fallback`, id: `row${index}-${kind}-backed`, row, streamed, backed: true, want: cell.backed },
  ];
}

interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** What was asked of the targets, in order; empty for those that nobody can ask. */
  readonly first: readonly RequestRecord[];
  readonly second: readonly RequestRecord[];
}

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
const seen = new Map<string, Promise<Seen>>();

const firstModel = ({ row, id }: Trial) => `sim-1!${row.fault === 'dead' ? '' : row.fault},key=${id}`;
const secondModel = ({ id }: Trial) => `sim-2!tokens=8,key=${id}`;

beforeAll(async () => {
  simulator = await startSimulator(['--records', '10000']);
  const upstream = { type: 'openai-compatible', base_url: `${simulator.url}/v1` };
  const model = (trial: Trial) => ({
    targets: [
      { provider: trial.row.fault === 'dead' ? 'dead' : 'first', model: firstModel(trial) },
      ...(trial.backed ? [{ provider: 'second', model: secondModel(trial), priority: 1 }] : []),
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
  // The long ones first, so that they run beside all others.
  const waiting = [...TRIALS.filter(({ row }) => row.abandoned), ...TRIALS.filter(({ row }) => !row.abandoned)];
  const resolvers = new Map(waiting.map(({ id }) => [id, Promise.withResolvers<Seen>()]));
  for (const [id, { promise }] of resolvers) {
    promise.catch(() => {});
    seen.set(id, promise);
  }
  const lane = async () => {
    for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
      const { resolve, reject } = resolvers.get(trial.id) ?? Promise.withResolvers<Seen>();
      await ask(trial).then(resolve, reject);
    }
  };
  await Promise.all(Array.from({ length: RUNNING_MAX }, lane));
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

async function ask(trial: Trial): Promise<Seen> {
  const reply = await gateway.request('/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: trial.id, stream: trial.streamed, messages: [{ role: 'user', content: 'Hello' }] }),
    // More than any deadline that is configured.
    signal: AbortSignal.timeout(8_000),
  });
  const body = await reply.text();
  const records = await simulator.requests('/v1/');
  const asked = (name: string) => records.filter((record) => record.body.includes(`"${name}"`));
  return { status: reply.status, headers: reply.headers, body, first: asked(firstModel(trial)), second: asked(secondModel(trial)) };
}

interface ErrorBody {
  readonly message: unknown;
  readonly type: unknown;
  readonly code: unknown;
  readonly metadata: {
    readonly correlation_id: unknown;
    readonly attempts?: readonly { readonly target: string; readonly outcome: string }[];
  };
}

const dataOf = (body: string) => body.split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [event.slice(6)] : []));

function tokensOf(events: readonly string[]): number {
  const chunks = events.map((data) => JSON.parse(data) as { choices: { delta: { content?: string | null } }[] });
  return chunks.filter(({ choices }) => (choices[0]?.delta.content ?? '') !== '').length;
}

function checkAnswer({ streamed, row }: Trial, { by }: View & { kind: 'answer' }, { status, headers, body }: Seen): void {
  expect(status).toBe(200);
  expect(headers.get('x-gatehouse-provider')).toBe(by);
  expect(headers.get('x-gatehouse-model')).toBe(by === 'first' ? 'sim-1' : 'sim-2');
  expect(body).not.toContain('"error"');
  expect(body).toContain(`"model":"${by === 'first' ? 'sim-1' : 'sim-2'}"`);
  if (streamed) expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
  if (streamed && !row.fault.includes('no-finish')) expect(body).toContain('"finish_reason":"stop"');
}

function checkError({ row, backed }: Trial, want: View & { kind: 'error' }, { status, headers, body }: Seen): void {
  const { error } = JSON.parse(body) as { error: ErrorBody };
  expect({ status, code: error.code }).toEqual({ status: want.status, code: want.code });
  expect([typeof error.message, typeof error.type]).toEqual(['string', 'string']);
  expect(error.metadata.correlation_id).toBe(headers.get('x-correlation-id'));
  expect(headers.get('content-type')).toBe('application/json');
  // What was tried is told, of every attempt.
  const provider = row.fault === 'dead' ? 'dead' : 'first';
  expect(error.metadata.attempts?.map(({ target }) => target.split('/')[0])).toEqual(Array.from({ length: want.asked }, () => provider));
  expect(backed).toBe(false);
  expect(headers.get('retry-after')).toBe(want.retryAfter ?? null);
  expect(headers.get('x-should-retry')).toBe(String(want.status === 429 && want.retryAfter !== undefined));
}

async function checkRefusal(trial: Trial, want: View & { kind: 'refusal' }, { status, headers, body }: Seen): Promise<void> {
  expect(status).toBe(want.status);
  expect(headers.get('x-gatehouse-provider')).toBe('first');
  const direct = await fetch(`${simulator.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: `sim-1!${trial.row.fault}`, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  expect(body).toBe(await direct.text());
}

function checkCut({ row }: Trial, { status, headers, body }: Seen): void {
  expect(status).toBe(200);
  expect(headers.get('x-gatehouse-provider')).toBe('first');
  expect(body).not.toContain('[DONE]');
  expect(body).not.toContain('"finish_reason":"stop"');
  const events = dataOf(body);
  // A reset takes with it what has arrived and was not read yet.
  expect(tokensOf(events.slice(0, -1))).toBeWithin(row.fault.includes('cut-after') ? 1 : 3, 4);
  const { error } = JSON.parse(events.at(-1) ?? '') as { error: ErrorBody };
  expect([error.code, error.type]).toEqual(['upstream_stream_interrupted', 'api_error']);
  expect(error.metadata.correlation_id).toBe(headers.get('x-correlation-id'));
}

describe('an upstream fault', () => {
  for (const trial of TRIALS) {
    const { want, row } = trial;
    test(`${trial.name}: ${told(want)}`, async () => {
      const result = await seen.get(trial.id);
      if (result === undefined) throw new Error('was not asked');
      if (want.kind === 'answer') checkAnswer(trial, want, result);
      else if (want.kind === 'error') checkError(trial, want, result);
      else if (want.kind === 'refusal') await checkRefusal(trial, want, result);
      else checkCut(trial, result);

      const second = want.kind === 'answer' && want.by === 'second' ? 1 : 0;
      const firstSeen = row.fault === 'dead' ? 0 : want.asked;
      expect([result.first.length, result.second.length]).toEqual([firstSeen, second]);
      expect(result.headers.get('x-gatehouse-attempts')).toBe(String(want.asked + second));
      if (second === 1) expect(result.headers.get('x-gatehouse-fallbacks')).toBe('1');

      const line = await accessLine(gateway, result.headers.get('x-correlation-id') ?? '');
      expect(line).toMatchObject({
        status_code: result.status,
        outcome: want.kind === 'cut' ? 'cut' : 'complete',
        attempts: want.asked + second,
      });
    });
  }
});

function told(view: View): string {
  if (view.kind === 'answer') return `answered by the ${view.by} after ${view.asked}`;
  if (view.kind === 'cut') return 'an error in band';
  return view.kind === 'error' ? `${view.status} ${view.code} after ${view.asked}` : `the ${view.status} as given`;
}

test('who was too late or silent was left, and nothing is open at the end', async () => {
  await eventually(async () => (await simulator.stats()).open === 0, { what: 'the end of all requests at the simulator' });
  const records = await simulator.requests('/v1/');
  for (const trial of TRIALS) {
    const mine = records.filter((record) => record.body.includes(`"${firstModel(trial)}"`));
    const gone = mine.filter(({ outcome }) => outcome === 'client_gone');
    expect({ trial: trial.name, gone: gone.length }).toEqual({ trial: trial.name, gone: trial.row.abandoned === true ? 1 : 0 });
  }
  expect(await (await gateway.request('/metrics')).text()).toMatch(/^gateway_streams_open 0$/m);
});
