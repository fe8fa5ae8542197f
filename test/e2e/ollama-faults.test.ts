/*
 * The rows of fault-rows.ts in Ollama's dialect, chat and generate in turn: what an upstream may do, and what the caller then sees, in Ollama's
 * words. Attempts and log lines are the same machinery as fault-table.test.ts holds; here the shapes are.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { FAULT_ROWS, type FaultRow, type View } from './fault-rows.ts';

const KEY = 'sk-faults-00000000000000';
const RUNNING_MAX = 48;
const CUT: View = { kind: 'cut', asked: 1 };

/** Here the last line is finish, usage and terminal in one: a stream that ends without it was cut. */
const ENDLESS: ReadonlySet<string> = new Set(['no-finish', 'no-done', 'no-done,no-usage']);
/** Where OpenAI has a word of its own. */
const CODES: Readonly<Record<string, string>> = { rate_limit_exceeded: 'upstream_rate_limited' };

/** Nothing opens a stream but its first token, so before it not even the head has come. */
const HEADLESS = 'cut-after=0';

interface Trial {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly row: FaultRow;
  readonly streamed: boolean;
  readonly backed: boolean;
  readonly want: View;
}

const TRIALS: readonly Trial[] = FAULT_ROWS.flatMap((row, index) =>
  (['whole', 'streamed'] as const).flatMap((kind) => {
    const cell = row[kind];
    if (cell === undefined) return [];
    const streamed = kind === 'streamed';
    const path = index % 2 === 0 ? '/api/chat' : '/api/generate';
    const cut = streamed && ENDLESS.has(row.fault);
    return (['alone', 'backed'] as const).map((way): Trial => {
      const name = `${row.fault}, ${path}, ${kind}, ${way === 'alone' ? 'alone' : 'with a fallback'}`;
      const want = cut ? CUT : cell[way];
      return {
        name,
        id: `row${index}-${kind}-${way}`,
        path,
        row,
        streamed,
        backed: way === 'backed',
        want: want.kind === 'error' && row.fault === HEADLESS ? { ...want, code: 'upstream_unreachable' } : want,
      };
    });
  }),
);

interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
const seen = new Map<string, PromiseWithResolvers<Seen>>(TRIALS.map(({ id }) => [id, Promise.withResolvers<Seen>()]));

const firstModel = ({ row, id }: Trial) => `sim-1!${row.fault === 'dead' ? '' : row.fault},key=${id}`;
const secondModel = ({ id }: Trial) => `sim-2!tokens=8,key=${id}`;

beforeAll(async () => {
  simulator = await startSimulator(['--records', '10000']);
  const upstream = { type: 'ollama', base_url: simulator.url };
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
      providers: { first: upstream, second: upstream, dead: { ...upstream, base_url: `http://127.0.0.1:${freePort()}` } },
      models: Object.fromEntries(TRIALS.map((trial) => [trial.id, model(trial)])),
    },
  });
  // The long ones first, so that they run beside all others.
  const waiting = [...TRIALS.filter(({ row }) => row.abandoned), ...TRIALS.filter(({ row }) => !row.abandoned)];
  for (const { promise } of seen.values()) promise.catch(() => {});
  const lane = async () => {
    for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
      const place = seen.get(trial.id);
      await ask(trial).then(place?.resolve, place?.reject);
    }
  };
  await Promise.all(Array.from({ length: RUNNING_MAX }, lane));
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const asked = ({ path }: Trial) => (path === '/api/chat' ? { messages: [{ role: 'user', content: 'Hello' }] } : { prompt: 'Hello' });

async function ask(trial: Trial): Promise<Seen> {
  const reply = await gateway.request(trial.path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: trial.id, ...asked(trial), ...(trial.streamed ? {} : { stream: false }) }),
    // More than any deadline that is configured.
    signal: AbortSignal.timeout(8_000),
  });
  return { status: reply.status, headers: reply.headers, body: await reply.text() };
}

interface Line {
  readonly model: string;
  readonly done?: boolean;
  readonly done_reason?: string;
  readonly response?: string;
  readonly message?: { readonly content: string };
}

interface ErrorLine {
  readonly error: unknown;
  readonly code: unknown;
  readonly correlation_id: unknown;
  readonly detail?: { readonly attempts?: readonly { readonly target: string }[] };
}

/** The objects of a stream, or the one of a whole reply; the white space of a ping is part of the line after it. */
const objectsOf = (body: string) => body.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as unknown]));

function checkAnswer({ streamed }: Trial, { by }: View & { kind: 'answer' }, { status, headers, body }: Seen): void {
  expect(status).toBe(200);
  expect(headers.get('x-gatehouse-provider')).toBe(by);
  expect(headers.get('content-type')).toBe(streamed ? 'application/x-ndjson' : 'application/json; charset=utf-8');
  const lines = objectsOf(body) as Line[];
  expect(lines.filter(({ done }) => done === true)).toHaveLength(1);
  expect(lines.at(-1)).toMatchObject({ model: by === 'first' ? 'sim-1' : 'sim-2', done: true, done_reason: 'stop' });
  for (const line of lines) expect(line).not.toHaveProperty('error');
}

function checkError(trial: Trial, want: View & { kind: 'error' }, { status, headers, body }: Seen): void {
  const told = JSON.parse(body) as ErrorLine;
  expect({ status, code: told.code }).toEqual({ status: want.status, code: CODES[want.code] ?? want.code });
  expect(told.error).toBeString();
  expect(told.error).not.toBe('');
  expect(told.correlation_id).toBe(headers.get('x-correlation-id'));
  expect(headers.get('content-type')).toStartWith('application/json');
  const provider = trial.row.fault === 'dead' ? 'dead' : 'first';
  expect(told.detail?.attempts?.map(({ target }) => target.split('/')[0])).toEqual(Array.from({ length: want.asked }, () => provider));
  expect(headers.get('retry-after')).toBe(want.retryAfter ?? null);
}

async function checkRefusal(trial: Trial, want: View & { kind: 'refusal' }, { status, body }: Seen): Promise<void> {
  expect(status).toBe(want.status);
  const sent = JSON.stringify({ model: `sim-1!${trial.row.fault}`, ...asked(trial) });
  const direct = await fetch(simulator.url + trial.path, { method: 'POST', body: sent });
  expect(body).toBe(await direct.text());
}

function checkCut({ row }: Trial, { status, headers, body }: Seen): void {
  expect(status).toBe(200);
  expect(body.endsWith('\n')).toBe(true);
  const objects = objectsOf(body);
  const lines = objects.slice(0, -1) as Line[];
  expect(lines.length).toBeGreaterThanOrEqual(1);
  if (row.fault.includes('-after=3') && !row.fault.includes('cut-after')) expect(lines).toHaveLength(3);
  for (const line of lines) {
    expect(line.done).toBe(false);
    expect(line.message?.content ?? line.response).toBeString();
  }
  const told = objects.at(-1) as ErrorLine;
  expect(told).toMatchObject({ error: expect.any(String), code: 'upstream_stream_interrupted' });
  expect(told).not.toHaveProperty('done');
  expect(told.correlation_id).toBe(headers.get('x-correlation-id'));
}

describe('an upstream fault', () => {
  for (const trial of TRIALS) {
    const { want } = trial;
    test(`${trial.name}: ${want.kind} after ${want.asked}`, async () => {
      const result = await seen.get(trial.id)?.promise;
      if (result === undefined) throw new Error('was not asked');
      if (want.kind === 'answer') checkAnswer(trial, want, result);
      else if (want.kind === 'error') checkError(trial, want, result);
      else if (want.kind === 'refusal') await checkRefusal(trial, want, result);
      else checkCut(trial, result);

      const second = want.kind === 'answer' && want.by === 'second' ? 1 : 0;
      expect(result.headers.get('x-gatehouse-attempts')).toBe(String(want.asked + second));
      const line = await accessLine(gateway, result.headers.get('x-correlation-id') ?? '');
      expect(line).toMatchObject({ status_code: result.status, outcome: want.kind === 'cut' ? 'cut' : 'complete' });
    });
  }
});

test('nothing is open at the end', async () => {
  await eventually(async () => (await simulator.stats()).open === 0, { what: 'the end of all requests at the simulator' });
  expect(await (await gateway.request('/metrics')).text()).toMatch(/^gateway_streams_open 0$/m);
});
